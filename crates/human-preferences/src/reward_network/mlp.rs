use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::nn::{dropout, leaky_relu};
use serde::{Deserialize, Serialize};

use super::RewardNetwork;

/// Slope of leaky ReLU for negative numbers (appendix A).
pub(super) const SLOPE: f64 = 0.01;

/// Sizes of the network for robotics: two layers of 64 units (appendix A.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpRewardConfig {
    /// Units of each of the two layers.
    pub hidden: usize,
    /// Share of units that are dropped after each layer in training.
    pub dropout: f64,
}

impl Default for MlpRewardConfig {
    fn default() -> Self {
        Self {
            hidden: 64,
            dropout: 0.0,
        }
    }
}

impl MlpRewardConfig {
    /// A network with random weights.
    pub fn init(&self, observation: usize, action: usize, device: &Device) -> MlpReward {
        MlpReward {
            first: LinearConfig::new(observation + action, self.hidden).init(device),
            second: LinearConfig::new(self.hidden, self.hidden).init(device),
            output: LinearConfig::new(self.hidden, 1).init(device),
            dropout: self.dropout,
        }
    }
}

/// Observation and action through two layers with leaky ReLU.
#[derive(Module, Debug)]
pub struct MlpReward {
    first: Linear,
    second: Linear,
    output: Linear,
    dropout: f64,
}

impl RewardNetwork for MlpReward {
    fn forward(&self, observations: Tensor<2>, actions: Tensor<2>) -> Tensor<1> {
        // [steps, size + features] -> [steps, hidden] -> [steps]
        let hidden = self.first.forward(Tensor::cat(vec![observations, actions], 1));
        let hidden = dropout(leaky_relu(hidden, SLOPE), self.dropout);
        let hidden = dropout(leaky_relu(self.second.forward(hidden), SLOPE), self.dropout);
        self.output.forward(hidden).squeeze_dim(1)
    }
}
