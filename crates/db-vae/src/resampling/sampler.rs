use serde::{Deserialize, Serialize};

use super::{ACTIVE_DIVERGENCE, InverseCdf, Resampling, ResamplingError, SamplingWeights};
use crate::latent_histogram::Latents;

/// Share of the rows below which an effective sample size is too small to learn from.
pub const SCARCE: f64 = 0.05;

/// Draws rows by where an encoder puts them: the method's second half, for any encoder and any data.
///
/// At first all rows are drawn alike. After each pass over the data give [`refresh`](Self::refresh) what the encoder says of every
/// row, in evaluation mode and without noise; [`rows`](Self::rows) then turns uniform numbers into rows.
///
/// ```
/// use db_vae::{latent_histogram::Latents, resampling::{DebiasingSampler, Resampling}};
///
/// let mut sampler = DebiasingSampler::new(Resampling::LabMax { smoothing: 0.001 }, 10, 4, 1)?;
/// // Three rows are alike, the fourth is not.
/// sampler.refresh(&Latents::new(vec![0.0, 0.1, 0.0, 3.0], 1)?, None)?;
/// assert!(sampler.weights().values()[3] > 0.4);
/// assert_eq!(sampler.rows([0.0, 0.99]), [0, 3]);
/// # Ok::<(), db_vae::resampling::ResamplingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct DebiasingSampler {
    strategy: Resampling,
    bins: usize,
    dimensions: usize,
    active_dimensions_only: bool,
    weights: SamplingWeights,
    draws: InverseCdf,
}

/// What there is to know of new weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SamplingReport {
    /// `1 / Σ w²`.
    pub effective_sample_size: f64,
    /// The greatest weight.
    pub greatest: f64,
    /// Rows that are drawn from.
    pub rows: usize,
    /// Latent dimensions that the weights are made of.
    pub dimensions: usize,
}

impl SamplingReport {
    /// Whether so few rows are drawn over and over that a detector forgets the others.
    pub fn is_scarce(&self) -> bool {
        self.effective_sample_size < SCARCE * self.rows as f64
    }
}

impl DebiasingSampler {
    /// Draws from so many rows, each with so many latent dimensions; histograms have so many bins.
    ///
    /// # Errors
    ///
    /// No rows, or settings out of their range.
    pub fn new(strategy: Resampling, bins: usize, rows: usize, dimensions: usize) -> Result<Self, ResamplingError> {
        strategy.validate()?;
        if bins == 0 {
            return Err(ResamplingError::Bins { bins });
        }
        let weights = SamplingWeights::uniform(rows)?;
        Ok(Self {
            active_dimensions_only: strategy.prefers_active_dimensions(),
            draws: weights.inverse_cdf(),
            strategy,
            bins,
            dimensions,
            weights,
        })
    }

    /// Leaves out dimensions that tell less than [`ACTIVE_DIVERGENCE`], or does not. By default only the products of the paper do.
    #[must_use]
    pub fn with_active_dimensions_only(mut self, only: bool) -> Self {
        self.active_dimensions_only = only;
        self
    }

    /// New weights by what the encoder says of every row. `groups` are the true groups, which only the oracle looks at.
    ///
    /// Without variances no dimension is left out. If all dimensions are collapsed they are all taken, with a warning.
    ///
    /// # Errors
    ///
    /// [`ResamplingError::Shape`] if there are other rows or dimensions than at first, and what
    /// [`Resampling::weights`] reports; the weights are what they were then.
    pub fn refresh(&mut self, latents: &Latents, groups: Option<&[usize]>) -> Result<SamplingReport, ResamplingError> {
        let (expected, found) = (
            [self.weights.len(), self.dimensions],
            [latents.rows(), latents.dimensions()],
        );
        if expected != found {
            return Err(ResamplingError::Shape {
                what: "latents",
                expected,
                found,
            });
        }
        let active = self.active(latents);
        let weights = match active.len() == self.dimensions {
            true => self.strategy.weights(latents, self.bins, groups)?,
            false => self.strategy.weights(&latents.select(&active), self.bins, groups)?,
        };
        let report = SamplingReport {
            effective_sample_size: weights.effective_sample_size(),
            greatest: weights.greatest(),
            rows: weights.len(),
            dimensions: active.len(),
        };
        self.set_weights(weights)?;
        Ok(report)
    }

    fn active(&self, latents: &Latents) -> Vec<usize> {
        let all = || (0..self.dimensions).collect();
        let Some(divergences) = latents.divergences().filter(|_| self.active_dimensions_only) else {
            return all();
        };
        let active: Vec<usize> = (0..self.dimensions)
            .filter(|&dimension| divergences[dimension] > ACTIVE_DIVERGENCE)
            .collect();
        if active.is_empty() {
            log::warn!(
                "all {} latent dimensions are collapsed: each tells less than {ACTIVE_DIVERGENCE} nats, so draws follow noise; a smaller \
                 weight of the divergence lets them tell more",
                self.dimensions
            );
            return all();
        }
        active
    }

    /// The probability of each row.
    pub fn weights(&self) -> &SamplingWeights {
        &self.weights
    }

    /// Puts other weights in place, such as saved ones.
    ///
    /// # Errors
    ///
    /// [`ResamplingError::Shape`] if they are not as many as there are rows.
    pub fn set_weights(&mut self, weights: SamplingWeights) -> Result<(), ResamplingError> {
        if weights.len() != self.weights.len() {
            return Err(ResamplingError::Shape {
                what: "weights",
                expected: [self.weights.len(), 1],
                found: [weights.len(), 1],
            });
        }
        self.draws = weights.inverse_cdf();
        self.weights = weights;
        Ok(())
    }

    /// The rows that uniform numbers of `[0, 1)` stand for, with replacement.
    pub fn rows(&self, uniforms: impl IntoIterator<Item = f64>) -> Vec<usize> {
        uniforms.into_iter().map(|uniform| self.draws.row(uniform)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resampling::Estimate;

    fn product() -> Resampling {
        Resampling::PaperProduct {
            alpha: 0.01,
            estimate: Estimate::Mass,
        }
    }

    #[test]
    fn other_rows_or_dimensions_are_refused_with_both_sizes() {
        let mut sampler = DebiasingSampler::new(product(), 10, 3, 2).unwrap();
        let error = sampler
            .refresh(&Latents::new(vec![0.0; 4], 2).unwrap(), None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("2 rows of 2") && error.contains("3 rows of 2"),
            "{error}"
        );
        let error = sampler
            .refresh(&Latents::new(vec![0.0; 9], 3).unwrap(), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("3 rows of 3"), "{error}");
        assert_eq!(sampler.weights().values(), [1.0 / 3.0; 3]);
    }

    #[test]
    fn collapsed_dimensions_are_noise_that_can_be_left_out() {
        // The second dimension tells nothing: means near 0, variance 1. The first one has one rare row.
        let means = vec![1.0, 1e-5, 1.0, 0.0, 1.0, 0.0, -1.0, 0.0];
        let latents = Latents::new(means, 2).unwrap();
        let log_variances = [-2.0, 0.0].repeat(4);
        let latents = latents.with_log_variances(log_variances).unwrap();
        let weights = |only| {
            let mut sampler = DebiasingSampler::new(product(), 10, 4, 2).unwrap();
            sampler = sampler.with_active_dimensions_only(only);
            let report = sampler.refresh(&latents, None).unwrap();
            (report.dimensions, sampler.weights().values().to_vec())
        };
        let (dimensions, active) = weights(true);
        assert_eq!(dimensions, 1);
        assert!((active[0] - active[1]).abs() < 1e-12);
        let (dimensions, all) = weights(false);
        assert_eq!(dimensions, 2);
        assert!(all[0] > 2.0 * all[1]);
    }

    #[test]
    fn few_rows_that_get_all_draws_are_told() {
        let mut means = vec![0.0; 100];
        means[7] = 1.0;
        let mut sampler = DebiasingSampler::new(
            Resampling::PaperProduct {
                alpha: 1e-9,
                estimate: Estimate::Mass,
            },
            10,
            100,
            1,
        )
        .unwrap();
        let report = sampler.refresh(&Latents::new(means, 1).unwrap(), None).unwrap();
        assert!(report.is_scarce(), "{report:?}");
        let draws = sampler.rows((0..100).map(|place| f64::from(place) / 100.0));
        assert!(draws.iter().filter(|&&row| row == 7).count() >= 49);
    }
}
