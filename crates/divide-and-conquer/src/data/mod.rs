//! The pictures that a network learns from and is measured by: class by class, never the same classes in both.

mod archive;
mod classes;
mod examples;
mod pairs;
mod published;
mod view;

pub use examples::{Cause, Examples};
pub(crate) use view::thumbnails;
pub use view::{HostBatch, View};

use std::collections::BTreeSet;

use papers_core::{Context, Error, Result, random::Streams};

use crate::config::{DataConfig, SetKind};

/// Pictures to measure by.
#[derive(Debug, Clone)]
pub struct Benchmark {
    /// In front of the names of its numbers, where a set has several; empty otherwise.
    pub name: String,
    /// Pictures whose class is looked for.
    pub queries: Examples,
    /// Where it is looked for; among the other queries if there is no gallery.
    pub gallery: Option<Examples>,
}

/// Everything that a run is given.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// What is learned from.
    pub train: Examples,
    /// Training classes that are kept out of training, to select on.
    pub validation: Option<Benchmark>,
    /// What the reported numbers are computed from. One at least.
    pub tests: Vec<Benchmark>,
    /// How the network sees them.
    pub view: View,
}

/// What a source gives.
struct Split {
    train: Examples,
    tests: Vec<Benchmark>,
}

impl Pictures {
    /// Reads a data set, or finds the pictures of a folder.
    ///
    /// # Errors
    ///
    /// A set that is not on this machine or has other counts than it should, pictures that cannot be read, classes that
    /// are in both training and test.
    pub fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        let streams = Streams::new(config.seed.unwrap_or(context.seed));
        let split = match config.kind {
            SetKind::DigitPairs => pairs::digits(config, context, &streams)?,
            SetKind::Dg100 => pairs::digits_and_garments(config, context, &streams)?,
            SetKind::Classes => classes::halves(config, context, &streams)?,
            SetKind::Archive => archive::load(config, context)?,
            _ => published::load(config, &streams)?,
        };
        if !config.allow_overlap {
            check_disjoint(&split)?;
        }
        let (train, validation) = match config.validation_classes {
            0 => (split.train, None),
            count => {
                let (train, held_out) = split.train.without_classes(count, &streams)?;
                (train, Some(Benchmark::of(held_out)))
            }
        };
        Ok(Self {
            view: View::new(config, &train)?,
            train,
            validation,
            tests: split.tests,
        })
    }

    /// Colors, height and width of what the network sees.
    pub fn shape(&self) -> [usize; 3] {
        self.view.shape(&self.train)
    }
}

impl Benchmark {
    /// Queries and the gallery that they are looked for in. The same class has the same number in both.
    ///
    /// Pictures that could not be read may have been the only ones of their class on one side: the class is left out of the
    /// other then, with a warning.
    pub(super) fn new(name: String, queries: Examples, gallery: Option<Examples>) -> Result<Self> {
        let Some(gallery) = gallery else {
            return Ok(Self {
                name,
                queries,
                gallery: None,
            });
        };
        let common: BTreeSet<String> = {
            let of = |examples: &Examples| examples.used_class_names().map(str::to_owned).collect::<BTreeSet<_>>();
            of(&queries).intersection(&of(&gallery)).cloned().collect()
        };
        if common.is_empty() {
            return Err(Error::Usage("queries and gallery have no class in common".to_owned()));
        }
        let kept = |examples: Examples| -> Examples {
            let all = examples.len();
            let kept = examples.of_classes(&common);
            if kept.len() < all {
                let count = all - kept.len();
                log::warn!("left out: {count} test pictures of classes that queries or gallery lack");
            }
            kept
        };
        Ok(Self {
            name,
            queries: kept(queries),
            gallery: Some(kept(gallery)),
        })
    }

    /// Queries that are each other's gallery.
    fn of(queries: Examples) -> Self {
        Self {
            name: String::new(),
            queries,
            gallery: None,
        }
    }
}

/// Refuses tests of classes that are learned: their numbers would say nothing about new ones.
fn check_disjoint(split: &Split) -> Result<()> {
    let learned: BTreeSet<&str> = split.train.used_class_names().collect();
    for test in &split.tests {
        let examples = [Some(&test.queries), test.gallery.as_ref()];
        let mut names = examples.into_iter().flatten().flat_map(Examples::used_class_names);
        if let Some(class) = names.find(|name| learned.contains(name)) {
            return Err(Error::Usage(format!(
                "class `{class}` is in training and in test; numbers of classes that were learned say nothing about new \
                 ones. If that is what you want, `--set data.allow_overlap=true`"
            )));
        }
    }
    Ok(())
}
