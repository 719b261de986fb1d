//! What a run is made of.

mod data;
mod model;
mod presets;

use papers_core::base::config::{Checks, ConfigError, RunConfig, Schedule};
use serde::{Deserialize, Serialize};

pub use self::{
    data::{Crop, DataConfig, FilesConfig, SetKind},
    model::{ConvNetConfig, ModelConfig, ModelKind, ResNetConfig},
    presets::PRESETS,
};
use crate::{
    BatchShape, DivideConfig, EvaluationNorm, OptimizerConfig, Slices,
    loss::{LossConfig, LossKind},
};

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricConfig {
    /// Numbers of an embedding, `d`.
    pub dimension: usize,
    /// What a batch is made of.
    pub batch: BatchShape,
    /// The pictures.
    pub data: DataConfig,
    /// The network in front of the embedding layer.
    pub model: ModelConfig,
    /// How the embedding space is divided and conquered.
    #[serde(default)]
    pub divide: DivideConfig,
    /// The loss.
    #[serde(default)]
    pub loss: LossConfig,
    /// The rule of learning.
    #[serde(default)]
    pub optimizer: OptimizerConfig,
    /// Lengths of time.
    #[serde(default)]
    pub training: TrainingConfig,
    /// What is measured.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// Lengths of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Updates of an epoch; 0 for as many as there are batches in the training set, `⌊N / B⌋`, whatever the number of
    /// learners: comparisons are of equal numbers of updates.
    pub epoch_steps: u64,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationConfig {
    /// The `k` of Recall@k.
    pub ks: Vec<usize>,
    /// Which vectors the main numbers are of; those of the other norm are told as `.._other_norm`.
    pub norm: EvaluationNorm,
    /// Whether clusters of the test set are compared with its classes, which takes long where there are thousands.
    pub agreement: bool,
    /// Pictures that pass the network together.
    pub batch: usize,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            ks: vec![1, 2, 4, 8],
            norm: EvaluationNorm::Full,
            agreement: true,
            batch: 256,
        }
    }
}

impl EvaluationConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("evaluation");
        let is_ascending = self.ks.windows(2).all(|pair| pair[0] < pair[1]) && self.ks.first().is_some_and(|&k| k > 0);
        let problem = "must be ascending numbers from 1 on, as in `[1, 2, 4, 8]`";
        checks.require(is_ascending, "ks", problem)?;
        checks.at_least(1, "batch", self.batch)
    }
}

impl MetricConfig {
    /// How the embedding is cut.
    ///
    /// # Panics
    ///
    /// If the configuration is one that [`validate`](RunConfig::validate) refuses.
    pub fn slices(&self) -> Slices {
        Slices::new(self.dimension, self.divide.learners).expect("a valid configuration")
    }
}

impl RunConfig for MetricConfig {
    const MEASURED_WITH: &'static [&'static str] = &["evaluation"];

    fn validate(&self) -> Result<(), ConfigError> {
        let top = Checks::top();
        top.at_least(1, "dimension", self.dimension)?;
        let checks = Checks::of("batch");
        checks.at_least(2, "classes", self.batch.classes)?;
        checks.at_least(2, "images", self.batch.images)?;
        self.divide.validate()?;
        if let Err(error) = Slices::new(self.dimension, self.divide.learners) {
            return Checks::of("divide").require(false, "learners", format_args!("does not fit: {error}"));
        }
        let problem =
            "is not for `loss.kind = 'proxy-nca'`: name the classes of a cluster with `loss.proxy_nca.restrict`";
        let is_proxy = self.loss.kind == LossKind::ProxyNca;
        checks.require(
            !is_proxy || !self.loss.margin.per_class,
            "loss.margin.per_class",
            problem,
        )?;
        self.loss.validate()?;
        self.optimizer.validate()?;
        self.data.validate()?;
        self.model.validate()?;
        self.evaluation.validate()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

#[cfg(test)]
mod tests {
    use papers_core::base::config;

    use super::*;

    fn preset(name: &str) -> MetricConfig {
        config::experiment(PRESETS, name, &[]).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[test]
    fn the_papers_experiments_have_the_papers_settings() {
        for (name, learners, ks) in [
            ("cub-200-2011", 4, vec![1, 2, 4, 8]),
            ("cars196", 4, vec![1, 2, 4, 8]),
            ("sop", 8, vec![1, 10, 100, 1000]),
            ("in-shop", 8, vec![1, 10, 20, 30, 50]),
            ("vehicle-id", 8, vec![1, 5]),
        ] {
            let config = preset(name);
            assert_eq!((config.dimension, config.batch.size()), (128, 80), "{name}");
            assert_eq!(
                (config.divide.learners, config.divide.recluster_every),
                (learners, 2),
                "{name}"
            );
            assert_eq!(config.evaluation.ks, ks, "{name}");
            assert_eq!(config.model.kind, ModelKind::ResNet50, "{name}");
            assert_eq!(
                (config.optimizer.learning_rate, config.optimizer.weight_decay),
                (1e-5, 1e-4),
                "{name}"
            );
            let margin = &config.loss.margin;
            assert_eq!((margin.alpha, margin.beta, margin.nu), (0.2, 1.2, 0.0), "{name}");
            assert_eq!(config.loss.kind, LossKind::Margin, "{name}");
        }
    }
}
