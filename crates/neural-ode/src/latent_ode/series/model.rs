//! The latent ODE of series with gaps.

use burn::{
    module::Param,
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::distributions::DiagonalGaussian;

use super::table::Series;
use crate::{
    SampleDynamics, Samples, SolveError, Solver,
    latent_ode::{
        model::{Decoder, LatentDynamics, Sizes},
        recurrent::Recurrence,
    },
};

/// The deviation of the likelihood in the beginning, in units of that of the data.
const DEVIATION: f32 = 0.3;
/// Deviations are at least this, so that the likelihood stays bounded.
const LEAST_DEVIATION: f64 = 1e-3;

/// How numbers and times of a table become those of the model, and back.
#[derive(Debug, Clone, PartialEq)]
pub struct Scales {
    /// Mean of each column.
    pub means: Vec<f64>,
    /// Standard deviation of each column; 1 for constants.
    pub deviations: Vec<f64>,
    /// One unit of the model's time in that of the table: a fifth of the longest span.
    pub time: f64,
}

impl Scales {
    /// Of some series.
    pub fn of(series: &[Series]) -> Self {
        let columns = series[0].values[0].len();
        let column = |index: usize| -> Vec<f64> {
            let rows = series.iter().flat_map(|series| &series.values);
            rows.filter_map(|row| row[index]).collect()
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let (mut means, mut deviations) = (Vec::new(), Vec::new());
        for index in 0..columns {
            let values = column(index);
            let center = mean(&values);
            let squares: Vec<f64> = values.iter().map(|value| (value - center).powi(2)).collect();
            let deviation = mean(&squares).sqrt();
            means.push(center);
            deviations.push(if deviation > 1e-12 * center.abs().max(1e-300) {
                deviation
            } else {
                1.0
            });
        }
        let longest = series.iter().map(Series::span).fold(0.0, f64::max);
        Self {
            means,
            deviations,
            time: if longest > 0.0 { longest / 5.0 } else { 1.0 },
        }
    }

    /// A value of a column in units of the model.
    fn scaled(&self, column: usize, value: f64) -> f64 {
        (value - self.means[column]) / self.deviations[column]
    }

    /// A value of the model in units of a column.
    pub fn restored(&self, column: usize, value: f64) -> f64 {
        value * self.deviations[column] + self.means[column]
    }
}

/// Series of different lengths side by side.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Values, zero where there are none, `[observations, batch, columns]`.
    pub values: Tensor<3>,
    /// 1 where there is a value.
    pub mask: Tensor<3>,
    /// Time until the next observation, 0 for the last one, `[observations, batch, 1]`.
    pub gaps: Tensor<3>,
    /// 1 where the series has an observation at all, `[observations, batch, 1]`.
    pub exists: Tensor<3>,
    /// Times of each series from its first observation.
    pub times: Vec<Vec<f64>>,
}

impl Batch {
    /// Of series with at least two observations each.
    pub fn new(series: &[&Series], scales: &Scales, device: &Device) -> Self {
        let longest = series.iter().map(|series| series.times.len()).max().unwrap_or(0);
        let (size, columns) = (series.len(), scales.means.len());
        let (mut values, mut mask, mut gaps, mut exists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for step in 0..longest {
            for series in series {
                let row = series.values.get(step);
                for column in 0..columns {
                    let value = row.and_then(|row| row[column]);
                    values.push(value.map_or(0.0, |value| scales.scaled(column, value)) as f32);
                    mask.push(f32::from(value.is_some()));
                }
                let gap = match (series.times.get(step), series.times.get(step + 1)) {
                    (Some(time), Some(next)) => (next - time) / scales.time,
                    _ => 0.0,
                };
                gaps.push(gap as f32);
                exists.push(f32::from(row.is_some()));
            }
        }
        let tensor =
            |data: Vec<f32>, features| Tensor::from_data(TensorData::new(data, [longest, size, features]), device);
        let since_first = |series: &&Series| {
            let first = series.times[0];
            series.times.iter().map(|time| (time - first) / scales.time).collect()
        };
        Self {
            values: tensor(values, columns),
            mask: tensor(mask, columns),
            gaps: tensor(gaps, 1),
            exists: tensor(exists, 1),
            times: series.iter().map(since_first).collect(),
        }
    }
}

/// A generative model of series: `z(t_0) ~ N(0, I)`, `dz/dt = f(z)`, `x(t) ~ N(decoder(z(t)), σ²)` with a learned
/// deviation for each column.
#[derive(Module, Debug)]
pub struct SeriesModel {
    /// Reads values, which of them there are, and gaps, backwards in time.
    pub recurrence: Recurrence,
    /// From its last state to mean and log-variance.
    pub posterior: Linear,
    /// The latent dynamics.
    pub dynamics: LatentDynamics,
    /// From latent states to values.
    pub decoder: Decoder,
    /// Of the deviations, `[columns]`.
    pub log_deviation: Param<Tensor<1>>,
}

/// The evidence lower bound of a batch and its terms, `[batch]` each.
#[derive(Debug, Clone)]
pub struct Bound {
    /// `Σ log p(x | z)` over what was observed.
    pub log_likelihood: Tensor<1>,
    /// `KL(q ‖ N(0, I))`.
    pub kl: Tensor<1>,
    /// Calls of the dynamics.
    pub calls: usize,
}

impl SampleDynamics<2> for LatentDynamics {
    fn evaluate(&self, _at: &Samples<'_>, state: Tensor<2>) -> Tensor<2> {
        crate::Dynamics::evaluate(self, 0.0, state)
    }
}

impl SeriesModel {
    /// Fresh networks.
    pub fn new(columns: usize, sizes: &Sizes, device: &Device) -> Self {
        Self {
            recurrence: Recurrence::new(2 * columns + 1, sizes.recurrent, device),
            posterior: LinearConfig::new(sizes.recurrent, 2 * sizes.latent).init(device),
            dynamics: LatentDynamics::new(sizes.latent, sizes.dynamics, device),
            decoder: Decoder::new(sizes.latent, sizes.decoder, columns, device),
            log_deviation: Param::from_tensor(Tensor::full([columns], DEVIATION.ln(), device)),
        }
    }

    /// `q(z(t_0) | x)`. What a series does not have, and what others have more, leaves no trace in its state.
    pub fn recognize(&self, batch: &Batch) -> DiagonalGaussian<2> {
        let inputs = Tensor::cat(vec![batch.values.clone(), batch.mask.clone(), batch.gaps.clone()], 2);
        let [steps, size, _] = inputs.dims();
        let mut state = Tensor::zeros([size, self.recurrence.hidden()], &inputs.device());
        for step in (0..steps).rev() {
            let at = |tensor: &Tensor<3>| tensor.clone().narrow(0, step, 1).squeeze_dim::<2>(0);
            let exists = at(&batch.exists);
            let next = self.recurrence.step(at(&inputs), state.clone());
            state = state.clone() + (next - state) * exists;
        }
        DiagonalGaussian::from_halves(self.posterior.forward(state))
    }

    /// Standard deviations of the columns, `[1, 1, columns]`.
    pub fn deviation(&self) -> Tensor<3> {
        (self.log_deviation.val().exp() + LEAST_DEVIATION).unsqueeze()
    }

    /// The bound at the posterior draws that `noise` stands for, `[batch, latent]`.
    ///
    /// # Errors
    ///
    /// What the solver reports, of any series.
    pub fn bound(&self, solver: &Solver, batch: &Batch, noise: Tensor<2>) -> Result<Bound, SolveError> {
        let posterior = self.recognize(batch);
        let (states, calls) = self.solve(solver, posterior.sample(noise), batch.times.clone())?;
        let predicted = self.decoder.forward(states);
        let deviation = self.deviation();
        let scaled = (batch.values.clone() - predicted) / deviation.clone();
        let terms = (scaled.square() + deviation.log() * 2.0 + std::f64::consts::TAU.ln()) * -0.5;
        let [_, size, _] = batch.values.dims();
        Ok(Bound {
            log_likelihood: (terms * batch.mask.clone()).sum_dim(0).sum_dim(2).reshape([size]),
            kl: posterior.kl_to_standard_normal().sum_dim(1).squeeze_dim(1),
            calls,
        })
    }

    /// The latent states of each sample at its times, `[times, batch, latent]`, and the calls it took.
    ///
    /// # Errors
    ///
    /// The first failure of a sample.
    pub fn solve(
        &self,
        solver: &Solver,
        initial: Tensor<2>,
        times: Vec<Vec<f64>>,
    ) -> Result<(Tensor<3>, usize), SolveError> {
        let solution = solver.solve_samples_module(&self.dynamics, initial, times)?;
        match solution.errors.into_iter().flatten().next() {
            Some(error) => Err(error),
            None => Ok((Tensor::stack(solution.states, 0), solution.calls)),
        }
    }
}
