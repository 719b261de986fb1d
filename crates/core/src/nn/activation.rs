//! Nonlinearities that are faster than Burn's on CPUs.

use burn::prelude::*;

#[cfg(feature = "flex")]
use super::{
    host::{Host, Number, host, split, with_precision},
    lanes,
};
use crate::vjp;

/// `x` where it is positive, `slope · x` elsewhere.
///
/// On the CPU one pass over memory serves the value and one the gradient, of which Burn's own way takes several each.
///
/// # Shapes
///
/// - input, output: any shape
pub fn leaky_relu<const D: usize>(input: Tensor<D>, slope: f64) -> Tensor<D> {
    // Off the tape nobody needs the input any more, and its memory can become the result's.
    if !input.is_autodiff() {
        return rectified(input, slope);
    }
    vjp::function([input], |[input]| {
        let value = rectified(input.clone(), slope);
        (value, move |gradient| [times_factor(gradient, &input, slope)])
    })
}

/// `input` where it is positive, `slope · input` elsewhere.
fn rectified<const D: usize>(input: Tensor<D>, slope: f64) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let Some(memory) = host(&input) {
        drop(input);
        let rectified = with_precision!(memory, rectify(memory, slope));
        return Tensor::from_primitive::<burn::backend::Flex>(rectified);
    }
    input.clone() * factor(input, slope)
}

/// `tensor` where `input` is positive, `slope · tensor` elsewhere.
fn times_factor<const D: usize>(tensor: Tensor<D>, input: &Tensor<D>, slope: f64) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let (Some(memory), Some(target)) = (host(input), host(&tensor)) {
        // The tensor lets go of its memory, so that the result can take its place.
        drop(tensor);
        let scaled = with_precision!(memory, scale(target, &memory, slope));
        return Tensor::from_primitive::<burn::backend::Flex>(scaled);
    }
    tensor * factor(input.clone(), slope)
}

/// The derivative of [`leaky_relu`]: 1 where `input` is positive, `slope` elsewhere.
pub(super) fn factor<const D: usize>(input: Tensor<D>, slope: f64) -> Tensor<D> {
    let dtype = input.dtype();
    // Arithmetic, since filling in place branches on every element: at random signs, twenty times slower.
    input.greater_elem(0.0).float().cast(dtype) * (1.0 - slope) + slope
}

#[cfg(feature = "flex")]
fn rectify<T: Number>(mut target: Host, slope: f64) -> Host {
    let slope = T::from_f64(slope);
    let numbers = T::write(&mut target);
    let cost = numbers.len() / 2;
    split(numbers, 1, cost, |_, numbers| {
        lanes::update(numbers.len(), numbers, [], [], |value, [], []| {
            lanes::rectify(value, value, slope)
        });
    });
    target
}

#[cfg(feature = "flex")]
fn scale<T: Number>(mut target: Host, input: &Host, slope: f64) -> Host {
    let (input, slope) = (T::read(input), T::from_f64(slope));
    split(T::write(&mut target), 1, input.len() / 2, |first, target| {
        let input = &input[first..first + target.len()];
        lanes::update(target.len(), target, [input], [], |number, [value], []| {
            lanes::rectify(value, number, slope)
        });
    });
    target
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, assert_close, tensor_f64, values};

    const SLOPE: f64 = 0.1;

    #[test]
    fn negative_numbers_are_scaled_and_others_kept() {
        let inputs = vec![-1e3, -2.0, -0.5, 0.0, 1e-3, 3.0];
        let expected = [-100.0, -0.2, -0.05, 0.0, 1e-3, 3.0];
        let device = testing::device();
        let double = leaky_relu(tensor_f64(inputs.clone(), [2, 3], &device), SLOPE);
        assert_close(&values(double), &expected, 1e-15);
        let single = tensor_f64(inputs, [2, 3], &device).cast(burn::tensor::DType::F32);
        assert_close(&values(leaky_relu(single, SLOPE)), &expected, 1e-7);
    }

    #[test]
    fn a_part_of_a_tensor_is_rectified_like_a_tensor_of_its_own() {
        let whole = || Tensor::<2>::from_floats([[1.0, -1.0], [2.0, -2.0], [-3.0, 3.0]], &testing::device());
        let part = leaky_relu(whole().narrow(0, 1, 2), SLOPE);
        assert_close(&values(part), &[2.0, -0.2, -0.3, 3.0], 1e-7);
        let part = leaky_relu(whole().narrow(0, 0, 1), SLOPE);
        assert_close(&values(part), &[1.0, -0.1], 1e-7);
    }

    #[test]
    fn its_gradient_matches_finite_differences() {
        testing::assert_gradient(&[-3.0, -0.4, 0.2, 2.0], |input| leaky_relu(input, SLOPE).square());
    }

    #[test]
    fn values_and_gradients_are_those_of_burn_in_single_precision() {
        let device = testing::device().autodiff();
        let run = |function: fn(Tensor<1>) -> Tensor<1>| {
            let input = Tensor::<1>::from_floats([-2.0, -0.1, 0.0, 0.3, 5.0], &device).require_grad();
            let output = function(input.clone());
            let gradients = output.clone().square().sum().backward();
            [values(output), values(input.grad(&gradients).expect("tracked"))]
        };
        let ours = run(|input| leaky_relu(input, SLOPE));
        let burns = run(|input| burn::tensor::activation::leaky_relu(input, SLOPE));
        for (ours, burns) in ours.iter().zip(&burns) {
            assert_close(ours, burns, 1e-6);
        }
    }
}
