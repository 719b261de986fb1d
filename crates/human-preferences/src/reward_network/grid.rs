use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::nn::{Convolution, leaky_relu};
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
            convolution: Convolution::new([channels, self.filters], 3, device).with_bias(),
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
    convolution: Convolution,
    hidden: Linear,
    output: Linear,
    channels: usize,
    height: usize,
    width: usize,
}

impl RewardNetwork for GridReward {
    fn forward(&self, observations: Tensor<2>, actions: Tensor<2>) -> Tensor<1> {
        let [steps, _] = observations.dims();
        // Off the tape, since nobody asks for the gradient by a picture; channels last.
        let pictures = observations
            .without_autodiff()
            .reshape([steps, self.channels, self.height, self.width])
            .permute([0, 2, 3, 1]);
        // [steps, height, width, filters] -> [steps, height · width · filters]
        let features: Tensor<2> = leaky_relu(self.convolution.forward_last(pictures), SLOPE).flatten(1, 3);
        let hidden = self.hidden.forward(Tensor::cat(vec![features, actions], 1));
        self.output.forward(leaky_relu(hidden, SLOPE)).squeeze_dim(1)
    }
}
