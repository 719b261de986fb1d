use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
};
use papers_core::nn::{
    BatchNorm, BatchNormConfig, Convolution, Statistics,
    convolution::{Geometry, convolve_transposed_last},
    leaky_relu,
};

use super::STRIDE;

/// PyTorch's beginning of weights: uniform in ±1/√(inputs of a unit).
const UNIFORM: Initializer = Initializer::KaimingUniform {
    gain: 0.577_350_269_189_625_8,
    fan_out_only: false,
};
/// PyTorch's settings of batch normalization.
const EPSILON: f64 = 1e-5;
const KEEP: f64 = 0.9;

/// Convolution of stride 2 that halves a picture, rectifier, batch normalization.
#[derive(Module, Debug)]
pub struct Down {
    /// With a bias.
    pub convolution: Convolution,
    /// Behind the rectifier.
    pub norm: Option<BatchNorm>,
}

impl Down {
    pub(super) fn new([input, output]: [usize; 2], side: usize, normalized: bool, device: &Device) -> Self {
        let inputs = Some(input * side * side);
        let padding = (side - 1) / 2;
        Self {
            convolution: Convolution {
                weight: UNIFORM.init_with([output, input, side, side], inputs, None, device),
                bias: Some(UNIFORM.init_with([output], inputs, None, device)),
                geometry: Geometry {
                    stride: STRIDE,
                    padding,
                },
            },
            norm: normalized.then(|| {
                BatchNormConfig::new(output)
                    .with_epsilon(EPSILON)
                    .with_keep(KEEP)
                    .init(device)
            }),
        }
    }

    /// # Shapes
    ///
    /// - input: `[batch, height, width, channels in]`
    /// - output: `[batch, height / 2, width / 2, channels out]`
    pub(super) fn forward(&self, input: Tensor<4>, slope: f64, statistics: Statistics) -> Tensor<4> {
        let active = leaky_relu(self.convolution.forward_last(input), slope);
        match &self.norm {
            Some(norm) => norm.forward_leaky(active, statistics, 1.0),
            None => active,
        }
    }
}

/// Transposed convolution of stride 2 that doubles a picture.
#[derive(Module, Debug)]
pub struct Up {
    /// `[channels in, channels out, side, side]`
    pub weight: Param<Tensor<4>>,
    /// `[channels out]`
    pub bias: Param<Tensor<1>>,
}

impl Up {
    pub(super) fn new([input, output]: [usize; 2], side: usize, device: &Device) -> Self {
        // What PyTorch takes for the inputs of a unit.
        let inputs = Some(output * side * side);
        Self {
            weight: UNIFORM.init_with([input, output, side, side], inputs, None, device),
            bias: UNIFORM.init_with([output], inputs, None, device),
        }
    }

    /// # Shapes
    ///
    /// - input: `[batch, height, width, channels in]`
    /// - output: `[batch, 2 · height, 2 · width, channels out]`
    pub(super) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [_, height, width, _] = input.dims();
        let geometry = Geometry {
            stride: STRIDE,
            padding: (self.weight.lazy_shape().dims::<4>()[2] - 1) / 2,
        };
        let output = [STRIDE * height, STRIDE * width];
        convolve_transposed_last(input, self.weight.val(), self.bias.val(), geometry, output)
    }
}
