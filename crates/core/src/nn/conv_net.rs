//! The 13-layer convolutional network of semi-supervised learning (Laine and Aila 2017), as in MixMatch's appendix.

use burn::{
    module::Module,
    nn::Linear,
    prelude::*,
    tensor::{module::max_pool2d, ops::MaxPoolOptions},
};

use super::{
    Statistics,
    activation::leaky_relu,
    convolution::Convolution,
    normalization::{BatchNorm, BatchNormConfig},
    wide_resnet::{SLOPE, dense, mean_of_pixels},
};

/// Smallest sides: two poolings leave what a 3x3 window without a border needs.
const SMALLEST: usize = 12;

/// Sizes of a [`ConvNet13`].
#[derive(Config, Debug)]
pub struct ConvNet13Config {
    /// Channels of a picture.
    pub colors: usize,
    /// Number of classes.
    pub classes: usize,
    /// Channels of the first three layers; the widest layer has four times as many.
    #[config(default = 128)]
    pub filters: usize,
    /// What the running averages of batch normalization keep of themselves in an update.
    #[config(default = 0.999)]
    pub keep: f64,
}

impl ConvNet13Config {
    /// Whether the network has a pixel left at its end for pictures of this size; poolings round odd sides down.
    ///
    /// # Errors
    ///
    /// A sentence that says what is too small.
    pub fn check(&self, height: usize, width: usize) -> Result<(), String> {
        if height.min(width) < SMALLEST {
            return Err(format!(
                "pictures of {height}×{width} pixels are too small for two poolings and a 3×3 window; the sides have to \
                 be {SMALLEST} or more"
            ));
        }
        Ok(())
    }

    /// A network with random weights.
    ///
    /// Kernels are normal with variance `2 / (side² · channels out)`, the dense layer is Glorot normal, biases are zero.
    /// Unlike in [`WideResNet`](super::WideResNet), convolutions have biases: no normalization follows at once that
    /// would take them away.
    pub fn init(&self, device: &Device) -> ConvNet13 {
        let layer = |channels: [usize; 2], side: usize| Layer {
            convolution: Convolution::new(channels, side, device).with_bias(),
            norm: BatchNormConfig::new(channels[1]).with_keep(self.keep).init(device),
        };
        let one = self.filters;
        let (two, four) = (2 * one, 4 * one);
        let last = Layer {
            convolution: Convolution::new([two, four], 3, device).with_bias().without_padding(),
            ..layer([two, four], 3)
        };
        ConvNet13 {
            first: vec![layer([self.colors, one], 3), layer([one; 2], 3), layer([one; 2], 3)],
            second: vec![layer([one, two], 3), layer([two; 2], 3), layer([two; 2], 3)],
            third: vec![last, layer([four, two], 1), layer([two, one], 1)],
            dense: dense(one, self.classes, device),
        }
    }
}

/// Convolution, leaky ReLU, batch normalization.
#[derive(Module, Debug)]
pub struct Layer {
    /// With a bias.
    pub convolution: Convolution,
    /// After the rectifier.
    pub norm: BatchNorm,
}

impl Layer {
    fn forward_last(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let active = leaky_relu(self.convolution.forward_last(input), SLOPE);
        self.norm.forward_leaky(active, statistics, 1.0)
    }
}

/// Nine convolutions in three groups with a 2x2 maximum between groups, then the mean over all pixels and a dense layer.
#[derive(Module, Debug)]
pub struct ConvNet13 {
    /// Three 3x3 layers with as many channels as the network has filters.
    pub first: Vec<Layer>,
    /// Three 3x3 layers, twice as wide.
    pub second: Vec<Layer>,
    /// A 3x3 layer without a border, four times as wide, and two 1x1 layers that get narrow again.
    pub third: Vec<Layer>,
    /// From the last layer's channels to the classes.
    pub dense: Linear,
}

impl ConvNet13 {
    /// One logit per class.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, height, width]`, values in `[-1, 1]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>, statistics: Statistics) -> Tensor<2> {
        let group = |layers: &[Layer], input: Tensor<4>| {
            let layers = layers.iter();
            layers.fold(input, |hidden, layer| layer.forward_last(hidden, statistics))
        };
        let hidden = group(&self.first, images.permute([0, 2, 3, 1]));
        let hidden = group(&self.second, halve(hidden));
        let hidden = group(&self.third, halve(hidden));
        self.dense.forward(mean_of_pixels(hidden))
    }
}

/// The maximum of each 2x2 square, with the channels last.
fn halve(input: Tensor<4>) -> Tensor<4> {
    let first = input.permute([0, 3, 1, 2]);
    max_pool2d(first, MaxPoolOptions::new([2, 2])).permute([0, 2, 3, 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random::Streams,
        testing::{device, values},
    };

    #[test]
    fn pictures_that_shrink_to_nothing_are_refused() {
        let config = ConvNet13Config::new(3, 10);
        assert!(config.check(32, 32).is_ok());
        assert!(config.check(12, 12).is_ok());
        assert!(config.check(32, 11).unwrap_err().contains("32×11"));
    }

    #[test]
    fn the_smallest_picture_gives_finite_logits_and_gradients() {
        let device = device().autodiff();
        let streams = Streams::new(0);
        let net = streams.initialize("net", &device, || {
            ConvNet13Config::new(1, 3).with_filters(2).init(&device)
        });
        let images = streams.normal("images", 0, [2, 1, SMALLEST, SMALLEST], &device);
        let logits = net.forward(images, Statistics::Update);
        assert_eq!(logits.dims(), [2, 3]);
        let gradients = logits.square().sum().backward();
        let gradient = net.first[0].convolution.weight.grad(&gradients).expect("tracked");
        assert!(values(gradient).iter().all(|value| value.is_finite() && *value != 0.0));
    }
}
