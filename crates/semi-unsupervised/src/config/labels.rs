use serde::{Deserialize, Serialize};

/// Which classes have labels (section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// All; examples without a label are not used.
    Supervised,
    /// All, of few examples each.
    SemiSupervised,
    /// Some, of few examples each; others have none and are only among the examples without labels.
    SemiUnsupervised,
    /// None; `data.hidden`, `data.fraction` and `data.keep_labeled` are not looked at.
    Unsupervised,
}

impl Regime {
    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Supervised => "supervised",
            Self::SemiSupervised => "semi-supervised",
            Self::SemiUnsupervised => "semi-unsupervised",
            Self::Unsupervised => "unsupervised",
        }
    }

    /// Whether some examples have labels.
    pub fn has_labeled(self) -> bool {
        self != Self::Unsupervised
    }

    /// Whether examples without labels are learned from.
    pub fn has_unlabeled(self) -> bool {
        self != Self::Supervised
    }
}

/// How many labels a known class gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelRule {
    /// The fraction of its own examples, rounded down.
    #[default]
    PerClassFraction,
    /// As many as any other: the fraction of all examples, of hidden classes too, dealt out to all classes, rounded down
    /// both times. So the authors' code does.
    EqualCount,
}

/// What the prior of classes `p(y)` is made of. Without any labels it is uniform.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriorRule {
    /// The same for all classes; hidden ones share theirs with the extra clusters.
    #[default]
    Uniform,
    /// The frequencies of the training examples; hidden classes share theirs with the extra clusters.
    Empirical,
    /// As the authors' code does: hidden classes and extra clusters share the number of hidden classes over that of all,
    /// whatever their frequencies, and the whole is brought to 1.
    EmpiricalAuthors,
}
