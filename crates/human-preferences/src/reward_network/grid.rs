use burn::{
    nn::{Linear, LinearConfig, PaddingConfig2d, conv::Conv2d, conv::Conv2dConfig},
    prelude::*,
};
use papers_core::nn::leaky_relu;
use serde::{Deserialize, Serialize};

use super::{RewardNetwork, mlp::SLOPE};

/// Sizes of the network for games seen as cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridRewardConfig {
    /// Filters of the 3×3 convolution.
    pub filters: usize,
    /// Units of the layer after it.
    pub hidden: usize,
}

impl Default for GridRewardConfig {
    fn default() -> Self {
        Self {
            filters: 16,
            hidden: 128,
        }
    }
}

impl GridRewardConfig {
    /// A network with random weights for pictures of `[channels, height, width]`.
    pub fn init(&self, [channels, height, width]: [usize; 3], action: usize, device: &Device) -> GridReward {
        GridReward {
            convolution: Conv2dConfig::new([channels, self.filters], [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device),
            hidden: LinearConfig::new(self.filters * height * width + action, self.hidden).init(device),
            output: LinearConfig::new(self.hidden, 1).init(device),
            channels,
            height,
            width,
        }
    }
}

/// A 3×3 convolution and a layer over its result and the action.
#[derive(Module, Debug)]
pub struct GridReward {
    convolution: Conv2d,
    hidden: Linear,
    output: Linear,
    channels: usize,
    height: usize,
    width: usize,
}

impl RewardNetwork for GridReward {
    fn forward(&self, observations: Tensor<2>, actions: Tensor<2>) -> Tensor<1> {
        let [steps, _] = observations.dims();
        let pictures = observations.reshape([steps, self.channels, self.height, self.width]);
        // [steps, filters, height, width] -> [steps, filters · height · width]
        let features: Tensor<2> = leaky_relu(self.convolution.forward(pictures), SLOPE).flatten(1, 3);
        let hidden = self.hidden.forward(Tensor::cat(vec![features, actions], 1));
        self.output.forward(leaky_relu(hidden, SLOPE)).squeeze_dim(1)
    }
}
