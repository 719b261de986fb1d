use burn::{
    module::{Initializer, Module},
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::nn::{Convolution, leaky_relu};

use crate::{Backbone, Mode, config::ConvNetConfig};

/// A few convolutions and a dense layer, each followed by ReLU.
#[derive(Module, Debug)]
pub struct ConvNet {
    /// In order.
    pub convolutions: Vec<Convolution>,
    /// Of all pixels.
    pub dense: Linear,
}

impl ConvNet {
    /// A network with random weights for pictures of `[colors, height, width]`.
    pub fn new(config: &ConvNetConfig, [colors, height, width]: [usize; 3], device: &Device) -> Self {
        let one = config.filters;
        let layer = |channels, side, stride| convolution(channels, side, stride, device);
        let mut convolutions = vec![
            layer([colors, one], 5, 2),
            layer([one, 2 * one], 3, 1),
            layer([2 * one, 4 * one], 3, 2),
        ];
        let mut last = 4 * one;
        for _ in 0..config.deeper {
            convolutions.push(layer([last, 2 * last], 3, 2));
            last *= 2;
        }
        let halvings = 2 + config.deeper;
        let pixels = [height, width].map(|side| (0..halvings).fold(side, |side: usize, _| side.div_ceil(2)));
        let inputs = last * pixels[0] * pixels[1];
        Self {
            convolutions,
            dense: LinearConfig::new(inputs, config.hidden).init(device),
        }
    }
}

/// Weights and biases as PyTorch's layers have them at first, uniform in `±1/√(inputs of a unit)`: what the numbers that the
/// experiments on pairs are held against were measured with.
fn convolution(channels: [usize; 2], side: usize, stride: usize, device: &Device) -> Convolution {
    let inputs = channels[0] * side * side;
    let initializer = Initializer::KaimingUniform {
        gain: 1.0 / 3.0_f64.sqrt(),
        fan_out_only: false,
    };
    let mut layer = Convolution::new(channels, side, device).with_stride(stride);
    let shape = [channels[1], channels[0], side, side];
    layer.weight = initializer.init_with(shape, Some(inputs), None, device);
    layer.bias = Some(initializer.init_with([channels[1]], Some(inputs), None, device));
    layer
}

impl Backbone<4> for ConvNet {
    fn features(&self, inputs: Tensor<4>, _: Mode) -> Tensor<2> {
        let batch = inputs.dims()[0];
        let mut hidden = inputs.permute([0, 2, 3, 1]);
        for convolution in &self.convolutions {
            hidden = leaky_relu(convolution.forward_last(hidden), 0.0);
        }
        leaky_relu(self.dense.forward(hidden.reshape([batch as isize, -1])), 0.0)
    }
}
