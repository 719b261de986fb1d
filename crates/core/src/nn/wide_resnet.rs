//! Wide residual networks as MixMatch uses them (Zagoruyko and Komodakis 2016; Berthelot et al. 2019).

use burn::{
    module::{Initializer, Module},
    nn::{Linear, LinearConfig},
    prelude::*,
};

use super::{
    Statistics,
    convolution::Convolution,
    normalization::{BatchNorm, BatchNormConfig},
};

/// Channels in front of the first group.
const STEM: usize = 16;
/// What rectifiers keep of negative numbers.
pub(super) const SLOPE: f64 = 0.1;

/// Sizes of a [`WideResNet`].
///
/// "WRN-28-2" has 32 filters, 3 scales and 4 units per scale: 28 layers, twice the width of the original.
#[derive(Config, Debug)]
pub struct WideResNetConfig {
    /// Channels of a picture.
    pub colors: usize,
    /// Number of classes.
    pub classes: usize,
    /// Channels of the first group; each further group has twice as many.
    #[config(default = 32)]
    pub filters: usize,
    /// Groups of units; all but the first begin by halving the picture.
    #[config(default = 3)]
    pub scales: usize,
    /// Units per group.
    #[config(default = 4)]
    pub repeat: usize,
    /// What the running averages of batch normalization keep of themselves in an update.
    #[config(default = 0.999)]
    pub keep: f64,
    /// Whether convolutions have biases, as in the paper's released program, although a normalization follows.
    #[config(default = false)]
    pub conv_bias: bool,
}

impl WideResNetConfig {
    /// Whether pictures of this size can be halved as often as the network halves them; an odd side is rounded up.
    ///
    /// # Errors
    ///
    /// A sentence that says what is too small or too large.
    pub fn check(&self, height: usize, width: usize) -> Result<(), String> {
        let halvings = u32::try_from(self.scales.saturating_sub(1)).unwrap_or(u32::MAX);
        let smallest = 1_usize.checked_shl(halvings).unwrap_or(usize::MAX);
        if height.min(width) < smallest {
            return Err(format!(
                "pictures of {height}×{width} pixels cannot be halved {halvings} times; {} scales need sides of \
                 {smallest} or more",
                self.scales
            ));
        }
        Ok(())
    }

    /// A network with random weights.
    ///
    /// Kernels are normal with variance `2 / (side² · channels out)`, the dense layer is Glorot normal, biases are zero.
    pub fn init(&self, device: &Device) -> WideResNet {
        let mut units = Vec::new();
        let mut channels = STEM;
        for scale in 0..self.scales {
            for repetition in 0..self.repeat {
                let outside = [channels, self.filters << scale];
                let stride = if scale > 0 && repetition == 0 { 2 } else { 1 };
                units.push(self.unit(outside, stride, units.is_empty(), device));
                channels = outside[1];
            }
        }
        WideResNet {
            stem: self.convolution([self.colors, STEM], 3, device),
            units,
            norm: self.norm(channels, device),
            dense: dense(channels, self.classes, device),
        }
    }

    fn unit(&self, channels: [usize; 2], stride: usize, activates_shortcut: bool, device: &Device) -> ResidualUnit {
        let [input, output] = channels;
        let shortcut = (input != output).then(|| self.convolution(channels, 1, device).with_stride(stride));
        ResidualUnit {
            norms: vec![self.norm(input, device), self.norm(output, device)],
            convolutions: vec![
                self.convolution(channels, 3, device).with_stride(stride),
                self.convolution([output; 2], 3, device),
            ],
            shortcut,
            activates_shortcut,
        }
    }

    fn norm(&self, channels: usize, device: &Device) -> BatchNorm {
        BatchNormConfig::new(channels).with_keep(self.keep).init(device)
    }

    fn convolution(&self, channels: [usize; 2], side: usize, device: &Device) -> Convolution {
        let convolution = Convolution::new(channels, side, device);
        if self.conv_bias {
            convolution.with_bias()
        } else {
            convolution
        }
    }
}

/// A Glorot-normal layer with zero bias.
pub(super) fn dense(input: usize, output: usize, device: &Device) -> Linear {
    Linear {
        bias: Some(Initializer::Zeros.init([output], device)),
        ..LinearConfig::new(input, output)
            .with_initializer(Initializer::XavierNormal { gain: 1.0 })
            .init(device)
    }
}

/// `shortcut(x) + convolution(activation(convolution(activation(x))))`, each activation a batch normalization with a
/// leaky ReLU.
#[derive(Module, Debug)]
pub struct ResidualUnit {
    /// In front of each convolution.
    pub norms: Vec<BatchNorm>,
    /// Both 3x3; the first one has the unit's stride.
    pub convolutions: Vec<Convolution>,
    /// 1x1 with the unit's stride where the number of channels changes; otherwise the identity.
    pub shortcut: Option<Convolution>,
    /// Whether the shortcut, too, starts from the activated input: only in the first unit of a network.
    pub activates_shortcut: bool,
}

impl ResidualUnit {
    /// Applies the unit.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, channels in, height, width]`
    /// - output: `[batch, channels out, height / stride, width / stride]`, rounded up
    pub fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let last = self.forward_last(input.permute([0, 2, 3, 1]), statistics);
        last.permute([0, 3, 1, 2])
    }

    /// The same with the channels last.
    fn forward_last(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let active = self.norms[0].forward_leaky(input.clone(), statistics, SLOPE);
        let start = if self.activates_shortcut { active.clone() } else { input };
        let hidden = self.convolutions[0].forward_last(active);
        let hidden = self.norms[1].forward_leaky(hidden, statistics, SLOPE);
        let shortcut = match &self.shortcut {
            Some(convolution) => convolution.forward_last(start),
            None => start,
        };
        shortcut + self.convolutions[1].forward_last(hidden)
    }
}

/// Residual units in groups of growing width and shrinking pictures, then the mean over all pixels and a dense layer.
#[derive(Module, Debug)]
pub struct WideResNet {
    /// 3x3, to 16 channels.
    pub stem: Convolution,
    /// All groups, one after the other.
    pub units: Vec<ResidualUnit>,
    /// In front of the mean over all pixels, with a leaky ReLU.
    pub norm: BatchNorm,
    /// From the mean's channels to the classes.
    pub dense: Linear,
}

impl WideResNet {
    /// One logit per class.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, height, width]`, values in `[-1, 1]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>, statistics: Statistics) -> Tensor<2> {
        let mut hidden = self.stem.forward_last(images.permute([0, 2, 3, 1]));
        for unit in &self.units {
            hidden = unit.forward_last(hidden, statistics);
        }
        let active = self.norm.forward_leaky(hidden, statistics, SLOPE);
        self.dense.forward(mean_of_pixels(active))
    }
}

/// `[batch, height, width, channels]` to `[batch, channels]`.
pub(super) fn mean_of_pixels(input: Tensor<4>) -> Tensor<2> {
    let [batch, height, width, channels] = input.dims();
    input
        .reshape([batch, height * width, channels])
        .mean_dim(1)
        .squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{device, initialized};

    #[test]
    fn sides_that_cannot_be_halved_are_refused() {
        let config = |scales| WideResNetConfig::new(1, 10).with_scales(scales);
        assert!(config(3).check(32, 32).is_ok());
        assert!(config(3).check(14, 14).is_ok());
        assert!(config(1).check(1, 1).is_ok());
        assert!(config(4).check(8, 7).unwrap_err().contains("8×7"));
        assert!(config(usize::MAX).check(8, 8).is_err());
    }

    #[test]
    fn odd_sides_are_halved_upwards_on_both_ways_of_a_unit() {
        let config = WideResNetConfig::new(1, 2).with_filters(2).with_repeat(1);
        let net = initialized(|| config.init(&device()));
        let logits = net.forward(Tensor::ones([2, 1, 7, 5], &device()), Statistics::Batch);
        assert_eq!(logits.dims(), [2, 2]);
    }

    #[test]
    fn initial_weights_have_the_stated_spread() {
        let net = initialized(|| WideResNetConfig::new(3, 10).init(&device()));
        let spread = |weights: Tensor<1>| -> f64 { weights.square().mean().sqrt().into_scalar() };
        let kernel = net.units[5].convolutions[1].weight.val();
        let expected = (2.0 / (9.0 * 64.0_f64)).sqrt();
        assert!((spread(kernel.flatten(0, 3)) / expected - 1.0).abs() < 0.02);
        let dense = net.dense.weight.val();
        let expected = (2.0 / (128.0 + 10.0_f64)).sqrt();
        assert!((spread(dense.flatten(0, 1)) / expected - 1.0).abs() < 0.1);
    }
}
