use std::path::PathBuf;

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

/// The network in front of the embedding layer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Which network.
    pub kind: ModelKind,
    /// Sizes of `conv-net`.
    pub conv_net: ConvNetConfig,
    /// Settings of `res-net-50`.
    pub resnet: ResNetConfig,
}

/// The networks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// A few convolutions for small pictures.
    #[default]
    ConvNet,
    /// The paper's.
    #[serde(rename = "resnet-50")]
    ResNet50,
}

/// Sizes of the small network: 5×5 with stride 2, 3×3, 3×3 with stride 2, each followed by ReLU and with twice the filters
/// of the one before; then a dense layer with ReLU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvNetConfig {
    /// Filters of the first convolution.
    pub filters: usize,
    /// Further convolutions of 3×3 with stride 2.
    pub deeper: usize,
    /// Units of the dense layer.
    pub hidden: usize,
}

impl Default for ConvNetConfig {
    fn default() -> Self {
        Self {
            filters: 16,
            deeper: 0,
            hidden: 128,
        }
    }
}

/// Settings of ResNet-50.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResNetConfig {
    /// ImageNet's weights with the names of torchvision: `.safetensors`, `.pt` or `.pth`. Random ones, if left out.
    pub weights: Option<PathBuf>,
    /// Whether normalization uses its running statistics in training too, and does not change them (released program).
    pub freeze_statistics: bool,
    /// Whether scales and shifts of normalizations learn, as in the released program.
    pub train_affine: bool,
    /// Share of the features that is dropped in training (released program).
    pub dropout: f64,
    /// Channels of the stem: 64, or fewer for a small relative.
    pub channels: usize,
    /// Bottlenecks of each stage: `[3, 4, 6, 3]`, or fewer for a small relative.
    pub blocks: Vec<usize>,
}

impl Default for ResNetConfig {
    fn default() -> Self {
        Self {
            weights: None,
            freeze_statistics: true,
            train_affine: true,
            dropout: 0.01,
            channels: 64,
            blocks: vec![3, 4, 6, 3],
        }
    }
}

impl ModelConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("model.conv_net");
        checks.at_least(1, "filters", self.conv_net.filters)?;
        checks.at_most(512, "filters", self.conv_net.filters)?;
        checks.at_most(4, "deeper", self.conv_net.deeper)?;
        let last = self.conv_net.filters << (2 + self.conv_net.deeper);
        let problem =
            format_args!("makes {last} filters of the last convolution with `deeper`, and 4,096 are the most");
        checks.require(last <= 4096, "filters", problem)?;
        checks.at_least(1, "hidden", self.conv_net.hidden)?;
        checks.at_most(1 << 16, "hidden", self.conv_net.hidden)?;
        let checks = Checks::of("model.resnet");
        checks.share_below_one("dropout", self.resnet.dropout)?;
        checks.at_least(1, "channels", self.resnet.channels)?;
        checks.at_most(512, "channels", self.resnet.channels)?;
        let problem = "must be four numbers, each at least 1";
        let is_whole = self.resnet.blocks.len() == 4 && !self.resnet.blocks.contains(&0);
        checks.require(is_whole, "blocks", problem)?;
        let problem = "must be at most 64 each";
        checks.require(self.resnet.blocks.iter().all(|&count| count <= 64), "blocks", problem)?;
        let is_used = self.kind == ModelKind::ResNet50 || self.resnet.weights.is_none();
        let problem = "is for `model.kind = 'resnet-50'` only";
        checks.require(is_used, "weights", problem)
    }
}
