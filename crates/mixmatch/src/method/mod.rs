//! MixMatch and the methods that its paper compares it with: from a batch to a loss. Network, data and the rule of
//! learning are the same for all.

mod ict;
mod mean_teacher;
mod mix_match;
mod mix_up;
mod pi_model;
mod pseudo_label;
mod step;
mod supervised;
pub mod vat;

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use crate::{Classifier, StepError};

pub use ict::Ict;
pub use mean_teacher::MeanTeacher;
pub use mix_match::{Guesser, Mix, MixMatch, Pool};
pub use mix_up::MixUp;
pub use pi_model::PiModel;
pub use pseudo_label::PseudoLabel;
pub use step::{Losses, Progress, Step};
pub use supervised::Supervised;
pub use vat::Vat;

/// A way to learn from labeled and unlabeled examples. Defaults are the paper's for CIFAR-10.
///
/// Saved by itself it is a table with its name under `kind`, as in `{ kind = "mix-match", temperature = 1.0 }`; settings
/// that are left out have their defaults. A run's configuration has a table for each method instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Method {
    /// The paper's method.
    MixMatch(MixMatch),
    /// Labeled examples alone, with MixUp or without.
    Supervised(Supervised),
    /// Two predictions for one example should be equal.
    PiModel(PiModel),
    /// Confident predictions are labels.
    PseudoLabel(PseudoLabel),
    /// MixUp of labeled examples, and of unlabeled ones with predicted labels.
    MixUp(MixUp),
    /// The worst small change of an example should not change its prediction.
    Vat(Vat),
    /// Predictions should be those of the averaged weights.
    MeanTeacher(MeanTeacher),
    /// The prediction for a blend should be the blend of predictions.
    Ict(Ict),
}

impl Method {
    /// Every method with the paper's settings for CIFAR-10, in the order of its tables.
    pub fn all() -> [Self; 8] {
        [
            Self::Supervised(Supervised::default()),
            Self::PiModel(PiModel::default()),
            Self::PseudoLabel(PseudoLabel::default()),
            Self::MixUp(MixUp::default()),
            Self::Vat(Vat::default()),
            Self::MeanTeacher(MeanTeacher::default()),
            Self::Ict(Ict::default()),
            Self::MixMatch(MixMatch::default()),
        ]
    }

    /// Its name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MixMatch(_) => "mix-match",
            Self::Supervised(_) => "supervised",
            Self::PiModel(_) => "pi-model",
            Self::PseudoLabel(_) => "pseudo-label",
            Self::MixUp(_) => "mix-up",
            Self::Vat(_) => "vat",
            Self::MeanTeacher(_) => "mean-teacher",
            Self::Ict(_) => "ict",
        }
    }

    /// Its name in a table.
    pub fn title(&self) -> &'static str {
        match self {
            Self::MixMatch(_) => "MixMatch",
            Self::Supervised(settings) if settings.alpha.is_some() => "Supervised with MixUp",
            Self::Supervised(_) => "Supervised",
            Self::PiModel(_) => "Π-Model",
            Self::PseudoLabel(_) => "Pseudo-Label",
            Self::MixUp(_) => "MixUp",
            Self::Vat(_) => "VAT",
            Self::MeanTeacher(_) => "Mean Teacher",
            Self::Ict(_) => "ICT",
        }
    }

    /// Independent augmentations of each unlabeled example that an update needs.
    pub fn augmentations(&self) -> usize {
        match self {
            Self::MixMatch(settings) => settings.augmentations,
            Self::Supervised(_) => 0,
            Self::PiModel(_) | Self::MeanTeacher(_) => 2,
            Self::PseudoLabel(_) | Self::MixUp(_) | Self::Vat(_) | Self::Ict(_) => 1,
        }
    }

    /// Whether it learns from unlabeled examples.
    pub fn needs_unlabeled(&self) -> bool {
        self.augmentations() > 0
    }

    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the key below the method's table, as in `mix_match.temperature`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let table = self.name().replace('-', "_");
        let checks = Checks::of(&table);
        match self {
            Self::MixMatch(settings) => settings.validate(checks),
            Self::Supervised(settings) => settings.validate(checks),
            Self::PiModel(settings) => settings.validate(checks),
            Self::PseudoLabel(settings) => settings.validate(checks),
            Self::MixUp(settings) => settings.validate(checks),
            Self::Vat(settings) => settings.validate(checks),
            Self::MeanTeacher(settings) => settings.validate(checks),
            Self::Ict(settings) => settings.validate(checks),
        }
    }

    /// The terms of the loss of one update. The labeled pass, and no other, updates running statistics (of MixMatch, the
    /// first pass over its mixed pool).
    ///
    /// # Errors
    ///
    /// A batch that does not fit the method, or settings that [`validate`](Self::validate) refuses.
    pub fn losses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Result<Losses, StepError> {
        step.batch.check(self.augmentations(), step.model.smallest_batch())?;
        match self {
            Self::MixMatch(settings) => settings.losses(step),
            Self::Supervised(settings) => settings.losses(step),
            Self::PiModel(settings) => Ok(settings.losses(step)),
            Self::PseudoLabel(settings) => Ok(settings.losses(step)),
            Self::MixUp(settings) => settings.losses(step),
            Self::Vat(settings) => Ok(settings.losses(step)),
            Self::MeanTeacher(settings) => Ok(settings.losses(step)),
            Self::Ict(settings) => settings.losses(step),
        }
    }
}
