//! The evidence lower bound, per sample.

use std::f64::consts::TAU;

use burn::prelude::*;
use papers_core::distributions::DiagonalGaussian;

use super::{model::LatentOde, spirals::Batch};
use crate::{BackwardStatistics, Failure, Solver, Statistics, gradient::BackwardReport};

/// The two terms of the evidence lower bound, in nats, `[batch]` each.
#[derive(Debug, Clone)]
pub struct Elbo {
    /// `Σ log p(x_k | z(t_k))` over the observations of a sample, at one draw of `z(t_0)` from its posterior.
    pub log_likelihood: Tensor<1>,
    /// `KL(q(z(t_0) | x) ‖ N(0, I))`.
    pub kl: Tensor<1>,
    /// What the solve took.
    pub statistics: Statistics,
    report: BackwardReport,
}

impl Elbo {
    /// What differentiating took, as of [`Solution::backward`](crate::Solution::backward).
    pub fn backward(&self) -> Option<BackwardStatistics> {
        self.report.get()
    }

    /// The bound of each sample, `[batch]`.
    pub fn per_sample(&self) -> Tensor<1> {
        self.log_likelihood.clone() - self.kl.clone()
    }
}

/// The evidence lower bound of the observations of a batch, at the posterior samples that `noise` stands for.
///
/// The batch is solved once, at the union of all observed times, counted from
/// the first observation of each sample; of the states, only those that a sample was observed
/// at are decoded.
///
/// # Shapes
///
/// - noise: `[batch, latent]`, standard normal
///
/// # Errors
///
/// What the solver reports.
pub fn elbo(
    model: &LatentOde,
    solver: &Solver,
    batch: &Batch,
    noise: Tensor<2>,
    deviation: f64,
) -> Result<Elbo, Failure<Tensor<2>>> {
    let posterior: DiagonalGaussian<2> = model.recognition.forward(batch.positions_and_gaps());
    let solution = model.solve(solver, posterior.sample(noise), &batch.times)?;
    // [times · batch, latent] -> [observations · batch, latent]
    let observed = Tensor::cat(solution.states, 0).select(0, batch.rows.clone());
    let predicted = model.decoder.forward(observed).reshape(batch.positions.shape());
    Ok(Elbo {
        log_likelihood: log_likelihood(batch.positions.clone(), predicted, deviation),
        kl: posterior.kl_to_standard_normal().sum_dim(1).squeeze_dim(1),
        statistics: solution.statistics,
        report: solution.report,
    })
}

/// `log p(observed | predicted)` of each sample under independent Gaussians with one standard deviation, in nats.
///
/// # Shapes
///
/// - observed, predicted: `[observations, batch, coordinates]`
/// - output: `[batch]`
pub fn log_likelihood(observed: Tensor<3>, predicted: Tensor<3>, deviation: f64) -> Tensor<1> {
    let [observations, batch, coordinates] = observed.dims();
    let variance = deviation * deviation;
    let normalizer = (observations * coordinates) as f64 * (TAU * variance).ln();
    let squared = (observed - predicted).square().sum_dim(0).sum_dim(2).reshape([batch]);
    (squared / variance + normalizer) * -0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Method,
        latent_ode::{
            model::Sizes,
            spirals::{Curves, SpiralSet, Split},
        },
    };
    use papers_core::{
        random::Streams,
        testing::{self, assert_close, tensor_f64, values},
    };

    #[test]
    fn likelihood_is_summed_over_observations_and_coordinates() {
        let device = testing::device();
        // Two observations of one sample, off by 1 and 2 in one coordinate each.
        let observed = tensor_f64(vec![1.0, 0.0, 0.0, 2.0], [2, 1, 2], &device);
        let predicted = observed.zeros_like();
        // -½·(1 + 4)/0.25 - 4·½·ln(2π·0.25).
        let expected = -10.0 - 2.0 * (TAU * 0.25).ln();
        assert_close(&values(log_likelihood(observed, predicted, 0.5)), &[expected], 1e-14);
    }

    #[test]
    fn times_that_only_others_are_observed_at_do_not_matter() {
        let device = testing::device();
        let streams = Streams::new(4);
        let sizes = Sizes {
            latent: 3,
            recurrent: 5,
            dynamics: 6,
            decoder: 4,
        };
        let model = streams.initialize("model", &device, || LatentOde::new(&sizes, &device));
        let set = SpiralSet::draw(Curves::default(), Split::Train, 4, 7, 0.1, &streams);
        // Steps that do not depend on the times of the batch.
        let solver = Solver::new(Method::Rk4).step_size(2.0 * set.curves().spacing());
        let noise = streams.normal("noise", 0, [4, 3], &device);
        let bound = |indices: &[usize], noise| {
            let elbo = elbo(&model, &solver, &set.batch(indices, &device), noise, 0.1).expect("solved");
            values(elbo.per_sample())
        };
        let together = bound(&set.all(), noise.clone());
        for (index, expected) in together.into_iter().enumerate() {
            let alone = bound(&[index], noise.clone().narrow(0, index, 1));
            assert_close(&alone, &[expected], 1e-4);
        }
    }
}
