//! Nonlinearities that are faster than Burn's on CPUs.

use burn::prelude::*;
use papers_core::vjp;

/// The hyperbolic tangent as `1 - 2/(exp(2x) + 1)`, with its derivative from the value, `1 - tanh(x)²`.
///
/// On CPUs the exponential is a vector instruction and the tangent is not, and Burn's backward step computes the
/// tangent once more: together a quarter of the time of a solve with a small network. Close to zero the error is one
/// unit in the last place of 1, not of the value. Where the exponential overflows, the result is exactly 1.
pub fn tanh<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    vjp::function([input], |[input]| {
        let value = ((input * 2.0).exp() + 1.0).recip() * -2.0 + 1.0;
        let slope = value.clone();
        (value, |gradient| [gradient * (slope.square() * -1.0 + 1.0)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use papers_core::testing::{self, assert_close, tensor_f64, values};

    #[test]
    fn the_fast_tangent_is_the_tangent() {
        let inputs = [-1e3, -20.0, -1.0, -1e-3, 0.0, 0.5, 3.0, 1e3];
        let device = testing::device();
        let expected: Vec<f64> = inputs.iter().map(|input: &f64| input.tanh()).collect();
        let double = tanh(tensor_f64(inputs.to_vec(), [1, 8], &device));
        assert_close(&values(double), &expected, 1e-15);
        let single = tanh(Tensor::<2>::from_floats([inputs.map(|input| input as f32)], &device));
        assert_close(&values(single), &expected, 2e-7);
    }

    #[test]
    fn its_gradient_matches_finite_differences() {
        testing::assert_gradient(&[-3.0, -0.4, 0.0, 2.0], |input| tanh(input).square());
    }

    #[test]
    fn its_gradient_vanishes_far_from_zero() {
        let device = testing::device().autodiff();
        let input = tensor_f64(vec![-1e4, 1e4], [2], &device).require_grad();
        let gradients = tanh(input.clone()).sum().backward();
        assert_eq!(values(input.grad(&gradients).expect("tracked")), [0.0, 0.0]);
    }
}
