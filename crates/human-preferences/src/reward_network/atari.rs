use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::{
    base::config::ConfigError,
    nn::{BatchNorm, BatchNormConfig, Convolution, Statistics, dropout, leaky_relu},
};
use serde::{Deserialize, Serialize};

use super::{RewardNetwork, mlp::SLOPE};

/// Kernel sizes and strides of the four convolutions (appendix A.2).
const LAYERS: [(usize, usize); 4] = [(7, 3), (5, 2), (3, 1), (3, 1)];
/// What running statistics keep of themselves, and what is added to a variance: the usual numbers.
const KEEP: f64 = 0.9;
const EPSILON: f64 = 1e-5;

/// Sizes of the network for Atari games: four convolutions of 16 filters with batch normalization and dropout, and a layer
/// of 64 units (appendix A.2). It does not see the action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AtariRewardConfig {
    /// Filters of each convolution.
    pub filters: usize,
    /// Units of the layer after them.
    pub hidden: usize,
    /// Share of units that are dropped after each convolution in training.
    pub dropout: f64,
}

impl Default for AtariRewardConfig {
    fn default() -> Self {
        Self {
            filters: 16,
            hidden: 64,
            dropout: 0.5,
        }
    }
}

impl AtariRewardConfig {
    /// A network with random weights for pictures of `[channels, height, width]`.
    ///
    /// # Errors
    ///
    /// A picture that is too small for the convolutions, which have no padding.
    pub fn init(&self, [channels, height, width]: [usize; 3], device: &Device) -> Result<AtariReward, ConfigError> {
        let (mut height_left, mut width_left, mut inputs) = (height, width, channels);
        let mut blocks = Vec::with_capacity(LAYERS.len());
        for (kernel, stride) in LAYERS {
            if height_left < kernel || width_left < kernel {
                return Err(ConfigError::invalid(
                    "reward.network.kind",
                    format!("pictures of {height}×{width} are too small for `atari`: use `kind = 'grid'`"),
                ));
            }
            height_left = (height_left - kernel) / stride + 1;
            width_left = (width_left - kernel) / stride + 1;
            blocks.push(Block {
                convolution: Convolution::new([inputs, self.filters], kernel, device)
                    .with_stride(stride)
                    .without_padding(),
                normalization: BatchNormConfig::new(self.filters)
                    .with_epsilon(EPSILON)
                    .with_keep(KEEP)
                    .init(device),
                dropout: self.dropout,
            });
            inputs = self.filters;
        }
        Ok(AtariReward {
            blocks,
            hidden: LinearConfig::new(self.filters * height_left * width_left, self.hidden).init(device),
            output: LinearConfig::new(self.hidden, 1).init(device),
            channels,
            height,
            width,
        })
    }
}

/// Four convolutions over a stack of frames.
#[derive(Module, Debug)]
pub struct AtariReward {
    blocks: Vec<Block>,
    hidden: Linear,
    output: Linear,
    channels: usize,
    height: usize,
    width: usize,
}

/// A convolution with batch normalization, leaky ReLU and dropout. The convolution has no bias: the normalization would
/// take it away.
#[derive(Module, Debug)]
struct Block {
    convolution: Convolution,
    normalization: BatchNorm,
    dropout: f64,
}

impl Block {
    /// `[steps, height, width, channels]` in and out.
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let features = self.convolution.forward_last(input);
        let [steps, height, width, _] = features.dims();
        // A single value has no variance.
        let statistics = match features.is_autodiff() && steps * height * width > 1 {
            true => Statistics::Update,
            false => Statistics::Running,
        };
        // The paper drops units before the rectifier: for it, that is the same.
        let rectified = self.normalization.forward_leaky(features, statistics, SLOPE);
        dropout(rectified, self.dropout)
    }
}

impl RewardNetwork for AtariReward {
    fn forward(&self, observations: Tensor<2>, _: Tensor<2>) -> Tensor<1> {
        let [steps, _] = observations.dims();
        // Off the tape, since nobody asks for the gradient by a picture; channels last.
        let pictures = observations
            .without_autodiff()
            .reshape([steps, self.channels, self.height, self.width])
            .permute([0, 2, 3, 1]);
        let features = self
            .blocks
            .iter()
            .fold(pictures, |features, block| block.forward(features));
        let features: Tensor<2> = features.flatten(1, 3);
        let hidden = leaky_relu(self.hidden.forward(features), SLOPE);
        self.output.forward(hidden).squeeze_dim(1)
    }
}
