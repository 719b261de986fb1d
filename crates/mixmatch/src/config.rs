//! What a run is made of.

mod data;
mod model;
mod presets;

use std::collections::BTreeMap;

use papers_core::base::config::{ConfigError, RunConfig, Schedule};
use serde::{Deserialize, Serialize};

pub use self::{
    data::{DataConfig, FolderConfig},
    model::{ModelConfig, ModelKind},
    presets::PRESETS,
};
use crate::{
    learner::LearnerConfig,
    method::{Ict, MeanTeacher, Method, MixMatch, MixUp, PiModel, PseudoLabel, Supervised, Vat},
};

/// Full description of a run.
///
/// Every method has its own table, so that `--set method='vat'` runs another one with the data set's settings for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixMatchConfig {
    /// Which method learns.
    #[serde(default)]
    pub method: MethodKind,
    /// Labeled and unlabeled pictures of one update, each.
    pub batch: usize,
    /// The pictures.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// The rule of learning, the same for all methods.
    #[serde(default)]
    pub learner: LearnerConfig,
    /// Weight decay of the methods that have another than `learner.weight_decay`.
    #[serde(default)]
    pub weight_decay_of: BTreeMap<MethodKind, f64>,
    /// Settings of `mix-match`.
    #[serde(default)]
    pub mix_match: MixMatch,
    /// Settings of `supervised`.
    #[serde(default)]
    pub supervised: Supervised,
    /// Settings of `pi-model`.
    #[serde(default)]
    pub pi_model: PiModel,
    /// Settings of `pseudo-label`.
    #[serde(default)]
    pub pseudo_label: PseudoLabel,
    /// Settings of `mix-up`.
    #[serde(default)]
    pub mix_up: MixUp,
    /// Settings of `vat`.
    #[serde(default)]
    pub vat: Vat,
    /// Settings of `mean-teacher`.
    #[serde(default)]
    pub mean_teacher: MeanTeacher,
    /// Settings of `ict`.
    #[serde(default)]
    pub ict: Ict,
    /// The loop.
    pub schedule: Schedule,
}

/// Names of the methods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MethodKind {
    /// The paper's method (algorithm 1).
    #[default]
    MixMatch,
    /// Labeled pictures only.
    Supervised,
    /// Two augmentations shall be classified alike.
    PiModel,
    /// Own confident predictions are labels.
    PseudoLabel,
    /// Mixed pictures shall be classified as mixtures.
    MixUp,
    /// Predictions shall not change in the direction in which they change most.
    Vat,
    /// Predictions shall be those of averaged weights.
    MeanTeacher,
    /// Mixed pictures shall be classified as mixtures of what averaged weights say.
    Ict,
}

impl MethodKind {
    /// All methods, baselines first, in the order of the paper's tables.
    pub const ALL: [Self; 8] = [
        Self::Supervised,
        Self::PiModel,
        Self::PseudoLabel,
        Self::MixUp,
        Self::Vat,
        Self::MeanTeacher,
        Self::Ict,
        Self::MixMatch,
    ];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::MixMatch => "mix-match",
            Self::Supervised => "supervised",
            Self::PiModel => "pi-model",
            Self::PseudoLabel => "pseudo-label",
            Self::MixUp => "mix-up",
            Self::Vat => "vat",
            Self::MeanTeacher => "mean-teacher",
            Self::Ict => "ict",
        }
    }
}

impl MixMatchConfig {
    /// The method of the run with its settings.
    pub fn method(&self) -> Method {
        match self.method {
            MethodKind::MixMatch => Method::MixMatch(self.mix_match.clone()),
            MethodKind::Supervised => Method::Supervised(self.supervised.clone()),
            MethodKind::PiModel => Method::PiModel(self.pi_model.clone()),
            MethodKind::PseudoLabel => Method::PseudoLabel(self.pseudo_label.clone()),
            MethodKind::MixUp => Method::MixUp(self.mix_up.clone()),
            MethodKind::Vat => Method::Vat(self.vat.clone()),
            MethodKind::MeanTeacher => Method::MeanTeacher(self.mean_teacher.clone()),
            MethodKind::Ict => Method::Ict(self.ict.clone()),
        }
    }

    /// The rule of learning of the run's method.
    pub fn learner(&self) -> LearnerConfig {
        let mut learner = self.learner.clone();
        if let Some(&weight_decay) = self.weight_decay_of.get(&self.method) {
            learner.weight_decay = weight_decay;
        }
        learner
    }
}

impl RunConfig for MixMatchConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        if self.batch < 2 {
            let problem = format!(
                "must be at least 2, not {}: a single picture has no batch statistics",
                self.batch
            );
            return Err(ConfigError::invalid("batch", problem));
        }
        self.data.validate()?;
        self.model.validate()?;
        self.method().validate()?;
        for (method, weight_decay) in &self.weight_decay_of {
            if !(*weight_decay >= 0.0 && weight_decay.is_finite()) {
                let problem = format!("must be 0 or positive, not {weight_decay}");
                return Err(ConfigError::invalid(
                    format!("weight_decay_of.{}", method.name()),
                    problem,
                ));
            }
        }
        self.learner().validate()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
