use std::path::PathBuf;

use papers_core::base::{
    config::{Checks, ConfigError, Preset, RunConfig, Schedule},
    presets,
};
use serde::{Deserialize, Serialize};

use super::{PyramidConfig, scene::SceneConfig};
use crate::{network::NetworkConfig, sgd::Sgd};

/// The experiments of detection.
pub const PRESETS: &[Preset] = presets!["scenes", "scenes-mnist"];

/// Full description of a run that learns to find things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectConfig {
    /// The backbone; that of the run in `pretrained`, if one is named.
    pub network: NetworkConfig,
    /// Folder of a run that classified, whose stem and stages are begun with; a run that has begun needs it no more.
    #[serde(default)]
    pub pretrained: Option<PathBuf>,
    /// Stem and stages that stay what they are, with the running statistics of their normalizations, from the first on: 1 is
    /// the stem.
    #[serde(default)]
    pub frozen: usize,
    /// Whether the backbone is normalized by its running statistics in training, too, and these stay what they are, with their
    /// scales and shifts, as in detectors whose batches are small.
    #[serde(default)]
    pub frozen_norms: bool,
    /// Stages that the pyramid takes, the last ones.
    pub levels: usize,
    /// The pyramid.
    pub pyramid: PyramidConfig,
    /// What scenes look like.
    pub scenes: SceneConfig,
    /// Scenes of what.
    pub data: ScenesConfig,
    /// The rule of learning.
    pub training: FindingConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// Scenes of what, and how many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenesConfig {
    /// Name of the data set, of gray pictures.
    pub set: String,
    /// Scenes to learn from, made of training pictures.
    pub train: usize,
    /// Scenes to measure on, made of test pictures, the same in all runs.
    pub test: usize,
}

/// How weights are learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingConfig {
    /// Scenes of one update.
    pub batch: usize,
    /// Learning rate after the warm-up; it falls to 0 along half a cosine.
    pub rate: f64,
    /// Updates in which the rate rises to that.
    #[serde(default)]
    pub warm_up: u64,
    /// Momentum and decay.
    pub sgd: Sgd,
}

impl RunConfig for DetectConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        self.network.validate()?;
        self.scenes.validate("scenes")?;
        let checks = Checks::top();
        let stages = self.network.stages.len();
        checks.require(
            (1..=stages).contains(&self.levels),
            "levels",
            format_args!("must be from 1 to the number of stages, {stages}, not {}", self.levels),
        )?;
        checks.require(
            self.frozen <= stages + 1,
            "frozen",
            format_args!(
                "there are {} parts, the stem and {stages} stages, not {}",
                stages + 1,
                self.frozen
            ),
        )?;
        Checks::of("pyramid").at_least(1, "channels", self.pyramid.channels)?;
        let data = Checks::of("data");
        data.at_least(1, "train", self.data.train)?;
        data.at_least(1, "test", self.data.test)?;
        let training = Checks::of("training");
        training.at_least(1, "batch", self.training.batch)?;
        training.positive("rate", self.training.rate)?;
        training.not_negative("sgd.weight_decay", self.training.sgd.weight_decay)
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
