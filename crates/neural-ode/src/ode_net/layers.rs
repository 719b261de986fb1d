//! Layers of the networks: convolutions with and without time, normalization, residual blocks.

use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
};
use papers_core::nn::convolution::{Geometry, convolve};

use super::normalization::{self, Activation};

/// Of every normalization (the paper's release).
const EPSILON: f64 = 1e-5;

/// Two-dimensional convolution with a square kernel.
#[derive(Module, Debug)]
pub struct Convolution {
    /// `[channels out, channels in, side, side]`
    pub weight: Param<Tensor<4>>,
    /// `[channels out]`
    pub bias: Option<Param<Tensor<1>>>,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Zeros around the picture.
    pub padding: usize,
}

impl Convolution {
    /// A convolution with random weights and no bias, of stride 1 and without padding.
    pub fn new(channels: [usize; 2], side: usize, device: &Device) -> Self {
        let [input, output] = channels;
        let fan_in = input * side * side;
        Self {
            weight: uniform([output, input, side, side], fan_in, device),
            bias: None,
            stride: 1,
            padding: 0,
        }
    }

    /// The same with a bias.
    #[must_use]
    pub fn with_bias(self) -> Self {
        let [output, input, side, _] = self.weight.dims();
        let bias = uniform([output], input * side * side, &self.weight.device());
        Self {
            bias: Some(bias),
            ..self
        }
    }

    /// The same with another stride and padding.
    #[must_use]
    pub fn with_geometry(self, stride: usize, padding: usize) -> Self {
        Self {
            stride,
            padding,
            ..self
        }
    }

    /// Applies the layer.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, channels in, height, width]`
    /// - output: `[batch, channels out, height out, width out]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let geometry = Geometry {
            stride: self.stride,
            padding: self.padding,
        };
        let output = convolve(input, self.weight.val(), geometry);
        match &self.bias {
            Some(bias) => output + bias.val().reshape([1, -1, 1, 1]),
            None => output,
        }
    }
}

/// Group normalization.
#[derive(Module, Debug)]
pub struct Normalization {
    /// `[channels]`
    pub scale: Param<Tensor<1>>,
    /// `[channels]`
    pub shift: Param<Tensor<1>>,
    /// Groups of consecutive channels with a mean and a variance of their own.
    pub groups: usize,
}

impl Normalization {
    /// A normalization that neither scales nor shifts yet.
    ///
    /// There are half as many groups as channels, 32 at most. That is 32 for the paper's 64 channels; the release's
    /// `min(32, channels)` would leave narrower networks a channel per group.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            scale: Initializer::Ones.init([channels], device),
            shift: Initializer::Zeros.init([channels], device),
            groups: (channels / 2).clamp(1, 32),
        }
    }

    /// The normalized input.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, channels, height, width]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.apply(input, Activation::Identity)
    }

    /// `max(0, normalized input)`.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, channels, height, width]`
    pub fn forward_relu(&self, input: Tensor<4>) -> Tensor<4> {
        self.apply(input, Activation::Relu)
    }

    fn apply(&self, input: Tensor<4>, activation: Activation) -> Tensor<4> {
        let (scale, shift) = (self.scale.val(), self.shift.val());
        normalization::normalize(input, scale, shift, self.groups, EPSILON, activation)
    }
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
    /// - input, output: `[batch, channels, height, width]`
    pub fn forward(&self, time: f64, input: Tensor<4>) -> Tensor<4> {
        let [_, channels, height, width] = input.dims();
        let weight = self.weight.val();
        let by_time = weight.clone().narrow(1, 0, 1).reshape([channels, 9]);
        let plane = by_time.matmul(coverage(time, height, width, &input)) + self.bias.val().reshape([channels, 1]);
        let geometry = Geometry { stride: 1, padding: 1 };
        convolve(input, weight.narrow(1, 1, channels), geometry) + plane.reshape([1, channels, height, width])
    }
}

/// `time` where a place of a 3x3 kernel lies inside the picture, 0 where it lies on the border of zeros.
///
/// # Shapes
///
/// - output: `[9, height · width]`, on the device and with the type of `like`
fn coverage(time: f64, height: usize, width: usize, like: &Tensor<4>) -> Tensor<2> {
    let is_inside = |pixel: usize, place: usize, size: usize| (1..=size).contains(&(pixel + place));
    let mut values = Vec::with_capacity(9 * height * width);
    for place in 0..9 {
        for pixel in 0..height * width {
            let inside = is_inside(pixel / width, place / 3, height) && is_inside(pixel % width, place % 3, width);
            values.push(if inside { time } else { 0.0 });
        }
    }
    let data = TensorData::new(values, [9, height * width]);
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

/// `x + convolution(relu(norm(convolution(relu(norm(x))))))` (He et al. 2016), optionally at half the size.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    /// In front of each convolution.
    pub norms: Vec<Normalization>,
    /// 3x3, without bias.
    pub convolutions: Vec<Convolution>,
    /// Brings the input to the size of the output; sees the activated input, as in the release.
    pub shortcut: Option<Convolution>,
}

impl ResidualBlock {
    /// A block that keeps the size.
    pub fn new(channels: usize, device: &Device) -> Self {
        let convolution = || Convolution::new([channels; 2], 3, device).with_geometry(1, 1);
        Self {
            norms: vec![
                Normalization::new(channels, device),
                Normalization::new(channels, device),
            ],
            convolutions: vec![convolution(), convolution()],
            shortcut: None,
        }
    }

    /// A block whose output has half the height and width.
    pub fn halving(channels: usize, device: &Device) -> Self {
        let mut block = Self::new(channels, device);
        block.convolutions[0].stride = 2;
        block.shortcut = Some(Convolution::new([channels; 2], 1, device).with_geometry(2, 0));
        block
    }

    /// Applies the block.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, channels, height, width]`
    /// - output: the same, or half the height and width, rounded up
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let active = self.norms[0].forward_relu(input.clone());
        let shortcut = match &self.shortcut {
            Some(shortcut) => shortcut.forward(active.clone()),
            None => input,
        };
        let hidden = self.convolutions[0].forward(active);
        let hidden = self.norms[1].forward_relu(hidden);
        self.convolutions[1].forward(hidden) + shortcut
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
