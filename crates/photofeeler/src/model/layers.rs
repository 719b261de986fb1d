//! Layers with the channels last.

use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
};
use papers_core::nn::{
    BatchNorm, BatchNormConfig, Convolution, Statistics, convolution::Geometry, rectified_depthwise,
};

/// What running averages keep of themselves in an update: Keras' momentum of Xception, and PyTorch's of small networks, which are
/// trained for some hundred updates.
pub(super) const KEEP: f64 = 0.99;
pub(super) const KEEP_SMALL: f64 = 0.9;

/// A slope of a rectifier that is none.
const LINEAR: f64 = 1.0;

fn norm(channels: usize, keep: f64, device: &Device) -> BatchNorm {
    BatchNormConfig::new(channels).with_keep(keep).init(device)
}

/// Convolution without bias and batch normalization.
#[derive(Module, Debug)]
pub struct ConvolutionNorm {
    /// Without bias.
    pub convolution: Convolution,
    /// After it.
    pub norm: BatchNorm,
}

impl ConvolutionNorm {
    pub(super) fn new(convolution: Convolution, keep: f64, device: &Device) -> Self {
        let channels = convolution.weight.lazy_shape().dims::<4>()[0];
        Self {
            convolution,
            norm: norm(channels, keep, device),
        }
    }

    /// Without a rectifier.
    pub(super) fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        self.norm
            .forward_leaky(self.convolution.forward_last(input), statistics, LINEAR)
    }

    /// With one, which is part of the normalization.
    pub(super) fn forward_rectified(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        self.norm
            .forward_leaky(self.convolution.forward_last(input), statistics, 0.0)
    }
}

/// Separable convolution (Chollet 2017): a 3×3 kernel for each channel, then a 1×1 convolution, one normalization after both.
#[derive(Module, Debug)]
pub struct Separable {
    /// `[channels in, 1, 3, 3]`
    pub depthwise: Param<Tensor<4>>,
    /// 1×1, without bias.
    pub pointwise: Convolution,
    /// After both.
    pub norm: BatchNorm,
}

impl Separable {
    pub(super) fn new(channels: [usize; 2], device: &Device) -> Self {
        let initializer = Initializer::Normal {
            mean: 0.0,
            std: (2.0_f64 / 9.0).sqrt(),
        };
        Self {
            depthwise: initializer.init([channels[0], 1, 3, 3], device),
            pointwise: Convolution::new(channels, 1, device),
            norm: norm(channels[1], KEEP, device),
        }
    }

    /// With a rectifier in front, none behind.
    pub(super) fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let hidden = rectified_depthwise(input, self.depthwise.val(), SAME);
        self.norm
            .forward_leaky(self.pointwise.forward_last(hidden), statistics, LINEAR)
    }

    /// With a rectifier behind, none in front.
    pub(super) fn forward_rectified(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        // What is filtered behind a rectifier: positive parts less negative ones are the input itself.
        let part = |input: Tensor<4>| rectified_depthwise(input, self.depthwise.val(), SAME);
        let hidden = part(input.clone()) - part(-input);
        self.norm
            .forward_leaky(self.pointwise.forward_last(hidden), statistics, 0.0)
    }

    /// With a rectifier behind, of an input that is not negative.
    pub(super) fn forward_positive(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let hidden = rectified_depthwise(input, self.depthwise.val(), SAME);
        self.norm
            .forward_leaky(self.pointwise.forward_last(hidden), statistics, 0.0)
    }
}

const SAME: Geometry = Geometry { stride: 1, padding: 1 };

/// The mean of all pixels of each channel.
///
/// # Shapes
///
/// - input: `[batch, height, width, channels]`
/// - output: `[batch, channels]`
pub(super) fn pooled(input: Tensor<4>) -> Tensor<2> {
    let [batch, height, width, channels] = input.dims();
    input
        .reshape([batch, height * width, channels])
        .mean_dim(1)
        .squeeze_dim(1)
}
