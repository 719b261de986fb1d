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

    /// `log p(value)` of every component.
    ///
    /// # Shapes
    ///
    /// - value, output: the shape of the mean
    pub fn log_density(&self, value: Tensor<D>) -> Tensor<D> {
        let squared = (value - self.mean.clone()).square() * self.log_variance.clone().neg().exp();
        (squared + self.log_variance.clone() + TAU.ln()) * -0.5
    }

    /// `KL(self ‖ other)` of every component.
    ///
    /// # Shapes
    ///
    /// - other: broadcast against this
    /// - output: what both have together
    pub fn kl(&self, other: &Self) -> Tensor<D> {
        let distance = (self.mean.clone() - other.mean.clone()).square();
        let ratio = (distance + self.log_variance.clone().exp()) * other.log_variance.clone().neg().exp();
        (other.log_variance.clone() - self.log_variance.clone() + ratio - 1.0) * 0.5
    }

    /// `KL(self ‖ N(0, I))` of every component.
    ///
    /// # Shapes
    ///
    /// - output: the shape of the mean
    pub fn kl_to_standard_normal(&self) -> Tensor<D> {
        let variance = self.log_variance.clone().exp();
        (variance + self.mean.clone().square() - self.log_variance.clone() - 1.0) * 0.5
    }
}

/// `log N(value; 0, 1)` of every component.
///
/// # Shapes
///
/// - value, output: any
pub fn standard_normal_log_density<const D: usize>(value: Tensor<D>) -> Tensor<D> {
    (value.square() + TAU.ln()) * -0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, assert_close, tensor_f64, values};

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
        assert_eq!(values(gaussian([0.0; 2], [0.0; 2]).kl_to_standard_normal()), [0.0; 2]);
        let other = gaussian([0.5, -2.0], [1.0, -1.0]);
        assert_close(&values(other.kl(&other)), &[0.0; 2], 1e-15);
    }

    #[test]
    fn kl_of_a_shifted_and_scaled_gaussian() {
        // ½(4 + 1 − 1 − ln 4) and ½(1 + 9 − 1 − 0).
        let expected = [0.5 * (4.0 - 4f64.ln()), 4.5];
        let shifted = gaussian([1.0, 3.0], [4f64.ln(), 0.0]);
        assert_close(&values(shifted.kl_to_standard_normal()), &expected, 1e-15);
        assert_close(&values(shifted.kl(&gaussian([0.0; 2], [0.0; 2]))), &expected, 1e-15);
    }

    #[test]
    fn the_density_at_the_mean_is_the_inverse_of_the_normalizer() {
        let normal = gaussian([0.5, 2.0], [0.0, 4f64.ln()]);
        let log_density = normal.log_density(normal.mean.clone());
        assert_close(&values(log_density), &[-0.5 * TAU.ln(), -0.5 * (4.0 * TAU).ln()], 1e-15);
        let value = tensor_f64(vec![0.3, -2.0], [1, 2], &testing::device());
        let standard = gaussian([0.0; 2], [0.0; 2]).log_density(value.clone());
        assert_close(&values(standard_normal_log_density(value)), &values(standard), 1e-15);
    }

    #[test]
    fn kl_gradient_matches_finite_differences() {
        testing::assert_gradient(&[0.3, -1.2, 0.4, 0.1], |parameters| {
            DiagonalGaussian::from_halves(parameters.reshape([1, 4])).kl_to_standard_normal()
        });
        testing::assert_gradient(&[0.3, -1.2, 0.4, 0.1, 0.5, 0.6, -0.7, 0.8], |parameters| {
            let both: Tensor<2> = parameters.reshape([2, 4]);
            let of = |row| DiagonalGaussian::from_halves(both.clone().narrow(0, row, 1));
            of(0).kl(&of(1))
        });
    }

    #[test]
    fn density_gradient_matches_finite_differences() {
        testing::assert_gradient(&[0.3, -1.2, 0.4, 0.1], |parameters| {
            let value = parameters.clone().reshape([2, 2]).narrow(0, 0, 1).cos();
            DiagonalGaussian::from_halves(parameters.reshape([1, 4])).log_density(value)
        });
    }
}
