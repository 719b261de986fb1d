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
        checks.at_least(1, "batch", self.batch)?;
        checks.at_most(MOST_OF_BATCH, "batch", self.batch)
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

/// Numbers of an embedding, and pictures of a batch: more than any published set-up has.
const MOST_DIMENSION: usize = 1 << 16;
const MOST_OF_BATCH: usize = 1 << 14;

impl RunConfig for MetricConfig {
    const MEASURED_WITH: &'static [&'static str] = &["evaluation"];

    fn validate(&self) -> Result<(), ConfigError> {
        let top = Checks::top();
        top.at_least(1, "dimension", self.dimension)?;
        top.at_most(MOST_DIMENSION, "dimension", self.dimension)?;
        let checks = Checks::of("batch");
        for (key, value) in [("classes", self.batch.classes), ("images", self.batch.images)] {
            checks.at_least(2, key, value)?;
            checks.at_most(MOST_OF_BATCH, key, value)?;
        }
        let problem = format_args!("times `classes` must be at most {MOST_OF_BATCH}");
        checks.require(self.batch.size() <= MOST_OF_BATCH, "images", problem)?;
        self.divide.validate()?;
        if let Err(error) = Slices::new(self.dimension, self.divide.learners) {
            return Checks::of("divide").require(false, "learners", format_args!("does not fit: {error}"));
        }
        self.loss.validate()?;
        self.optimizer.validate()?;
        let learns = self.loss.kind == LossKind::Margin && self.loss.margin.learn_beta;
        let is_used = learns || self.optimizer.loss_rate == OptimizerConfig::default().loss_rate;
        let problem = "is for `loss.margin.learn_beta = true` only";
        Checks::of("optimizer").require(is_used, "loss_rate", problem)?;
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
    use crate::{
        course::{ClusterOn, Phase, Timetable},
        miner::MinerKind,
    };

    fn preset(name: &str) -> MetricConfig {
        config::experiment(PRESETS, name, &[]).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[test]
    fn the_papers_experiments_have_the_papers_settings() {
        for (name, ks) in [
            ("cub-200-2011", vec![1, 2, 4, 8]),
            ("cars196", vec![1, 2, 4, 8]),
            ("sop", vec![1, 10, 100, 1000]),
            ("in-shop", vec![1, 10, 20, 30, 50]),
            ("vehicle-id", vec![1, 5]),
        ] {
            let config = preset(name);
            assert_eq!((config.dimension, config.batch.size()), (128, 80), "{name}");
            assert_eq!((config.batch.classes, config.batch.images), (20, 4), "{name}");
            assert_eq!(config.divide.recluster_every, 2, "{name}");
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
        for name in ["sop", "in-shop", "vehicle-id"] {
            assert_eq!(preset(name).divide.learners, 8, "{name}");
        }
    }

    #[test]
    fn the_released_programs_choices_are_an_experiment() {
        let config = preset("sop-released");
        assert_eq!(config.divide.cluster_on, ClusterOn::Features);
        assert_eq!(config.evaluation.norm, EvaluationNorm::Slice);
        assert_eq!(config.loss.margin.miner, MinerKind::Nearest);
        assert_eq!(config.loss.margin.mining.least, 0.5);
        assert!(!config.loss.margin.learn_beta, "no optimizer knows the boundary");
        // Slices until 80, clusters until 190, then everything, of 200 epochs.
        let table = Timetable::new(&config.divide, 10);
        let phases = [0, 79, 80, 189, 190, 199].map(|epoch| table.phase(10 * epoch + 5));
        use Phase::{Clusters, Slices, Whole};
        assert_eq!(phases, [Slices, Slices, Clusters, Clusters, Whole, Whole]);
        // The paper's text has two.
        let table = Timetable::new(&preset("sop").divide, 10);
        assert_eq!(
            [0, 189, 190].map(|epoch| table.phase(10 * epoch)),
            [Slices, Slices, Whole]
        );
        assert_eq!(config.schedule.steps, preset("sop").schedule.steps);
    }

    /// Its pictures are not known: epochs are of fixed length, so that every number of them is divided and fine-tuned.
    #[test]
    fn a_folder_of_any_size_has_all_phases() {
        let config = preset("folder");
        assert_eq!(config.schedule.steps % config.training.epoch_steps, 0);
        let table = Timetable::new(&config.divide, config.training.epoch_steps);
        assert_eq!(table.never_within(config.schedule.steps), None);
        let phases = [0.0, 0.25, 0.79, 0.81].map(|share| table.phase((share * config.schedule.steps as f64) as u64));
        use Phase::{Slices, WarmUp, Whole};
        assert_eq!(phases, [WarmUp, Slices, Slices, Whole]);
    }
}
