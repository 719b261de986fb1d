//! Depthwise convolution behind a rectifier: each channel has a kernel of its own.
//!
//! Burn's CPU backend computes it group by group; here a pixel's channels, which stand side by side, are computed together,
//! and the rectifier is part of reading.

use burn::{
    prelude::*,
    tensor::{activation::relu, module::conv2d, ops::ConvOptions},
};

use super::convolution::Geometry;
#[cfg(feature = "flex")]
use crate::vjp;

#[cfg(feature = "flex")]
mod taps;

/// `kernel ∗ max(input, 0)`, channel by channel, with the channels last.
///
/// # Shapes
///
/// - input: `[batch, height, width, channels]`
/// - weight: `[channels, 1, side, side]`
/// - output: `[batch, height out, width out, channels]`
///
/// # Panics
///
/// If the weight has another number of channels than the input, or a window does not fit into the picture and its border.
pub fn rectified_depthwise(input: Tensor<4>, weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    let (channels, kernel) = (input.dims()[3], weight.dims());
    assert_eq!(kernel[..2], [channels, 1], "each channel has one kernel");
    #[cfg(feature = "flex")]
    if taps::serves(&input) {
        return vjp::function([input, weight], |[input, weight]| {
            let taps = taps::Taps::new(&input, &weight, geometry);
            let output = taps.forward(&input, &weight);
            let pullback = move |gradient: Tensor<4>| {
                let by_weight = taps.weight_gradient(&input, &gradient);
                [taps.input_gradient(&input, &weight, &gradient), by_weight]
            };
            (output, pullback)
        });
    }
    let Geometry { stride, padding } = geometry;
    let options = ConvOptions::new([stride; 2], [padding; 2], [1, 1], channels);
    let output = conv2d(relu(input).permute([0, 3, 1, 2]), weight, None, options);
    output.permute([0, 2, 3, 1])
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;

    use super::*;
    use crate::testing::{assert_close, assert_gradient, device, normal, values};

    fn by_burn(input: Tensor<4>, weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
        let Geometry { stride, padding } = geometry;
        let options = ConvOptions::new([stride; 2], [padding; 2], [1, 1], input.dims()[3]);
        conv2d(relu(input).permute([0, 3, 1, 2]), weight, None, options).permute([0, 2, 3, 1])
    }

    type Convolve = fn(Tensor<4>, Tensor<4>, Geometry) -> Tensor<4>;

    #[test]
    fn values_and_gradients_are_those_of_burn() {
        let device = device().autodiff();
        for (shape, side, stride, padding) in [
            ([2, 5, 7, 3], 3, 1, 1),
            ([3, 6, 5, 21], 3, 2, 1),
            ([1, 1, 1, 4], 3, 2, 1),
            ([9, 4, 9, 16], 3, 1, 0),
            ([2, 8, 8, 37], 5, 3, 2),
            ([2, 3, 3, 2], 1, 1, 0),
        ] {
            let geometry = Geometry { stride, padding };
            let (input, weight) = (normal(0, shape), normal(1, [shape[3], 1, side, side]));
            let run = |convolve: Convolve| {
                let inputs = [&input, &weight].map(|tensor| tensor.clone().autodiff().require_grad());
                let output = convolve(inputs[0].clone(), inputs[1].clone(), geometry);
                // Every output pixel counts differently.
                let weights = Tensor::<1, Int>::arange(0..output.shape().num_elements() as i64, &device);
                let weights = weights.float().cast(DType::F64).sin().reshape(output.dims());
                let gradients = (output.clone() * weights).sum().backward();
                let gradients = inputs.map(|input| values(input.grad(&gradients).expect("tracked")));
                (values(output), gradients)
            };
            let (ours, expected) = (run(rectified_depthwise), run(by_burn));
            assert_close(&ours.0, &expected.0, 1e-12);
            for (ours, expected) in ours.1.iter().zip(&expected.1) {
                assert_close(ours, expected, 1e-12);
            }
        }
    }

    #[test]
    fn finite_differences_agree() {
        let point: Vec<f64> = (0..18).map(|index| f64::from(index * 7 % 11) - 5.3).collect();
        assert_gradient(&point, |input| {
            let weight = input.clone().reshape([2, 1, 3, 3]).sin();
            rectified_depthwise(input.reshape([1, 3, 3, 2]), weight, Geometry { stride: 2, padding: 1 })
        });
    }

    #[test]
    #[should_panic(expected = "each channel has one kernel")]
    fn kernels_of_other_channels_are_refused() {
        let ones = |shape: [usize; 4]| Tensor::<4>::ones(shape, &device());
        rectified_depthwise(
            ones([1, 3, 3, 2]),
            ones([3, 1, 3, 3]),
            Geometry { stride: 1, padding: 1 },
        );
    }
}
