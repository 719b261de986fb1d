//! What a run is made of.

mod data;

use papers_core::base::{
    config::{Checks, ConfigError, Preset, RunConfig, Schedule},
    presets,
};
use serde::{Deserialize, Serialize};

pub use data::{DataConfig, FilesConfig};

use crate::{network::NetworkConfig, resnet::ResNetConfig, sgd::Sgd};

/// The experiments of classification.
pub const PRESETS: &[Preset] = presets![
    "digits",
    "digits-canvas",
    "mnist-canvas",
    "fashion",
    "cifar10-jpeg",
    "cifar10",
    "files",
    "imagenet-sample",
    "imagenet-small",
    "imagenet-small-250",
    "imagenet-regular-109",
    "imagenet-regular-154",
    "imagenet-resnet-50",
    "imagenet-resnet-101"
];

/// Greatest height and width of a picture. A batch of larger ones fits into no memory.
pub(crate) const MOST_SIDE: usize = 4096;

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandWireConfig {
    /// Which network learns.
    #[serde(default)]
    pub model: ModelKind,
    /// The randomly wired network.
    pub network: NetworkConfig,
    /// The residual network of about the same cost.
    pub resnet: ResNetConfig,
    /// The pictures.
    pub data: DataConfig,
    /// The rule of learning.
    pub training: TrainingConfig,
    /// The study of damage after the last update.
    #[serde(default)]
    pub damage: DamageConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// Which network learns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// The randomly wired one, `network`.
    #[default]
    RandWire,
    /// The baseline, `resnet`.
    ResNet,
}

/// How weights are learned (section 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Pictures of one update.
    pub batch: usize,
    /// Learning rate of the first update; it falls to 0 along half a cosine. The paper's is 0.1 for each 256 pictures.
    pub rate: f64,
    /// Momentum and decay.
    pub sgd: Sgd,
    /// Label smoothing over all classes.
    #[serde(default)]
    pub smoothing: f64,
    /// Share of the classifier's inputs that is dropped.
    #[serde(default)]
    pub dropout: f64,
    /// Probability that an update leaves out one edge, of those whose target has another input.
    #[serde(default)]
    pub edge_drop: f64,
}

/// Damage to a trained network (section 4.1, figure 5).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DamageConfig {
    /// Test pictures, the first ones, that damaged networks are scored on; 0 for no study.
    #[serde(default)]
    pub pictures: usize,
    /// Parts of each kind that are removed, drawn at random; 0 for each of them.
    #[serde(default)]
    pub parts: usize,
}

impl RunConfig for RandWireConfig {
    /// The size of pictures: table 4 has networks that were trained with smaller ones than they are measured with.
    const MEASURED_WITH: &[&str] = &["data.side", "data.files.side", "data.files.resize"];

    fn validate(&self) -> Result<(), ConfigError> {
        self.network.validate()?;
        self.resnet.validate()?;
        self.data.validate()?;
        let checks = Checks::of("training");
        checks.at_least(1, "batch", self.training.batch)?;
        checks.positive("rate", self.training.rate)?;
        checks.not_negative("sgd.weight_decay", self.training.sgd.weight_decay)?;
        let shares = [
            ("sgd.momentum", self.training.sgd.momentum),
            ("smoothing", self.training.smoothing),
            ("dropout", self.training.dropout),
        ];
        for (key, share) in shares {
            let is_share = (0.0..1.0).contains(&share);
            checks.require(
                is_share,
                key,
                format_args!("must be from 0 to less than 1, not {share}"),
            )?;
        }
        let drop = self.training.edge_drop;
        let is_probability = (0.0..=1.0).contains(&drop);
        checks.require(
            is_probability,
            "edge_drop",
            format_args!("must be from 0 to 1, not {drop}"),
        )
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
