//! Phase 1: the base network.

use burn::{
    module::Module as _,
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    Result, checkpoint,
    nn::{Statistics, decay_kernels},
    optim::Adam,
};

use crate::{
    config::BasePhaseConfig,
    data::Input,
    model::{Base, OutputKind},
    objective,
};

/// Photos with what is to be learned of them.
#[derive(Debug, Clone)]
pub struct BaseBatch {
    /// The photos.
    pub photos: Input,
    /// `[batch, bins]`, or `[batch, 1]` of scores.
    pub targets: Tensor<2>,
}

/// The base network and what learns its weights.
pub struct BaseLearner {
    base: Base,
    optimizer: ModuleOptimizer,
    output: OutputKind,
}

impl BaseLearner {
    /// Takes a network whose weights are on a tape.
    pub fn new(base: Base, output: OutputKind) -> Self {
        Self {
            base,
            optimizer: Adam::as_burn().init(),
            output,
        }
    }

    /// The network that learns.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Learns from a batch, update number `age` of the phase; returns the loss before it.
    ///
    /// # Errors
    ///
    /// A loss that cannot be read from the device.
    pub fn step(&mut self, batch: BaseBatch, age: u64, config: &BasePhaseConfig) -> Result<f64> {
        let predicted = self.base.forward(batch.photos, Statistics::Update);
        let loss = losses(self.output, predicted, batch.targets).mean();
        let value = f64::from(loss.clone().inner().try_into_scalar::<f32>()?);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.base);
        let rate = config.rate_at(age);
        let base = self.optimizer.step(rate, self.base.clone(), gradients);
        self.base = decay_kernels(base, 1.0 - config.weight_decay * rate);
        Ok(value)
    }

    /// Adds the network and the optimizer's memory to a checkpoint.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.module("base-learning", &self.base.clone().valid())?;
        checkpoint.optimizer("base-optimizer", &self.optimizer)
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.base = checkpoint.module("base-learning", self.base.clone())?;
        self.optimizer = checkpoint.optimizer("base-optimizer", self.optimizer.clone())?;
        Ok(())
    }
}

impl std::fmt::Debug for BaseLearner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BaseLearner")
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

/// What is minimized, of each photo.
fn losses(output: OutputKind, predicted: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    match output {
        OutputKind::Regression => objective::squared_error(predicted, targets),
        OutputKind::Classification => objective::cross_entropy(predicted, targets),
        OutputKind::Distribution | OutputKind::Voter => objective::divergence(predicted, targets),
        OutputKind::Emd => objective::earth_movers(predicted, targets),
    }
}

impl OutputKind {
    /// What is minimized, of each photo, where the network says `temporary` (shares, or the one number); on the host.
    pub fn host_loss(self, temporary: &[f64], target: &[f64]) -> f64 {
        let log = |share: f64| share.max(1e-30).ln();
        let pairs = || temporary.iter().zip(target);
        match self {
            Self::Regression => (temporary[0] - target[0]).powi(2),
            Self::Classification => -pairs().map(|(q, p)| p * log(*q)).sum::<f64>(),
            Self::Distribution | Self::Voter => pairs().map(|(q, p)| p * (log(*p) - log(*q))).sum(),
            Self::Emd => {
                let mut sum = 0.0;
                let squares = pairs().map(|(q, p)| {
                    sum += q - p;
                    sum * sum
                });
                (squares.sum::<f64>() / target.len() as f64).sqrt()
            }
        }
    }
}
