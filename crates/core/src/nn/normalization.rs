//! Batch normalization with three modes, optionally followed by leaky ReLU, as one node of the tape.

use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
};

use super::{Statistics, activation::factor, running::RunningAverage};
use crate::vjp;

#[cfg(feature = "flex")]
mod batch;

/// Sizes of a [`BatchNorm`].
#[derive(Config, Debug)]
pub struct BatchNormConfig {
    /// Number of channels.
    pub channels: usize,
    /// Added to the variance.
    #[config(default = 1e-3)]
    pub epsilon: f64,
    /// What a running average keeps of itself in an update.
    #[config(default = 0.999)]
    pub keep: f64,
}

impl BatchNormConfig {
    /// A normalization that neither scales nor shifts yet, with running averages of mean 0 and variance 1.
    pub fn init(&self, device: &Device) -> BatchNorm {
        let plain = device.clone().inner();
        BatchNorm {
            scale: Initializer::Ones.init([self.channels], device),
            shift: Initializer::Zeros.init([self.channels], device),
            running_mean: RunningAverage::new(Tensor::zeros([self.channels], &plain)),
            running_variance: RunningAverage::new(Tensor::ones([self.channels], &plain)),
            epsilon: self.epsilon,
            keep: self.keep,
        }
    }
}

/// Batch normalization of which the caller says whose statistics it uses (Ioffe and Szegedy 2015).
///
/// Burn's own layer chooses by the device of its input, so it cannot normalize by the batch without a tape, nor without
/// an update of its averages. A batch is normalized by its biased variance; the running average takes the unbiased one,
/// `n / (n - 1)` times as large for `n` values per channel.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// `[channels]`
    pub scale: Param<Tensor<1>>,
    /// `[channels]`
    pub shift: Param<Tensor<1>>,
    /// `[channels]`
    pub running_mean: RunningAverage,
    /// `[channels]`
    pub running_variance: RunningAverage,
    /// Added to the variance.
    pub epsilon: f64,
    /// What a running average keeps of itself in an update.
    pub keep: f64,
}

impl BatchNorm {
    /// The normalized input, in each mode with or without a tape.
    ///
    /// With [`Statistics::Update`] a channel needs two values or more (items times pixels): the unbiased variance of
    /// one value does not exist, and the running average would become NaN.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, channels, height, width]`
    pub fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let last = self.forward_leaky(input.permute([0, 2, 3, 1]), statistics, 1.0);
        last.permute([0, 3, 1, 2])
    }

    /// The same with the channels last, followed by leaky ReLU.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, height, width, channels]`
    pub fn forward_leaky(&self, input: Tensor<4>, statistics: Statistics, slope: f64) -> Tensor<4> {
        let shape = input.dims();
        let rows = input.reshape([-1, shape[3] as isize]);
        let moments = match statistics {
            Statistics::Running => Moments {
                mean: self.running_mean.value(),
                variance: self.running_variance.value(),
            },
            Statistics::Update | Statistics::Batch => Moments::of(rows.clone().inner()),
        };
        if statistics == Statistics::Update {
            self.update(&moments, rows.dims()[0]);
        }
        let normalization = Normalization {
            moments,
            epsilon: self.epsilon,
            slope,
            follows_batch: statistics != Statistics::Running,
        };
        normalization
            .apply(rows, self.scale.val(), self.shift.val())
            .reshape(shape)
    }

    fn update(&self, moments: &Moments, count: usize) {
        let unbiased = count as f64 / (count as f64 - 1.0);
        self.running_mean.update(moments.mean.clone(), self.keep);
        self.running_variance
            .update(moments.variance.clone() * unbiased, self.keep);
    }
}

/// Mean and biased variance of each channel, plain, `[channels]`.
#[derive(Debug, Clone)]
struct Moments {
    mean: Tensor<1>,
    variance: Tensor<1>,
}

impl Moments {
    /// Of all rows, `[rows, channels]`.
    fn of(rows: Tensor<2>) -> Self {
        #[cfg(feature = "flex")]
        if let Some([mean, variance]) = batch::moments(&rows) {
            return Self { mean, variance };
        }
        let mean = rows.clone().mean_dim(0);
        let variance = (rows - mean.clone()).square().mean_dim(0);
        Self {
            mean: mean.squeeze_dim(0),
            variance: variance.squeeze_dim(0),
        }
    }
}

/// `leaky(scale · (x - mean) / √(variance + epsilon) + shift)`; a slope of 1 is no rectifier.
struct Normalization {
    moments: Moments,
    epsilon: f64,
    slope: f64,
    /// Whether the moments are those of the input itself, so that gradients flow through them.
    follows_batch: bool,
}

impl Normalization {
    /// # Shapes
    ///
    /// - rows, output: `[rows, channels]`
    /// - scale, shift: `[channels]`
    fn apply(self, rows: Tensor<2>, scale: Tensor<1>, shift: Tensor<1>) -> Tensor<2> {
        let inputs = [rows, scale.unsqueeze_dim(0), shift.unsqueeze_dim(0)];
        vjp::function(inputs, |[rows, scale, shift]| {
            let line = Line::new(&self, scale, shift);
            let output = line.forward(&rows);
            (output, move |gradient| {
                line.pull_back(gradient, &rows, self.follows_batch)
            })
        })
    }
}

/// Normalization as a rectified line per channel, `leaky(rate · x + offset)`; all are `[1, channels]`.
///
/// The tape keeps the input and nothing else of its size: what the backward pass needs is as cheap to compute again as
/// to read.
struct Line {
    /// `scale/σ`
    rate: Tensor<2>,
    /// `shift - mean · scale/σ`
    offset: Tensor<2>,
    mean: Tensor<2>,
    /// `1/σ`
    inverse: Tensor<2>,
    slope: f64,
}

impl Line {
    fn new(normalization: &Normalization, scale: Tensor<2>, shift: Tensor<2>) -> Self {
        let Moments { mean, variance } = normalization.moments.clone();
        let inverse = (variance + normalization.epsilon).sqrt().recip().unsqueeze_dim(0);
        let mean = mean.unsqueeze_dim(0);
        let rate: Tensor<2> = scale * inverse.clone();
        Self {
            offset: shift - mean.clone() * rate.clone(),
            rate,
            mean,
            inverse,
            slope: normalization.slope,
        }
    }

    fn forward(&self, rows: &Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "flex")]
        if let Some(output) = batch::forward(self, rows) {
            return output;
        }
        let linear = self.linear(rows);
        if self.slope == 1.0 {
            return linear;
        }
        linear.clone() * factor(linear, self.slope)
    }

    /// With `g` the gradient in front of the rectifier and `n` rows: by the scale `Σ g·x̂`, by the shift `Σ g`, and by
    /// the input `rate · (g - Σg/n - x̂·Σ(g·x̂)/n)`, where the sums come from mean and variance of the batch.
    fn pull_back(&self, gradient: Tensor<2>, rows: &Tensor<2>, follows_batch: bool) -> [Tensor<2>; 3] {
        #[cfg(feature = "flex")]
        if let Some(backward) = batch::Backward::new(self, &gradient, rows) {
            // The tensor lets go of its memory, so that the result can take its place.
            drop(gradient);
            return backward.run(follows_batch);
        }
        let gradient = if self.slope == 1.0 {
            gradient
        } else {
            gradient * factor(self.linear(rows), self.slope)
        };
        let standard = (rows.clone() - self.mean.clone()) * self.inverse.clone();
        let by_shift = gradient.clone().sum_dim(0);
        let by_scale = (gradient.clone() * standard.clone()).sum_dim(0);
        let count = rows.dims()[0] as f64;
        let by_input = if follows_batch {
            gradient - by_shift.clone() / count - standard * (by_scale.clone() / count)
        } else {
            gradient
        };
        [by_input * self.rate.clone(), by_scale, by_shift]
    }

    fn linear(&self, rows: &Tensor<2>) -> Tensor<2> {
        rows.clone() * self.rate.clone() + self.offset.clone()
    }
}

#[cfg(test)]
mod tests;
