//! One update of a model: draws, loss, gradients, Adam (the authors' code).

use burn::{
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    Result, checkpoint,
    optim::Adam,
    random::Streams,
    training::{Measured, read_terms},
};
use serde::{Deserialize, Serialize};

use crate::{
    data::Batch,
    network::Network,
    objective::{Counts, ObjectiveConfig},
};

/// Settings of Adam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearnerConfig {
    /// Learning rate of the first update.
    pub rate: f64,
    /// The rate is multiplied by this ...
    pub decay: f64,
    /// ... after each so many epochs, where an epoch is a pass over the examples without labels ...
    pub decay_every: u64,
    /// ... but not below this share of the first.
    pub least: f64,
    /// Elements of gradients are brought into ± this; 0 for no bound.
    pub clip: f64,
}

impl Default for LearnerConfig {
    /// The authors' settings.
    fn default() -> Self {
        Self {
            rate: 3e-4,
            decay: 0.75,
            decay_every: 200,
            least: 0.1,
            clip: 1.0,
        }
    }
}

impl LearnerConfig {
    /// The rate in epoch number `epoch`, from 0.
    pub fn rate_in(&self, epoch: u64) -> f64 {
        let decays = epoch.checked_div(self.decay_every).unwrap_or(0);
        self.rate * self.decay.powf(decays as f64).max(self.least)
    }

    fn optimizer(&self) -> ModuleOptimizer {
        let adam = Adam {
            clip: (self.clip > 0.0).then_some(self.clip),
            ..Adam::as_burn()
        };
        adam.init()
    }
}

/// When an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Its number in the run, which says what is drawn.
    pub step: u64,
    /// Updates that the weights have had before, which schedules go by.
    pub age: u64,
    /// The same in passes over the examples without labels.
    pub epoch: u64,
}

/// Terms of a loss.
pub(crate) struct Terms {
    /// What is minimized, `[1]`.
    pub(crate) loss: Tensor<1>,
    /// What is told of it, `[1]` each.
    pub(crate) named: Vec<(&'static str, Tensor<1>)>,
}

/// A model and what learns its weights.
pub struct Learner {
    network: Network,
    optimizer: ModuleOptimizer,
    config: LearnerConfig,
    objective: ObjectiveConfig,
    counts: Counts,
}

impl Learner {
    /// Takes a network whose weights are on a tape; `counts` are those of the training set.
    pub fn new(network: Network, config: &LearnerConfig, objective: &ObjectiveConfig, counts: Counts) -> Self {
        Self {
            optimizer: config.optimizer(),
            config: config.clone(),
            objective: objective.clone(),
            network,
            counts,
        }
    }

    /// The network that learns.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Puts another network in its place; the optimizer begins anew.
    pub(crate) fn replace(&mut self, network: Network) {
        self.network = network;
        self.optimizer = self.config.optimizer();
    }

    /// Learns from a batch.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device, and a loss that is not finite; the weights are what they were then.
    pub fn step(&mut self, batch: &Batch, streams: &Streams, moment: Moment) -> Result<Measured> {
        let terms = self
            .network
            .terms(batch, &self.objective, self.counts, streams, moment)?;
        let loss = self.with_weight_prior(terms.loss);
        self.descend(loss, terms.named, moment)
    }

    /// Learns to reconstruct a batch without noise, as VaDE begins.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn pretrain(&mut self, batch: &Batch, moment: Moment) -> Result<Measured> {
        let loss = self.network.reconstruction_loss(batch);
        self.descend(loss, Vec::new(), moment)
    }

    /// α times the number of examples for each one with a label.
    pub fn effective_alpha(&self) -> f64 {
        self.objective.effective_alpha(self.counts)
    }

    fn descend(&mut self, loss: Tensor<1>, named: Vec<(&'static str, Tensor<1>)>, moment: Moment) -> Result<Measured> {
        let measured = read_terms(named.into_iter().chain([("loss", loss.clone())]).collect(), moment.step)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        let rate = self.config.rate_in(moment.epoch);
        self.network = self.optimizer.step(rate, self.network.clone(), gradients);
        Ok(measured)
    }

    fn with_weight_prior(&self, loss: Tensor<1>) -> Tensor<1> {
        if self.objective.weight_prior == 0.0 {
            return loss;
        }
        let weight = self.objective.weight_prior / self.counts.all() as f64;
        loss - self.network.weight_log_density() * weight
    }

    /// Adds the network and the optimizer's memory to a checkpoint.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.module("network", &self.network.clone().valid())?;
        checkpoint.optimizer("optimizer", &self.optimizer)
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.network = checkpoint.module("network", self.network.clone())?;
        self.optimizer = checkpoint.optimizer("optimizer", self.optimizer.clone())?;
        Ok(())
    }
}

impl std::fmt::Debug for Learner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learner")
            .field("config", &self.config)
            .field("objective", &self.objective)
            .finish_non_exhaustive()
    }
}
