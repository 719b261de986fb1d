//! What a run is made of.

mod data;
mod model;
mod presets;

use std::collections::BTreeMap;

use papers_core::base::config::{Checks, ConfigError, RunConfig, Schedule};
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
        Checks::top().require(
            self.batch >= 2,
            "batch",
            format_args!(
                "must be at least 2, not {}: a single picture has no batch statistics",
                self.batch
            ),
        )?;
        self.data.validate()?;
        self.model.validate()?;
        self.method().validate()?;
        for (method, &weight_decay) in &self.weight_decay_of {
            Checks::of("weight_decay_of").not_negative(method.name(), weight_decay)?;
        }
        self.learner().validate()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

#[cfg(test)]
mod tests {
    use papers_core::base::config;

    use super::*;

    fn preset(name: &str, sets: &[&str]) -> MixMatchConfig {
        config::experiment(PRESETS, name, sets).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[test]
    fn every_preset_can_be_run_with_every_method() {
        for named in PRESETS {
            for method in MethodKind::ALL {
                preset(named.name, &[&format!("method='{}'", method.name())]);
            }
        }
    }

    /// Settings of sections 4.2.1 to 4.2.4 and of the release, by experiment: unlabeled weight, alpha, weight decay,
    /// filters, groups, padding, flips.
    #[test]
    fn the_papers_experiments_have_the_papers_settings() {
        for (name, expected) in [
            ("cifar10-250", (75.0, 0.75, 0.02, 32, 3, 4, true)),
            ("cifar10-4000-large", (75.0, 0.75, 0.04, 135, 3, 4, true)),
            ("cifar100-10000-large", (150.0, 0.75, 0.04, 135, 3, 4, true)),
            ("svhn-1000", (250.0, 0.75, 0.02, 32, 3, 4, false)),
            ("svhn-extra-1000", (250.0, 0.25, 0.02, 32, 3, 4, false)),
            ("stl10-1000", (50.0, 0.75, 0.02, 32, 4, 12, true)),
        ] {
            let config = preset(name, &[]);
            let Method::MixMatch(settings) = config.method() else {
                panic!("{name}: another method");
            };
            let found = (
                settings.weight,
                settings.alpha,
                config.learner().weight_decay,
                config.model.filters,
                config.model.scales,
                config.data.augmentation.pad,
                config.data.augmentation.flip,
            );
            assert_eq!(found, expected, "{name}");
            assert_eq!((settings.temperature, settings.augmentations), (0.5, 2), "{name}");
            assert_eq!(
                (settings.ramp_images, config.schedule.steps),
                (1 << 20, 1 << 20),
                "{name}"
            );
            assert_eq!((config.model.keep, config.learner().ema), (0.999, 0.999), "{name}");
        }
    }

    #[test]
    fn the_papers_baselines_have_the_released_settings() {
        for (name, pi, teacher, decays) in [
            ("cifar10-4000", 20.0, 50.0, [("mean-teacher", 0.2), ("pi-model", 0.02)]),
            ("svhn-250", 5.0, 150.0, [("mean-teacher", 0.02), ("pi-model", 0.2)]),
            (
                "svhn-extra-250",
                5.0,
                180.0,
                [("mean-teacher", 0.02), ("pi-model", 0.2)],
            ),
        ] {
            let config = preset(name, &[]);
            assert_eq!(
                (config.pi_model.weight, config.mean_teacher.weight),
                (pi, teacher),
                "{name}"
            );
            for (method, decay) in decays {
                let config = preset(name, &[&format!("method='{method}'")]);
                assert_eq!(config.learner().weight_decay, decay, "{name} {method}");
            }
        }
    }

    #[test]
    fn names_are_those_of_the_configuration() {
        for method in MethodKind::ALL {
            assert_eq!(serde_json::to_value(method).expect("a name"), method.name());
            let config = preset("digits-20", &[&format!("method='{}'", method.name())]);
            assert_eq!(config.method().name(), method.name());
        }
    }
}
