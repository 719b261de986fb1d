//! What a run is made of.

mod data;

use papers_core::base::{
    config::{Checks, ConfigError, Preset, RunConfig, Schedule},
    presets,
};
use serde::{Deserialize, Serialize};

pub use data::{CbclConfig, CelebaConfig, DataConfig, DrawnConfig, FairfaceConfig};

use crate::{learner::LearnerConfig, model::NetworkConfig, objective::ObjectiveConfig, resampling::Resampling};

/// The experiments.
pub const PRESETS: &[Preset] = presets![
    "drawn-faces",
    "drawn-balanced",
    "drawn-hats",
    "drawn-sunglasses",
    "drawn-faces-32",
    "drawn-faces-64",
    "fairface",
    "fairface-balanced",
    "cbcl",
    "celeba-lab",
    "celeba-paper"
];

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbVaeConfig {
    /// Rows of an update: one half of them faces, rounded up, the other half not.
    pub batch: usize,
    /// The pictures.
    pub data: DataConfig,
    /// Sizes of the networks.
    pub network: NetworkConfig,
    /// What is minimized.
    #[serde(default)]
    pub objective: ObjectiveConfig,
    /// The rule of learning.
    #[serde(default)]
    pub learner: LearnerConfig,
    /// How often faces are drawn.
    pub resampling: ResamplingConfig,
    /// How the detector is measured.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// How often faces are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResamplingConfig {
    /// The strategy with its settings.
    pub strategy: Resampling,
    /// Bins of a histogram.
    #[serde(default = "bins")]
    pub bins: usize,
    /// Whether collapsed latent dimensions are left out. Left out: as the strategy prefers.
    #[serde(default)]
    pub active_dimensions_only: Option<bool>,
    /// Epochs with uniform draws, until the encoder means something.
    #[serde(default = "warmup")]
    pub warmup_epochs: u64,
}

fn bins() -> usize {
    10
}

fn warmup() -> u64 {
    1
}

/// How the detector is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Probability from which on a picture counts as a face.
    pub threshold: f64,
    /// The other threshold is set so that this share of the test pictures without a face counts as faces.
    pub false_positive_rate: f64,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            false_positive_rate: 0.05,
        }
    }
}

impl RunConfig for DbVaeConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        Checks::top().at_least(2, "batch", self.batch)?;
        self.data.validate()?;
        let [height, width, _] = self.data.shape();
        self.network.validate(height, width)?;
        let objective = Checks::of("objective");
        for (name, value) in [
            ("classification", self.objective.classification),
            ("reconstruction", self.objective.reconstruction),
            ("divergence", self.objective.divergence),
        ] {
            objective.not_negative(name, value)?;
        }
        Checks::of("learner").positive("rate", self.learner.rate)?;
        let resampling = Checks::of("resampling");
        resampling.at_least(1, "bins", self.resampling.bins)?;
        self.resampling
            .strategy
            .validate()
            .map_err(|error| ConfigError::invalid("resampling.strategy".to_owned(), error.to_string()))?;
        resampling.require(
            !self.resampling.strategy.needs_latents() || !self.objective.is_classifier_only(),
            "strategy",
            "needs latents that mean something: `objective.reconstruction` and `objective.divergence` must not both be 0",
        )?;
        let evaluation = Checks::of("evaluation");
        for (name, value) in [
            ("threshold", self.evaluation.threshold),
            ("false_positive_rate", self.evaluation.false_positive_rate),
        ] {
            let holds = value > 0.0 && value < 1.0;
            evaluation.require(holds, name, format_args!("must be between 0 and 1, not {value}"))?;
        }
        Ok(())
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
