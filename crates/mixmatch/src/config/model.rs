use burn::prelude::*;
use papers_core::{
    base::config::{Checks, ConfigError},
    nn::{ConvNet13Config, WideResNetConfig},
};
use serde::{Deserialize, Serialize};

use crate::network::Network;

/// Sizes of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Which network.
    #[serde(default)]
    pub kind: ModelKind,
    /// Filters of the first group; each following one has twice as many.
    #[serde(default = "filters")]
    pub filters: usize,
    /// Groups of a wide residual network, each at half the resolution of the one before.
    #[serde(default = "scales")]
    pub scales: usize,
    /// Residual units of a group of a wide residual network.
    #[serde(default = "repeat")]
    pub repeat: usize,
    /// What the running statistics of normalization keep at each update, in `[0, 1)`.
    #[serde(default = "keep")]
    pub keep: f64,
}

/// The paper's networks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Wide residual network (section 4.1).
    #[default]
    WideResnet,
    /// The 13-layer convolutional network of the appendix; `scales` and `repeat` do not count.
    #[serde(rename = "conv-net-13")]
    ConvNet13,
}

// Wide ResNet 28-2 (section 4.1).
fn filters() -> usize {
    32
}

fn scales() -> usize {
    3
}

fn repeat() -> usize {
    4
}

/// The authors' release.
fn keep() -> f64 {
    0.999
}

impl ModelConfig {
    /// The network for pictures of such a shape, in its first state.
    pub fn init(&self, colors: usize, classes: usize, device: &Device) -> Network {
        match self.kind {
            ModelKind::WideResnet => Network::WideResNet(self.wide_resnet(colors, classes).init(device)),
            ModelKind::ConvNet13 => Network::ConvNet13(self.conv_net_13(colors, classes).init(device)),
        }
    }

    /// Refuses pictures that are too small or cannot be halved as often as the network does.
    ///
    /// # Errors
    ///
    /// What does not fit.
    pub fn check(&self, height: usize, width: usize) -> Result<(), String> {
        match self.kind {
            ModelKind::WideResnet => self.wide_resnet(1, 1).check(height, width),
            ModelKind::ConvNet13 => self.conv_net_13(1, 1).check(height, width),
        }
    }

    fn wide_resnet(&self, colors: usize, classes: usize) -> WideResNetConfig {
        WideResNetConfig::new(colors, classes)
            .with_filters(self.filters)
            .with_scales(self.scales)
            .with_repeat(self.repeat)
            .with_keep(self.keep)
    }

    fn conv_net_13(&self, colors: usize, classes: usize) -> ConvNet13Config {
        ConvNet13Config::new(colors, classes)
            .with_filters(self.filters)
            .with_keep(self.keep)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("model");
        checks.at_least(1, "filters", self.filters)?;
        checks.at_least(1, "scales", self.scales)?;
        checks.at_least(1, "repeat", self.repeat)?;
        let problem = format_args!("must be at most 16, not {}: each halves the picture", self.scales);
        checks.require(self.scales <= 16, "scales", problem)?;
        checks.share_below_one("keep", self.keep)
    }
}
