use burn::{
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    base::metrics::{mean, population_variance},
    checkpoint,
    optim::Adam,
    random::Streams,
};
use rayon::prelude::*;

use super::{TrpoConfig, conjugate_gradient::dot};
use crate::policy::{AgentError, Value};

/// A value network and what its optimizer remembers.
#[derive(Clone)]
pub(super) struct ValueFit<V> {
    model: V,
    optimizer: ModuleOptimizer,
}

impl<V: Value> ValueFit<V> {
    pub(super) fn new(model: V) -> Self {
        Self {
            model: model.train(),
            optimizer: Adam::as_burn().init(),
        }
    }

    pub(super) fn model(&self) -> &V {
        &self.model
    }

    /// What observations are worth, given in pieces of `[batch, size]`.
    pub(super) fn values(&self, pieces: Vec<Tensor<2>>) -> Result<Vec<f64>, AgentError> {
        let values = |model: &mut V, piece| Ok(model.values(piece).try_into_vec_as::<f64>()?);
        let pieces = pieces.into_par_iter().map_with(self.model.valid(), values);
        let values: Result<Vec<Vec<f64>>, AgentError> = pieces.collect();
        Ok(values?.concat())
    }

    /// Fits the network to `targets`, in an order that follows from `streams` and `update`.
    pub(super) fn fit(
        &mut self,
        config: &TrpoConfig,
        observations: &[f32],
        targets: &[f64],
        streams: &Streams,
        update: u64,
    ) {
        let Some(device) = self.model.devices().into_iter().next() else {
            return;
        };
        let device = device.inner();
        let rows = targets.len();
        let size = observations.len() / rows.max(1);
        for epoch in 0..config.value_epochs as u64 {
            let order = streams.permutation("value minibatches", update * config.value_epochs as u64 + epoch, rows);
            let mut shuffled = Vec::with_capacity(observations.len());
            for &row in &order {
                shuffled.extend_from_slice(&observations[row * size..(row + 1) * size]);
            }
            let wanted: Vec<f32> = order.iter().map(|&row| targets[row] as f32).collect();
            let shuffled = Tensor::<2>::from_data(TensorData::new(shuffled, [rows, size]), &device);
            let wanted = Tensor::<1>::from_data(TensorData::new(wanted, [rows]), &device);
            for start in (0..rows).step_by(config.value_batch) {
                let length = config.value_batch.min(rows - start);
                let batch = shuffled.clone().narrow(0, start, length);
                self.step(config, batch, wanted.clone().narrow(0, start, length));
            }
        }
    }

    fn step(&mut self, config: &TrpoConfig, observations: Tensor<2>, targets: Tensor<1>) {
        let loss = (self.model.values(observations) - targets).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self
            .optimizer
            .step(config.value_learning_rate, self.model.clone(), gradients);
    }

    pub(super) fn save(&self, checkpoint: &mut checkpoint::Writer) -> papers_core::Result<()> {
        checkpoint.module("value", &self.model.valid())?;
        checkpoint.optimizer("value", &self.optimizer)
    }

    pub(super) fn restore(&mut self, checkpoint: &checkpoint::Reader) -> papers_core::Result<()> {
        let model = checkpoint.module("value", self.model.clone())?;
        self.optimizer = checkpoint.optimizer("value", self.optimizer.clone())?;
        self.model = model;
        Ok(())
    }
}

/// How well values predict returns.
pub(super) struct Quality {
    /// Mean squared error.
    pub(super) loss: f64,
    /// Share of the returns' variance; nothing where there is none.
    pub(super) explained_variance: Option<f64>,
    /// Mean of the returns.
    pub(super) mean_return: f64,
}

impl Quality {
    pub(super) fn of(values: &[f64], returns: &[f64]) -> Self {
        let errors: Vec<f64> = returns
            .iter()
            .zip(values)
            .map(|(wanted, value)| wanted - value)
            .collect();
        let variance = population_variance(returns);
        Self {
            loss: dot(&errors, &errors) / errors.len().max(1) as f64,
            explained_variance: (variance > 0.0).then(|| 1.0 - population_variance(&errors) / variance),
            mean_return: mean(returns),
        }
    }
}
