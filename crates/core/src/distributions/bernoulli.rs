use burn::{prelude::*, tensor::activation::sigmoid};

use crate::nn::{bernoulli_rows, softplus};

/// Independent Bernoulli variables by their logits, the logarithms of the odds.
#[derive(Debug, Clone)]
pub struct Bernoulli<const D: usize> {
    /// `ln(p / (1 - p))`
    pub logits: Tensor<D>,
}

impl<const D: usize> Bernoulli<D> {
    /// `log p(value)` of every component: `value · l - ln(1 + eˡ)`, finite for logits of any size. A value between 0 and 1
    /// counts as the mean of that many ones and zeros. No gradient goes to the value.
    ///
    /// # Shapes
    ///
    /// - value, output: the shape of the logits
    pub fn log_density(&self, value: Tensor<D>) -> Tensor<D> {
        value.detach() * self.logits.clone() - softplus(self.logits.clone())
    }

    /// [`log_density`](Self::log_density), summed over the last axis; on the CPU several times faster.
    ///
    /// # Shapes
    ///
    /// - value: one that broadcasts to the logits
    /// - output: that of the logits with 1 in place of the last
    pub fn log_density_of_rows(&self, value: Tensor<D>) -> Tensor<D> {
        bernoulli_rows(self.logits.clone(), value)
    }

    /// Probabilities of a one.
    ///
    /// # Shapes
    ///
    /// - output: the shape of the logits
    pub fn mean(&self) -> Tensor<D> {
        sigmoid(self.logits.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, assert_gradient, device, tensor_f64, values};

    fn bernoulli(logits: &[f64]) -> Bernoulli<1> {
        Bernoulli {
            logits: tensor_f64(logits.to_vec(), [logits.len()], &device()),
        }
    }

    #[test]
    fn densities_are_logarithms_of_probabilities() {
        let variable = bernoulli(&[0.0, 2.0, -3.0]);
        let p = values(variable.mean());
        let value = tensor_f64(vec![1.0, 0.0, 0.25], [3], &device());
        let expected = [
            p[0].ln(),
            (1.0 - p[1]).ln(),
            0.25 * p[2].ln() + 0.75 * (1.0 - p[2]).ln(),
        ];
        assert_close(&values(variable.log_density(value)), &expected, 1e-14);
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let value = tensor_f64(vec![1.0, 0.0, 0.0, 1.0], [4], &device());
        let found = values(bernoulli(&[80.0, -800.0, 800.0, -80.0]).log_density(value));
        assert_close(&found, &[-(-80f64).exp(), 0.0, -800.0, -80.0], 1e-12);
    }

    #[test]
    fn gradient_matches_finite_differences() {
        assert_gradient(&[0.3, -1.2, 4.0], |logits| {
            let value = tensor_f64(vec![1.0, 0.0, 0.3], [3], &logits.device());
            Bernoulli { logits }.log_density(value)
        });
    }
}
