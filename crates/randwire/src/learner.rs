//! One update of a network: loss, gradients, descent (section 4).

use burn::{
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{Result, classification::argmax, nn::Statistics};

use crate::{
    config::TrainingConfig,
    network::{Damage, Mode},
    objective::smoothed_cross_entropy,
    train::Model,
};

/// A network and what learns its weights.
pub(crate) struct Learner {
    pub(crate) model: Model,
    pub(crate) optimizer: ModuleOptimizer,
    smoothing: f64,
    dropout: f64,
}

/// What an update found, before it changed the weights.
pub(crate) struct Update {
    pub(crate) loss: f64,
    /// Share of the pictures that were classified right.
    pub(crate) accuracy: f64,
}

impl Learner {
    /// Takes a model whose weights are on a tape.
    pub(crate) fn new(model: Model, training: &TrainingConfig) -> Self {
        Self {
            model,
            optimizer: training.sgd.into(),
            smoothing: training.smoothing,
            dropout: training.dropout,
        }
    }

    /// Learns from a batch at a learning rate, with an edge left out or none.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, height, width]`, off the tape
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub(crate) fn step(
        &mut self,
        images: Tensor<4>,
        labels: &[i32],
        dropped: Option<Damage>,
        rate: f64,
    ) -> Result<Update> {
        let mode = Mode {
            statistics: Statistics::Update,
            damage: dropped,
        };
        let logits = self.model.forward(images, mode, self.dropout);
        let classes = argmax(logits.clone())?;
        let right = classes.iter().zip(labels);
        let right = right.filter(|(class, label)| **class as i32 == **label).count();
        let targets = Tensor::from_data(TensorData::new(labels.to_vec(), [labels.len()]), &logits.device());
        let loss = smoothed_cross_entropy(logits, targets, self.smoothing);
        let value = f64::from(loss.clone().try_into_scalar::<f32>()?);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self.optimizer.step(rate, self.model.clone(), gradients);
        Ok(Update {
            loss: value,
            accuracy: right as f64 / labels.len() as f64,
        })
    }
}
