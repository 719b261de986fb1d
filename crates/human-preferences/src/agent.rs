//! The agents of the experiments: which algorithm learns, and with which networks.

use papers_core::{
    Context, Error, Result,
    base::{config::ConfigError, journal::Scalars},
    checkpoint,
};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{
    actions::Actions,
    environment::Task,
    experience::{AgentRewards, Experience},
    policy::{MlpConfig, MlpPolicy, MlpValue},
    trpo::{Trpo, TrpoConfig},
};

/// How an agent learns from rewards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// By which algorithm.
    pub algorithm: Algorithm,
    /// Settings of `trpo`.
    #[serde(default)]
    pub trpo: TrpoConfig,
    /// Form of the networks.
    #[serde(default)]
    pub network: NetworkConfig,
}

/// By which algorithm an agent learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Trust region policy optimization, as for the paper's robots.
    Trpo,
    /// Advantage actor-critic, as for the paper's games.
    A2c,
}

/// Form of an agent's networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NetworkConfig {
    /// Layers with tanh.
    Mlp(MlpConfig),
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self::Mlp(MlpConfig::default())
    }
}

impl AgentConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming a key below `agent`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.trpo.validate()
    }
}

/// An agent that acts and learns.
#[derive(Debug)]
pub enum Agent {
    /// Trust region policy optimization.
    Trpo(Box<Trpo<MlpPolicy, MlpValue>>),
}

impl Agent {
    /// An agent with random weights for a task.
    ///
    /// # Errors
    ///
    /// Networks that do not fit the task.
    pub fn new(config: &AgentConfig, task: &Task, context: &Context) -> Result<Self> {
        let device = context.device.clone().autodiff();
        let streams = context.streams;
        let size = task.observation.len();
        let NetworkConfig::Mlp(network) = &config.network;
        let policy = streams.initialize("policy", &device, || network.init_policy(size, &task.action, &device));
        let value = streams.initialize("value", &device, || network.init_value(size, &device));
        let trpo = Trpo::new(policy, value, &config.trpo, streams).map_err(|error| Error::Usage(error.to_string()))?;
        Ok(Self::Trpo(Box::new(trpo)))
    }

    /// Draws an action in each environment.
    ///
    /// # Errors
    ///
    /// A policy that left the finite numbers, or a device that cannot be read.
    pub fn act(&self, observations: &[f32], generators: &mut [ChaCha8Rng]) -> Result<Actions> {
        match self {
            Self::Trpo(trpo) => trpo
                .act(observations, generators)
                .map_err(|error| error.at(trpo.updates())),
        }
    }

    /// Learns from what it went through; `progress` is the share of the run that is behind.
    ///
    /// # Errors
    ///
    /// Networks that left the finite numbers.
    pub fn update(
        &mut self,
        experience: &Experience,
        rewards: &AgentRewards,
        round: u64,
        progress: f64,
    ) -> Result<Scalars> {
        let _ = progress;
        match self {
            Self::Trpo(trpo) => {
                let report = trpo.update(experience, rewards).map_err(|error| error.at(round))?;
                if let Some(warning) = report.warning {
                    log::warn!("round {round}: {warning}");
                }
                Ok(report.scalars())
            }
        }
    }

    /// Adds everything that [`restore`](Self::restore) needs to a checkpoint.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        match self {
            Self::Trpo(trpo) => trpo.save(checkpoint),
        }
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        match self {
            Self::Trpo(trpo) => trpo.restore(checkpoint),
        }
    }
}
