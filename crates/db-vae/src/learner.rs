//! One update: draws, combined loss, gradients, Adam.

use burn::{
    module::Module as _,
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    Result, checkpoint,
    nn::Statistics,
    optim::Adam,
    training::{Measured, read_terms},
};
use serde::{Deserialize, Serialize};

use crate::{
    model::DbVae,
    objective::{DebiasMask, ObjectiveConfig},
};

/// Settings of Adam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearnerConfig {
    /// Learning rate.
    pub rate: f64,
}

impl Default for LearnerConfig {
    /// The reproduction's setting.
    fn default() -> Self {
        Self { rate: 1e-3 }
    }
}

/// A batch on a device.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[batch, rows, columns, channels]`, values in `[0, 1]`.
    pub pictures: Tensor<4>,
    /// `[batch, labels]`, 0 or 1.
    pub labels: Tensor<2>,
    /// The rows to debias.
    pub mask: DebiasMask,
    /// Standard normal, `[rows to debias, latent]`.
    pub noise: Tensor<2>,
}

/// A network and what learns its weights.
pub struct Learner {
    network: DbVae,
    optimizer: ModuleOptimizer,
    config: LearnerConfig,
    objective: ObjectiveConfig,
}

impl Learner {
    /// Takes a network whose weights are on a tape.
    pub fn new(network: DbVae, config: &LearnerConfig, objective: &ObjectiveConfig) -> Self {
        Self {
            optimizer: Adam::as_burn().init(),
            config: config.clone(),
            objective: objective.clone(),
            network,
        }
    }

    /// The network that learns.
    pub fn network(&self) -> &DbVae {
        &self.network
    }

    /// Learns from a batch, update number `step` of a run.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device, and a term of the loss that is not finite; the weights are what they were then.
    pub fn step(&mut self, batch: Batch, step: u64) -> Result<Measured> {
        let encoded = self.network.encode(batch.pictures.clone(), Statistics::Update);
        let losses = self.objective.losses(
            &encoded,
            batch.pictures,
            batch.labels,
            &batch.mask,
            batch.noise,
            |latents| self.network.decode(latents),
        );
        let loss = self.objective.total(&losses);
        let mut named = vec![("classification", losses.classification.mean())];
        if let Some(variational) = losses.variational {
            named.push(("reconstruction", variational.reconstruction.mean()));
            named.push(("divergence", variational.divergence.mean()));
        }
        named.push(("loss", loss.clone()));
        let measured = read_terms(named, step)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        self.network = self.optimizer.step(self.config.rate, self.network.clone(), gradients);
        Ok(measured)
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
