//! Trust region policy optimization (Schulman et al. 2015), which the paper trains robots with.
//!
//! The policy moves along the natural gradient, as far as a bound on its KL divergence from itself allows. Products with
//! the Fisher matrix need no second derivative: see [`TangentPolicy`].

mod config;
mod conjugate_gradient;
mod line_search;
mod report;
mod step;
mod surrogate;
mod value_fit;

pub use self::{
    config::TrpoConfig,
    conjugate_gradient::{Solution, conjugate_gradient},
    line_search::{Search, Trial, is_accepted, line_search},
    report::{TrpoReport, TrpoWarning},
    surrogate::{Evaluation, SampleTensors, Surrogate},
};

use std::fmt;

use burn::prelude::*;
use papers_core::{base::config::ConfigError, checkpoint, random::Streams};
use serde::{Deserialize, Serialize};

use self::{
    step::improve,
    value_fit::{Quality, ValueFit},
};
use crate::{
    experience::{AgentRewards, Experience},
    policy::{
        Acts, AgentError, HostDistribution, Samples, TangentPolicy, Value, device_of, is_host, require_finite, upload,
    },
    returns::normalize,
};

/// Samples of a piece on CPUs: its activations stay in a core's own cache.
const PIECE: usize = 512;

/// An agent that learns by TRPO: a policy and a value network.
#[derive(Clone)]
pub struct Trpo<P, V> {
    config: TrpoConfig,
    streams: Streams,
    policy: P,
    value: ValueFit<V>,
    state: State,
}

/// What a checkpoint holds besides weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    updates: u64,
    rejections: u64,
}

impl<P: TangentPolicy, V: Value> Trpo<P, V> {
    /// Takes over both networks. What is random in updates follows from `streams`.
    ///
    /// # Errors
    ///
    /// What [`TrpoConfig::validate`] refuses.
    pub fn new(policy: P, value: V, config: &TrpoConfig, streams: Streams) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            config: config.clone(),
            streams,
            policy: policy.valid(),
            value: ValueFit::new(value),
            state: State::default(),
        })
    }

    /// The policy, off the tape.
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// The value network, on the tape.
    pub fn value(&self) -> &V {
        self.value.model()
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.state.updates
    }

    /// Makes one update from what the present policy experienced.
    ///
    /// # Errors
    ///
    /// Experience or rewards that do not fit, or are not finite; networks that left the finite numbers. Nothing has
    /// changed then.
    ///
    /// # Panics
    ///
    /// If observations have another size than the networks take.
    pub fn update(&mut self, experience: &Experience, rewards: &AgentRewards) -> Result<TrpoReport, AgentError> {
        let samples = Samples::new(experience, rewards)?;
        let observations = self.pieces(samples.observations(), samples.steps());
        let first = observations[0].clone().narrow(0, 0, 1);
        samples.check_actions(&self.policy.distribution(first))?;

        let values = self.value.values(observations.clone())?;
        let open_ends = samples.open_ends();
        let open_ends = self.pieces(&open_ends, open_ends.len() / samples.size);
        let open_values = self.value.values(open_ends)?;
        let (mut advantages, mut returns) = (Vec::new(), Vec::new());
        samples.for_each_environment(&open_values, |range, trajectory| {
            let found = trajectory.advantages(&values[range], self.config.discount, self.config.lambda);
            advantages.extend(found.advantages);
            returns.extend(found.returns);
        });
        normalize(&mut advantages);
        samples.leave_out(&mut advantages);

        let pieces = self.sample_tensors(&samples, observations.clone(), &advantages);
        let improved = improve(self.policy.clone(), pieces, &self.config, self.state.rejections)?;
        let mut value = self.value.clone();
        value.fit(
            &self.config,
            samples.observations(),
            &returns,
            &self.streams,
            self.state.updates,
        );
        let quality = Quality::of(&value.values(observations)?, &returns);
        require_finite("value_loss", quality.loss)?;

        self.state = State {
            updates: self.state.updates + 1,
            rejections: improved.rejections,
        };
        let report = TrpoReport::new(&improved, &Quality::of(&values, &returns), &quality);
        self.policy = improved.policy;
        self.value = value;
        Ok(report)
    }

    fn sample_tensors(
        &self,
        samples: &Samples<'_>,
        observations: Vec<Tensor<2>>,
        advantages: &[f64],
    ) -> Vec<SampleTensors> {
        let actions = self.pieces(&samples.actions(), samples.steps());
        let advantages: Vec<f32> = advantages.iter().map(|&advantage| advantage as f32).collect();
        let advantages = self.pieces(&advantages, samples.steps());
        let pieces = observations.into_iter().zip(actions).zip(advantages);
        let piece = |((observations, actions), advantages): ((Tensor<2>, Tensor<2>), Tensor<2>)| SampleTensors {
            observations,
            actions,
            advantages: advantages.squeeze_dim(1),
        };
        pieces.map(piece).collect()
    }

    /// Puts `rows` rows on the device, piece by piece.
    fn pieces(&self, values: &[f32], rows: usize) -> Vec<Tensor<2>> {
        let device = device_of(&self.policy);
        let piece = if is_host(&device) { PIECE } else { rows.max(1) };
        let size = values.len() / rows.max(1);
        let pieces = values.chunks(piece * size.max(1));
        pieces
            .map(|values| upload(values, values.len() / size, &device))
            .collect()
    }

    /// Adds everything that [`restore`](Self::restore) needs to a checkpoint: modules `policy` and `value`, the
    /// optimizer `value`, and `trpo`.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> papers_core::Result<()> {
        checkpoint.module("policy", &self.policy)?;
        self.value.save(checkpoint)?;
        checkpoint.json("trpo", &self.state)
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> papers_core::Result<()> {
        let policy = checkpoint.module("policy", self.policy.clone())?;
        let mut value = self.value.clone();
        value.restore(checkpoint)?;
        self.state = checkpoint.json("trpo")?;
        self.policy = policy;
        self.value = value;
        Ok(())
    }
}

impl<P: TangentPolicy, V: Value> Acts for Trpo<P, V> {
    fn decide(&self, observations: &[f32], environments: usize) -> Result<HostDistribution, AgentError> {
        let observations = upload(observations, environments, &device_of(&self.policy));
        self.policy.distribution(observations).into_host()
    }
}

impl<P: fmt::Debug, V: Value> fmt::Debug for Trpo<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trpo")
            .field("config", &self.config)
            .field("policy", &self.policy)
            .field("value", self.value.model())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
