//! Networks that predict the reward of a step (section 2.2.3; sizes from appendix A).

mod atari;
mod grid;
mod mlp;
mod profile;

pub use self::{
    atari::{AtariReward, AtariRewardConfig},
    grid::{GridReward, GridRewardConfig},
    mlp::{MlpReward, MlpRewardConfig},
    profile::ProfileReward,
};

use std::fmt;

use burn::prelude::*;
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use crate::environment::Task;

/// A network that predicts the reward of steps.
///
/// On an autodiff device it is in training; [`Module::valid`] makes the one that predicts, without dropout.
pub trait RewardNetwork: Module + fmt::Debug + Sync {
    /// Predicted reward of each step.
    ///
    /// # Shapes
    ///
    /// - `observations`: `[steps, size]`, flattened
    /// - `actions`: `[steps, features]`: the values, or one number per action of which one is 1
    /// - output: `[steps]`
    fn forward(&self, observations: Tensor<2>, actions: Tensor<2>) -> Tensor<1>;
}

/// Which network predicts the reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RewardNetworkConfig {
    /// Two layers over observation and action.
    Mlp(MlpRewardConfig),
    /// One convolution over the cells of a game.
    Grid(GridRewardConfig),
    /// Two layers over the rows and columns of a game's cells, and the action.
    Profile(MlpRewardConfig),
    /// The paper's convolutions over four frames.
    Atari(AtariRewardConfig),
}

impl Default for RewardNetworkConfig {
    fn default() -> Self {
        Self::Mlp(MlpRewardConfig::default())
    }
}

impl RewardNetworkConfig {
    /// Refuses sizes of zero and dropout of everything.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming a key below `reward.network`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let (hidden, dropout) = match self {
            Self::Mlp(config) | Self::Profile(config) => (config.hidden, config.dropout),
            Self::Grid(config) => (config.hidden.min(config.filters), 0.0),
            Self::Atari(config) => (config.hidden.min(config.filters), config.dropout),
        };
        let problem = "its layers must have at least one unit";
        Checks::of("reward").require(hidden > 0, "network", problem)?;
        Checks::of("reward.network").share_below_one("dropout", dropout)
    }

    /// A network for a task's observations and actions, with random weights.
    ///
    /// # Errors
    ///
    /// A convolution over observations that are no picture, or too small a one.
    pub fn init(&self, task: &Task, device: &Device) -> Result<AnyReward, ConfigError> {
        let picture = || match task.observation.shape[..] {
            [channels, height, width] => Ok([channels, height, width]),
            _ => Err(ConfigError::invalid(
                "reward.network.kind",
                format!("`{}` shows no picture: use `kind = 'mlp'`", task.name),
            )),
        };
        let (size, features) = (task.observation.len(), task.action.features());
        Ok(match self {
            Self::Mlp(config) => AnyReward::Mlp(config.init(size, features, device)),
            Self::Grid(config) => AnyReward::Grid(config.init(picture()?, features, device)),
            Self::Profile(config) => AnyReward::Profile(ProfileReward::new(config, picture()?, features, device)),
            Self::Atari(config) => AnyReward::Atari(config.init(picture()?, device)?),
        })
    }
}

/// One of the networks of this crate.
#[derive(Module, Debug)]
pub enum AnyReward {
    /// Two layers over observation and action.
    Mlp(MlpReward),
    /// One convolution over the cells of a game.
    Grid(GridReward),
    /// Two layers over the rows and columns of a game's cells.
    Profile(ProfileReward),
    /// The paper's convolutions over four frames.
    Atari(AtariReward),
}

impl RewardNetwork for AnyReward {
    fn forward(&self, observations: Tensor<2>, actions: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Mlp(network) => network.forward(observations, actions),
            Self::Grid(network) => network.forward(observations, actions),
            Self::Profile(network) => network.forward(observations, actions),
            Self::Atari(network) => network.forward(observations, actions),
        }
    }
}
