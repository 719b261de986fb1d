//! The agents of the experiments: which algorithm learns, and with which networks.

use papers_core::{
    Context, Error, Result,
    base::{config::ConfigError, journal::Scalars},
    checkpoint,
};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{
    a2c::{A2c, A2cConfig},
    actions::Actions,
    environment::Task,
    experience::{AgentRewards, Experience},
    policy::{Acts, ConvActorCritic, ConvConfig, MlpActorCritic, MlpConfig, MlpPolicy, MlpValue},
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
    /// Settings of `a2c`.
    #[serde(default)]
    pub a2c: A2cConfig,
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
    /// A convolution over the cells of a game.
    Grid,
    /// The convolutions of A2C over four frames.
    Atari,
    /// Other convolutions over pictures.
    Conv(ConvConfig),
}

impl NetworkConfig {
    /// The convolutions, if there are any.
    fn convolutions(&self) -> Option<ConvConfig> {
        match self {
            Self::Mlp(_) => None,
            Self::Grid => Some(ConvConfig::grid()),
            Self::Atari => Some(ConvConfig::atari()),
            Self::Conv(config) => Some(config.clone()),
        }
    }
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
        match self.algorithm {
            Algorithm::Trpo => self.trpo.validate(),
            Algorithm::A2c => self.a2c.validate(),
        }?;
        match (&self.network, self.algorithm) {
            (NetworkConfig::Mlp(network), _) => network.validate("agent.network"),
            (_, Algorithm::A2c) => Ok(()),
            (_, Algorithm::Trpo) => {
                let problem = "must be `mlp` for `trpo`, whose derivatives are written by hand";
                Err(ConfigError::invalid("agent.network.kind", problem))
            }
        }
    }
}

/// An agent that acts and learns.
#[derive(Debug)]
pub enum Agent {
    /// Trust region policy optimization.
    Trpo(Box<Trpo<MlpPolicy, MlpValue>>),
    /// Advantage actor-critic over a row of numbers.
    A2cMlp(Box<A2c<MlpActorCritic>>),
    /// Advantage actor-critic over pictures.
    A2cConv(Box<A2c<ConvActorCritic>>),
}

/// Does the same with whichever agent it is.
macro_rules! each {
    ($agent:expr, $inner:ident => $body:expr) => {
        match $agent {
            Agent::Trpo($inner) => $body,
            Agent::A2cMlp($inner) => $body,
            Agent::A2cConv($inner) => $body,
        }
    };
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
        let (size, actions) = (task.observation.len(), &task.action);
        if let Some(convolutions) = config.network.convolutions() {
            let shape = picture(task).map_err(Error::usage)?;
            convolutions.validate("agent.network", shape).map_err(Error::usage)?;
            let network = streams.initialize("agent", &device, || convolutions.init(shape, actions, &device));
            let a2c = A2c::new(network, &config.a2c).map_err(Error::usage)?;
            return Ok(Self::A2cConv(Box::new(a2c)));
        }
        let NetworkConfig::Mlp(network) = &config.network else {
            return Err(Error::usage("`agent.network` is of a kind without layers"));
        };
        if config.algorithm == Algorithm::A2c {
            let network = streams.initialize("agent", &device, || network.init_actor_critic(size, actions, &device));
            let a2c = A2c::new(network, &config.a2c).map_err(Error::usage)?;
            return Ok(Self::A2cMlp(Box::new(a2c)));
        }
        let policy = streams.initialize("policy", &device, || network.init_policy(size, actions, &device));
        let value = streams.initialize("value", &device, || network.init_value(size, &device));
        let trpo = Trpo::new(policy, value, &config.trpo, streams).map_err(Error::usage)?;
        Ok(Self::Trpo(Box::new(trpo)))
    }

    /// Draws an action in each environment.
    ///
    /// # Errors
    ///
    /// A policy that left the finite numbers, or a device that cannot be read.
    pub fn act(&self, observations: &[f32], generators: &mut [ChaCha8Rng]) -> Result<Actions> {
        each!(self, agent => agent.act(observations, generators).map_err(|error| error.at(agent.updates())))
    }

    /// Learns from what it went through, and returns what there is to watch.
    ///
    /// # Errors
    ///
    /// Networks that left the finite numbers.
    pub fn update(&mut self, experience: &Experience, rewards: &AgentRewards, round: u64) -> Result<Scalars> {
        if let Self::Trpo(trpo) = self {
            let report = trpo.update(experience, rewards).map_err(|error| error.at(round))?;
            if let Some(warning) = report.warning {
                log::warn!("round {round}: {warning}");
            }
            return Ok(watched(report.scalars()));
        }
        let report = match self {
            Self::Trpo(_) => return Ok(Scalars::new()),
            Self::A2cMlp(a2c) => a2c.update(experience, rewards),
            Self::A2cConv(a2c) => a2c.update(experience, rewards),
        };
        Ok(watched(report.map_err(|error| error.at(round))?.scalars()))
    }

    /// Adds everything that [`restore`](Self::restore) needs to a checkpoint.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        each!(self, agent => agent.save(checkpoint))
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        each!(self, agent => agent.restore(checkpoint))
    }
}

/// What of a report a reader of the run watches.
fn watched(mut scalars: Scalars) -> Scalars {
    const WATCHED: [&str; 7] = [
        "kl",
        "accepted",
        "entropy",
        "gradient_norm",
        "value_loss",
        "explained_variance",
        "policy_loss",
    ];
    scalars.retain(|(name, _)| WATCHED.contains(&name.as_str()));
    scalars
}

/// Sizes of a task's pictures, `[channels, height, width]`.
fn picture(task: &Task) -> Result<[usize; 3], ConfigError> {
    match task.observation.shape[..] {
        [channels, height, width] => Ok([channels, height, width]),
        _ => Err(ConfigError::invalid(
            "agent.network.kind",
            format!("`{}` shows no picture: use `kind = 'mlp'`", task.name),
        )),
    }
}
