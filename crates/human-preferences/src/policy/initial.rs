//! Layers with random weights: normal numbers, scaled so that the weights of each output have one norm. That is nearly
//! what orthogonal weights are, which take long to find for wide layers.

use burn::{
    module::{Initializer, Param},
    nn::Linear,
    prelude::*,
    tensor::Distribution,
};
use papers_core::nn::{Convolution, convolution::Geometry};

use super::ConvLayer;

/// A dense layer in which the weights of each output have the norm `gain`, without bias at first.
pub(super) fn dense(input: usize, output: usize, gain: f64, device: &Device) -> Linear {
    let weight: Tensor<2> = random([input, output], device);
    let norms = weight.clone().square().sum_dim(0).sqrt();
    Linear {
        weight: parameter(weight / norms * gain, device),
        bias: Some(Initializer::Zeros.init([output], device)),
    }
}

/// A convolution without border in which the weights of each channel have the norm `gain`, without bias at first.
pub(super) fn convolution(channels: usize, layer: &ConvLayer, gain: f64, device: &Device) -> Convolution {
    let weight: Tensor<4> = random([layer.channels, channels, layer.side, layer.side], device);
    let norms = weight.clone().square().sum_dims(&[1, 2, 3]).sqrt();
    Convolution {
        weight: parameter(weight / norms * gain, device),
        bias: Some(Initializer::Zeros.init([layer.channels], device)),
        geometry: Geometry {
            stride: layer.stride,
            padding: 0,
        },
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "first weights: whoever builds the module seeds the device"
)]
fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device.clone().inner())
}

fn parameter<const D: usize>(value: Tensor<D>, device: &Device) -> Param<Tensor<D>> {
    Param::from_tensor(if device.is_autodiff() { value.autodiff() } else { value })
}
