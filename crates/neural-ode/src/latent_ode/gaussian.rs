//! Gaussians with independent components.

use std::f64::consts::TAU;

use burn::prelude::*;

/// A Gaussian over the last axis with a variance of each component.
#[derive(Debug, Clone)]
pub struct DiagonalGaussian<const D: usize> {
    /// Mean.
    pub mean: Tensor<D>,
    /// Logarithm of the variance, of the shape of the mean.
    pub log_variance: Tensor<D>,
}

impl<const D: usize> DiagonalGaussian<D> {
    /// The first half of the last axis as mean, the second half as log-variance.
    ///
    /// # Shapes
    ///
    /// - input: `[.., 2 · components]`
    pub fn from_halves(parameters: Tensor<D>) -> Self {
        let components = parameters.dims()[D - 1] / 2;
        Self {
            mean: parameters.clone().narrow(D - 1, 0, components),
            log_variance: parameters.narrow(D - 1, components, components),
        }
    }

    /// The sample that standard normal `noise` stands for (the reparameterization trick).
    ///
    /// # Shapes
    ///
    /// - noise, output: the shape of the mean
    pub fn sample(&self, noise: Tensor<D>) -> Tensor<D> {
        self.mean.clone() + noise * (self.log_variance.clone() * 0.5).exp()
    }

    /// `-log p(value)` of every component, in nats.
    ///
    /// # Shapes
    ///
    /// - value, output: the shape of the mean
    pub fn negative_log_likelihood(&self, value: Tensor<D>) -> Tensor<D> {
        let squared = (value - self.mean.clone()).square() * self.log_variance.clone().neg().exp();
        (squared + self.log_variance.clone() + TAU.ln()) * 0.5
    }
}

impl DiagonalGaussian<2> {
    /// `KL(self ‖ N(0, I))` of each row, in nats.
    ///
    /// # Shapes
    ///
    /// - output: `[batch]`
    pub fn kl_to_standard_normal(&self) -> Tensor<1> {
        let variance = self.log_variance.clone().exp();
        let per_component = variance + self.mean.clone().square() - self.log_variance.clone() - 1.0;
        per_component.sum_dim(1).squeeze_dim(1) * 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use papers_core::testing::{self, assert_close, tensor_f64, values};

    fn gaussian(mean: [f64; 2], log_variance: [f64; 2]) -> DiagonalGaussian<2> {
        let device = testing::device();
        let tensor = |values: [f64; 2]| tensor_f64(values.to_vec(), [1, 2], &device);
        DiagonalGaussian {
            mean: tensor(mean),
            log_variance: tensor(log_variance),
        }
    }

    #[test]
    fn kl_of_the_prior_with_itself_is_zero() {
        assert_eq!(values(gaussian([0.0; 2], [0.0; 2]).kl_to_standard_normal()), [0.0]);
    }

    #[test]
    fn kl_of_a_shifted_and_scaled_gaussian() {
        // ½(4 + 1 − 1 − ln 4) + ½(1 + 9 − 1 − 0).
        let kl = gaussian([1.0, 3.0], [4f64.ln(), 0.0]).kl_to_standard_normal();
        assert_close(&values(kl), &[0.5 * (4.0 - 4f64.ln()) + 4.5], 1e-15);
    }

    #[test]
    fn the_density_at_the_mean_is_the_inverse_of_the_normalizer() {
        let normal = gaussian([0.5, 2.0], [0.0, 4f64.ln()]);
        let nll = normal.negative_log_likelihood(normal.mean.clone());
        assert_close(&values(nll), &[0.5 * TAU.ln(), 0.5 * (4.0 * TAU).ln()], 1e-15);
    }

    #[test]
    fn kl_gradient_matches_finite_differences() {
        testing::assert_gradient(&[0.3, -1.2, 0.4, 0.1], |parameters| {
            DiagonalGaussian::from_halves(parameters.reshape([1, 4])).kl_to_standard_normal()
        });
    }

    #[test]
    fn likelihood_gradient_matches_finite_differences() {
        testing::assert_gradient(&[0.3, -1.2, 0.4, 0.1], |parameters| {
            let value = parameters.clone().reshape([2, 2]).narrow(0, 0, 1).cos();
            DiagonalGaussian::from_halves(parameters.reshape([1, 4])).negative_log_likelihood(value)
        });
    }
}
