//! Layers of the networks: convolutions with and without time, normalization, residual blocks. Channels come last.

use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
};
use papers_core::nn::{
    Convolution, GroupNorm,
    convolution::{Geometry, convolve_last},
};

/// Of every normalization (the paper's release).
const EPSILON: f64 = 1e-5;
/// Of the leaky rectifier that follows a normalization: plain ReLU.
pub(super) const RELU: f64 = 0.0;
/// What makes a rectifier leave everything as it is.
pub(super) const IDENTITY: f64 = 1.0;

/// A convolution with random weights and no bias, as the release's begin.
pub(super) fn convolution(channels: [usize; 2], side: usize, geometry: Geometry, device: &Device) -> Convolution {
    let [input, output] = channels;
    Convolution {
        weight: uniform([output, input, side, side], input * side * side, device),
        bias: None,
        geometry,
    }
}

/// The same with a bias.
pub(super) fn biased(channels: [usize; 2], side: usize, geometry: Geometry, device: &Device) -> Convolution {
    let [input, output] = channels;
    let unbiased = convolution(channels, side, geometry, device);
    Convolution {
        bias: Some(uniform([output], input * side * side, device)),
        ..unbiased
    }
}

/// A normalization of groups of two channels, or of more where that would be over 32 groups.
///
/// That is 32 groups for the paper's 64 channels; the release's `min(32, channels)` would leave narrower networks a
/// channel per group.
pub(super) fn group_norm(channels: usize, device: &Device) -> GroupNorm {
    GroupNorm::new((channels / 2).clamp(1, 32), channels, EPSILON, device)
}

/// Convolution of the input with the time as one more channel, in front of the others (the release's `ConcatConv2d`).
#[derive(Module, Debug)]
pub struct TimeConvolution {
    /// `[channels, 1 + channels, 3, 3]`; the first input channel is the time's.
    pub weight: Param<Tensor<4>>,
    /// `[channels]`
    pub bias: Param<Tensor<1>>,
}

impl TimeConvolution {
    /// A 3x3 convolution that keeps size and number of channels.
    pub fn new(channels: usize, device: &Device) -> Self {
        let fan_in = 9 * (channels + 1);
        Self {
            weight: uniform([channels, channels + 1, 3, 3], fan_in, device),
            bias: uniform([channels], fan_in, device),
        }
    }

    /// Applies the layer at time `time`.
    ///
    /// A convolution is linear: the channel filled with `time` adds the same plane to every picture of the batch, so
    /// it is never written out.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, height, width, channels]`
    pub fn forward(&self, time: f64, input: Tensor<4>) -> Tensor<4> {
        let [_, height, width, channels] = input.dims();
        let weight = self.weight.val();
        let by_time = weight.clone().narrow(1, 0, 1).reshape([channels, 9]).transpose();
        let plane = coverage(time, height, width, &input).matmul(by_time) + self.bias.val().reshape([1, channels]);
        let geometry = Geometry { stride: 1, padding: 1 };
        let plane = plane.reshape([1, height, width, channels]);
        convolve_last(input, weight.narrow(1, 1, channels), Some(plane), geometry)
    }
}

/// `time` where a place of a 3x3 kernel lies inside the picture, 0 where it lies on the border of zeros.
///
/// # Shapes
///
/// - output: `[height · width, 9]`, on the device and with the type of `like`
fn coverage(time: f64, height: usize, width: usize, like: &Tensor<4>) -> Tensor<2> {
    let is_inside = |pixel: usize, place: usize, size: usize| (1..=size).contains(&(pixel + place));
    let mut values = Vec::with_capacity(9 * height * width);
    for pixel in 0..height * width {
        for place in 0..9 {
            let inside = is_inside(pixel / width, place / 3, height) && is_inside(pixel % width, place % 3, width);
            values.push(if inside { time } else { 0.0 });
        }
    }
    let data = TensorData::new(values, [height * width, 9]);
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

/// `x + convolution(relu(norm(convolution(relu(norm(x))))))` (He et al. 2016), optionally at half the size.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    /// In front of each convolution.
    pub norms: Vec<GroupNorm>,
    /// 3x3, without bias.
    pub convolutions: Vec<Convolution>,
    /// Brings the input to the size of the output; sees the activated input, as in the release.
    pub shortcut: Option<Convolution>,
}

impl ResidualBlock {
    /// A block that keeps the size.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self::with_stride(1, channels, device)
    }

    /// A block whose output has half the height and width.
    pub fn halving(channels: usize, device: &Device) -> Self {
        let geometry = Geometry { stride: 2, padding: 0 };
        Self {
            shortcut: Some(convolution([channels; 2], 1, geometry, device)),
            ..Self::with_stride(2, channels, device)
        }
    }

    fn with_stride(stride: usize, channels: usize, device: &Device) -> Self {
        let convolution = |stride| convolution([channels; 2], 3, Geometry { stride, padding: 1 }, device);
        Self {
            norms: vec![group_norm(channels, device), group_norm(channels, device)],
            convolutions: vec![convolution(stride), convolution(1)],
            shortcut: None,
        }
    }

    /// Applies the block.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, height, width, channels]`
    /// - output: the same, or half the height and width, rounded up
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let active = self.norms[0].forward_leaky(input.clone(), RELU);
        let shortcut = match &self.shortcut {
            Some(shortcut) => shortcut.forward_last(active.clone()),
            None => input,
        };
        let hidden = self.convolutions[0].forward_last(active);
        let hidden = self.norms[1].forward_leaky(hidden, RELU);
        self.convolutions[1].forward_last(hidden) + shortcut
    }
}

/// Uniform between `±1/√fan_in`: what the release's layers begin with.
fn uniform<const D: usize>(shape: [usize; D], fan_in: usize, device: &Device) -> Param<Tensor<D>> {
    let bound = 1.0 / (fan_in as f64).sqrt();
    Initializer::Uniform {
        min: -bound,
        max: bound,
    }
    .init(shape, device)
}
