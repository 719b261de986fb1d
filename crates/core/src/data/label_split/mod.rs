mod choice;
mod file;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use self::choice::{by_class, choose};
use crate::random::Streams;

/// Which examples of a training set keep their labels, and what the others are for. All numbers are indices of the set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSplit {
    /// Examples with labels, in the order in which they were chosen.
    pub labeled: Vec<usize>,
    /// Examples whose labels are not looked at.
    pub unlabeled: Vec<usize>,
    /// Examples that are not trained on.
    pub validation: Vec<usize>,
    /// What the split was drawn with.
    pub seed: u64,
}

/// What a split should hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSplitConfig {
    /// Examples that keep their labels.
    pub labels: usize,
    /// Examples without labels that are set aside.
    #[serde(default)]
    pub validation: usize,
    /// Whether examples with labels are among those without as well.
    #[serde(default)]
    pub include_labeled: bool,
    /// Whether a class without any label is an error.
    #[serde(default)]
    pub strict: bool,
}

/// Why a set cannot be split as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelSplitError {
    /// No labels are asked for.
    #[error("a split needs at least one label")]
    NoLabels,
    /// More labels are asked for than there are.
    #[error("{labels} labels are more than there are examples to take them from ({examples})")]
    TooManyLabels {
        /// What was asked for.
        labels: usize,
        /// Examples whose class is known.
        examples: usize,
    },
    /// A class of the set has no example.
    #[error("class {class} has no example")]
    EmptyClass {
        /// The class.
        class: usize,
    },
    /// An example is of no class.
    #[error("example {index} has the class {class}, and there are only {classes}")]
    NoSuchClass {
        /// The example.
        index: usize,
        /// What it is said to be.
        class: u8,
        /// Number of classes.
        classes: usize,
    },
    /// An example cannot be given a label.
    #[error("example {index} is named twice, is of no known class, or is not among the {examples} of the set")]
    NoSuchExample {
        /// The example.
        index: usize,
        /// Examples of the set.
        examples: usize,
    },
    /// Some classes would have no label, and that is not allowed.
    #[error("{}; ask for more, or allow it with `strict = false`", without_label(*labels, classes))]
    ClassesWithoutLabel {
        /// What was asked for.
        labels: usize,
        /// The classes.
        classes: Vec<usize>,
    },
}

/// The class of an example whose class is not known: it is never given a label.
pub const UNKNOWN: u8 = u8::MAX;

impl LabelSplit {
    /// Chooses examples by the classes in `truth`, as evenly as their frequencies allow, and returns the split with
    /// warnings about it.
    ///
    /// Each class is shuffled; then, label by label, the class that is furthest behind its share gives its next
    /// example: the one with the largest `count / largest count - labels / most labels`, the first of equals. So balanced
    /// sets are split evenly, others by their frequencies, and with the same seed fewer labels are the first of more.
    ///
    /// # Errors
    ///
    /// [`LabelSplitError`]: too many labels or none, a class without an example, a class that there is not; with
    /// `strict`, a class without a label.
    pub fn draw(
        truth: &[u8],
        classes: usize,
        config: &LabelSplitConfig,
        seed: u64,
    ) -> Result<(Self, Vec<String>), LabelSplitError> {
        let mut members = by_class(truth, classes)?;
        let examples = members.iter().map(Vec::len).sum();
        if config.labels == 0 {
            return Err(LabelSplitError::NoLabels);
        }
        if config.labels > examples {
            let labels = config.labels;
            return Err(LabelSplitError::TooManyLabels { labels, examples });
        }
        if let Some(class) = members.iter().position(Vec::is_empty) {
            return Err(LabelSplitError::EmptyClass { class });
        }
        let streams = Streams::new(seed);
        for (class, members) in members.iter_mut().enumerate() {
            members.shuffle(&mut streams.at("split/labeled", class as u64, 0));
        }
        let labeled = choose(&members, config.labels);
        let mut warnings = Vec::new();
        warnings.extend(uneven(&labels_per_class(&labeled, truth, classes), config)?);
        let (split, warning) = Self::around(labeled, truth, config, seed)?;
        warnings.extend(warning);
        Ok((split, warnings))
    }

    /// The split in which the examples of `labeled` have labels, as where a data set names them; the configuration says
    /// what becomes of the others. Returns warnings, too.
    ///
    /// # Errors
    ///
    /// [`LabelSplitError::NoLabels`] and [`LabelSplitError::NoSuchExample`].
    pub fn predefined(
        labeled: Vec<usize>,
        truth: &[u8],
        config: &LabelSplitConfig,
        seed: u64,
    ) -> Result<(Self, Vec<String>), LabelSplitError> {
        if labeled.is_empty() {
            return Err(LabelSplitError::NoLabels);
        }
        let (split, warning) = Self::around(labeled, truth, config, seed)?;
        Ok((split, Vec::from_iter(warning)))
    }

    /// Number of labels of each class.
    ///
    /// # Panics
    ///
    /// If the set of `truth` is not the one that was split.
    pub fn labels_per_class(&self, truth: &[u8], classes: usize) -> Vec<usize> {
        labels_per_class(&self.labeled, truth, classes)
    }

    /// Deals out what has no label, in a random order that does not depend on the labels.
    fn around(
        labeled: Vec<usize>,
        truth: &[u8],
        config: &LabelSplitConfig,
        seed: u64,
    ) -> Result<(Self, Option<String>), LabelSplitError> {
        let examples = truth.len();
        let mut is_labeled = vec![false; examples];
        for &index in &labeled {
            match is_labeled.get_mut(index) {
                Some(mark) if !*mark && truth[index] != UNKNOWN => *mark = true,
                _ => return Err(LabelSplitError::NoSuchExample { index, examples }),
            }
        }
        let mut unlabeled = Streams::new(seed).permutation("split/unlabeled", 0, examples);
        let mut validation = Vec::new();
        unlabeled.retain(|&index| {
            // Without its class an example is of no use for validation.
            let is_set_aside = validation.len() < config.validation && !is_labeled[index] && truth[index] != UNKNOWN;
            if is_set_aside {
                validation.push(index);
            }
            !is_set_aside && (config.include_labeled || !is_labeled[index])
        });
        let warning = (validation.len() < config.validation).then(|| {
            let (left, asked) = (validation.len(), config.validation);
            format!("only {left} examples are left for validation, {asked} were asked for")
        });
        let split = Self {
            labeled,
            unlabeled,
            validation,
            seed,
        };
        Ok((split, warning))
    }
}

fn labels_per_class(labeled: &[usize], truth: &[u8], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for &index in labeled {
        counts[usize::from(truth[index])] += 1;
    }
    counts
}

/// The warning about labels that cannot be dealt out evenly.
fn uneven(counts: &[usize], config: &LabelSplitConfig) -> Result<Option<String>, LabelSplitError> {
    let labels = config.labels;
    let classes: Vec<usize> = (0..counts.len()).filter(|&class| counts[class] == 0).collect();
    if classes.is_empty() {
        let is_even = labels.is_multiple_of(counts.len());
        return Ok((!is_even).then(|| {
            let classes = counts.len();
            format!("{labels} labels cannot be dealt out evenly to {classes} classes; they have {counts:?}")
        }));
    }
    match config.strict {
        true => Err(LabelSplitError::ClassesWithoutLabel { labels, classes }),
        false => Ok(Some(without_label(labels, &classes))),
    }
}

fn without_label(labels: usize, classes: &[usize]) -> String {
    let names: Vec<String> = classes.iter().map(usize::to_string).collect();
    let (plural, verb) = if labels == 1 { ("", "leaves") } else { ("s", "leave") };
    format!(
        "{labels} label{plural} {verb} classes without one: {}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests;
