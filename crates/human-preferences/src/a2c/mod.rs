//! Advantage actor-critic, the synchronous form of A3C (Mnih et al. 2016), which the paper trains Atari games with.

mod config;
mod gradients;
mod report;

pub use self::{
    config::{A2cConfig, A2cOptimizer},
    report::A2cReport,
};

use std::fmt;

use burn::{
    optim::{GradientsParams, ModuleOptimizer, RmsPropConfig},
    prelude::*,
};
use papers_core::{
    base::{config::ConfigError, metrics::mean},
    checkpoint,
    optim::Adam,
};
use serde::{Deserialize, Serialize};

use crate::{
    experience::{AgentRewards, Experience},
    policy::{ActorCritic, Acts, AgentError, HostDistribution, Samples, device_of, require_finite, upload},
};

/// An agent that learns by A2C.
#[derive(Clone)]
pub struct A2c<M> {
    config: A2cConfig,
    /// On the tape.
    training: M,
    /// The same off the tape.
    model: M,
    optimizer: ModuleOptimizer,
    state: State,
}

/// What a checkpoint holds besides weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    updates: u64,
    /// Of all environments together.
    steps: u64,
}

impl<M: ActorCritic> A2c<M> {
    /// Takes over a network.
    ///
    /// # Errors
    ///
    /// What [`A2cConfig::validate`] refuses.
    pub fn new(model: M, config: &A2cConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let (decay, epsilon) = (config.decay as f32, config.epsilon as f32);
        let optimizer = match config.optimizer {
            // Burn's default has a momentum.
            A2cOptimizer::RmsProp => RmsPropConfig::new()
                .with_alpha(decay)
                .with_momentum(0.0)
                .with_epsilon(epsilon)
                .init(),
            A2cOptimizer::Adam => Adam {
                beta_2: config.decay,
                epsilon: config.epsilon,
                ..Adam::as_burn()
            }
            .init(),
        };
        let training = model.clone().train();
        Ok(Self {
            config: config.clone(),
            training,
            model: model.valid(),
            optimizer,
            state: State::default(),
        })
    }

    /// The network, off the tape.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.state.updates
    }

    /// Makes one update from what the present policy experienced; the learning rate follows from all steps before.
    ///
    /// # Errors
    ///
    /// Experience or rewards that do not fit, or are not finite; a network that left the finite numbers. Nothing has
    /// changed then.
    ///
    /// # Panics
    ///
    /// If observations have another size than the network takes.
    pub fn update(&mut self, experience: &Experience, rewards: &AgentRewards) -> Result<A2cReport, AgentError> {
        let samples = Samples::new(experience, rewards)?;
        let device = device_of(&self.model);
        let rows = samples.steps();
        let (distribution, values) = self.training.forward(upload(samples.observations(), rows, &device));
        samples.check_actions(&distribution)?;
        let (advantages, returns) = self.advantages(&samples, &values)?;
        let mean_return = mean(&returns);

        let column = |numbers: Vec<f64>| {
            let numbers: Vec<f32> = numbers.into_iter().map(|number| number as f32).collect();
            Tensor::<1>::from_data(TensorData::new(numbers, [rows]), &device)
        };
        let actions = upload(&samples.actions(), rows, &device);
        let policy_loss = (distribution.log_probability(actions) * column(advantages))
            .mean()
            .neg();
        let value_loss = (values - column(returns)).square().mean();
        let entropy = distribution.entropy().mean();
        let loss = policy_loss.clone() + value_loss.clone() * self.config.value_coefficient
            - entropy.clone() * self.config.entropy_bonus;
        let gradients = GradientsParams::from_grads(loss.backward(), &self.training);

        // One read of the device for all.
        let square_norm = gradients::square_norm(&gradients, &self.training);
        let numbers = [policy_loss, value_loss, entropy].map(Tensor::inner);
        let numbers = Tensor::cat([numbers.to_vec(), vec![square_norm]].concat(), 0).try_into_vec_as::<f64>()?;
        let report = A2cReport {
            policy_loss: numbers[0],
            value_loss: numbers[1],
            entropy: numbers[2],
            gradient_norm: numbers[3].sqrt(),
            learning_rate: self.config.rate_after(self.state.steps),
            mean_return,
        };
        require_finite("policy_loss", report.policy_loss)?;
        require_finite("value_loss", report.value_loss)?;
        require_finite("gradient_norm", report.gradient_norm)?;
        self.step(gradients, &report);
        self.state = State {
            updates: self.state.updates + 1,
            steps: self.state.steps + rows as u64,
        };
        Ok(report)
    }

    /// n-step returns, and by how much they exceed the values.
    fn advantages(&self, samples: &Samples<'_>, values: &Tensor<1>) -> Result<(Vec<f64>, Vec<f64>), AgentError> {
        let open_ends = samples.open_ends();
        let open_ends = upload(&open_ends, open_ends.len() / samples.size, &device_of(&self.model));
        let open_values = self.model.forward(open_ends).1.try_into_vec_as::<f64>()?;
        let values = values.clone().inner().try_into_vec_as::<f64>()?;
        let mut returns = Vec::with_capacity(values.len());
        samples.for_each_environment(&open_values, |_, trajectory| {
            returns.extend(trajectory.returns(self.config.discount));
        });
        let advantages = returns.iter().zip(&values).map(|(wanted, value)| wanted - value);
        Ok((advantages.collect(), returns))
    }

    fn step(&mut self, gradients: GradientsParams, report: &A2cReport) {
        let longest = self.config.gradient_norm;
        let gradients = if report.gradient_norm > longest {
            gradients::scale(gradients, &self.training, longest / report.gradient_norm)
        } else {
            gradients
        };
        self.training = self
            .optimizer
            .step(report.learning_rate, self.training.clone(), gradients);
        self.model = self.training.valid();
    }

    /// Adds everything that [`restore`](Self::restore) needs to a checkpoint: the module and the optimizer
    /// `actor_critic`, and `a2c`.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> papers_core::Result<()> {
        checkpoint.module("actor_critic", &self.model)?;
        checkpoint.optimizer("actor_critic", &self.optimizer)?;
        checkpoint.json("a2c", &self.state)
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> papers_core::Result<()> {
        let training = checkpoint.module("actor_critic", self.training.clone())?;
        let optimizer = checkpoint.optimizer("actor_critic", self.optimizer.clone())?;
        self.state = checkpoint.json("a2c")?;
        self.model = training.valid();
        self.training = training;
        self.optimizer = optimizer;
        Ok(())
    }
}

impl<M: ActorCritic> Acts for A2c<M> {
    fn decide(&self, observations: &[f32], environments: usize) -> Result<HostDistribution, AgentError> {
        let observations = upload(observations, environments, &device_of(&self.model));
        self.model.forward(observations).0.into_host()
    }
}

impl<M: fmt::Debug> fmt::Debug for A2c<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("A2c")
            .field("config", &self.config)
            .field("model", &self.model)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
