use burn::{
    module::{Initializer, Module, Param},
    nn::Linear,
    prelude::*,
};
use papers_core::{
    base::config::{Checks, ConfigError},
    nn::{Convolution, leaky_relu},
};
use serde::{Deserialize, Serialize};

use super::{
    ActionDistribution, ActorCritic,
    initial::{convolution, dense},
};
use crate::environment::ActionSpace;

/// Makes up for the half of numbers that a rectifier drops.
const RECTIFIER_GAIN: f64 = std::f64::consts::SQRT_2;

/// Sizes of the actor-critic for pictures and grids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvConfig {
    /// Convolutions, from the picture inwards; there is no border around anything.
    pub convolutions: Vec<ConvLayer>,
    /// Width of the dense layer after them.
    pub hidden: usize,
}

/// One convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvLayer {
    /// Channels of its output.
    pub channels: usize,
    /// Side of its kernel.
    pub side: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
}

impl Default for ConvConfig {
    /// [`grid`](Self::grid).
    fn default() -> Self {
        Self::grid()
    }
}

impl ConvConfig {
    /// For games seen as 10×10 cells; our choice.
    pub fn grid() -> Self {
        Self {
            convolutions: vec![ConvLayer {
                channels: 16,
                side: 3,
                stride: 1,
            }],
            hidden: 128,
        }
    }

    /// For four frames of 84×84 pixels: that of A2C for Atari games, which the paper refers to.
    pub fn atari() -> Self {
        let layer = |channels, side, stride| ConvLayer { channels, side, stride };
        Self {
            convolutions: vec![layer(32, 8, 4), layer(64, 4, 2), layer(64, 3, 1)],
            hidden: 512,
        }
    }

    /// Refuses sizes that make no sense for pictures of `shape`, `[channels, height, width]`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the key below `table`.
    pub fn validate(&self, table: &str, shape: [usize; 3]) -> Result<(), ConfigError> {
        self.sizes(shape)
            .map_err(|problem| ConfigError::invalid(format!("{table}.convolutions"), problem))?;
        Checks::of(table).at_least(1, "hidden", self.hidden)
    }

    /// A network for pictures of `shape`, `[channels, height, width]`. The layer of the policy is
    /// small at first, and all values are 0.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) refuses the sizes.
    pub fn init(&self, shape: [usize; 3], actions: &ActionSpace, device: &Device) -> ConvActorCritic {
        let flat = self.sizes(shape).expect("validated sizes");
        let mut channels = shape[0];
        let convolutions = self.convolutions.iter().map(|layer| {
            let convolution = convolution(channels, layer, RECTIFIER_GAIN, device);
            channels = layer.channels;
            convolution
        });
        let log_std = match *actions {
            ActionSpace::Continuous { size, .. } => Some(Initializer::Zeros.init([size], device)),
            ActionSpace::Discrete { .. } => None,
        };
        ConvActorCritic {
            convolutions: convolutions.collect(),
            hidden: dense(flat, self.hidden, RECTIFIER_GAIN, device),
            actor: dense(self.hidden, actions.features(), 0.01, device),
            critic: dense(self.hidden, 1, 0.0, device),
            log_std,
            shape,
        }
    }

    /// Numbers that the last convolution puts out.
    fn sizes(&self, [mut channels, mut height, mut width]: [usize; 3]) -> Result<usize, String> {
        for layer in &self.convolutions {
            if layer.channels * layer.side * layer.stride == 0 {
                return Err(format!("must hold positive numbers, not {layer:?}"));
            }
            let after = |side: usize| Some(side.checked_sub(layer.side)? / layer.stride + 1);
            let (Some(new_height), Some(new_width)) = (after(height), after(width)) else {
                return Err(format!("cannot apply {layer:?} to {height}×{width} pixels"));
            };
            (channels, height, width) = (layer.channels, new_height, new_width);
        }
        Ok(channels * height * width)
    }
}

/// A policy and a value network that share convolutions and a dense layer, with rectifiers.
#[derive(Module, Debug)]
pub struct ConvActorCritic {
    convolutions: Vec<Convolution>,
    hidden: Linear,
    actor: Linear,
    critic: Linear,
    log_std: Option<Param<Tensor<1>>>,
    /// `[channels, height, width]` of an observation.
    #[module(skip)]
    shape: [usize; 3],
}

impl ActorCritic for ConvActorCritic {
    fn forward(&self, observations: Tensor<2>) -> (ActionDistribution, Tensor<1>) {
        let batch = observations.dims()[0];
        let [channels, height, width] = self.shape;
        let pictures = observations.reshape([batch, channels, height, width]);
        let features = self
            .convolutions
            .iter()
            .fold(pictures, |input, layer| leaky_relu(layer.forward(input), 0.0));
        let features: Tensor<2> = features.flatten(1, 3);
        let hidden = leaky_relu(self.hidden.forward(features), 0.0);
        let outputs = self.actor.forward(hidden.clone());
        let distribution = match &self.log_std {
            Some(log_std) => ActionDistribution::Gaussian {
                mean: outputs,
                log_std: log_std.val(),
            },
            None => ActionDistribution::Categorical { logits: outputs },
        };
        (distribution, self.critic.forward(hidden).squeeze_dim(1))
    }
}
