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
mod tests {
    use burn::tensor::{DType, Distribution, s};

    use super::*;
    use crate::testing::{self, assert_close, device, tensor_f64, values};

    const MODES: [Statistics; 3] = [Statistics::Update, Statistics::Batch, Statistics::Running];

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.3, 1.5), (&device(), DType::F64))
    }

    /// A layer of two channels with all numbers different.
    fn layer(device: &Device) -> BatchNorm {
        let vector = |values: [f64; 2]| tensor_f64(values.to_vec(), [2], device);
        BatchNorm {
            scale: Param::from_tensor(vector([1.5, -0.7])),
            shift: Param::from_tensor(vector([0.2, -0.4])),
            running_mean: RunningAverage::new(vector([0.1, -0.3])),
            running_variance: RunningAverage::new(vector([0.8, 2.0])),
            ..BatchNormConfig::new(2).with_keep(0.9).init(device)
        }
    }

    fn running(layer: &BatchNorm) -> [Vec<f64>; 2] {
        [&layer.running_mean, &layer.running_variance].map(|average| values(average.value()))
    }

    /// Channel 0 holds 0, 2 (mean 1, variance 1), channel 1 holds 4, 8 (mean 6, variance 4).
    fn two_values(device: &Device) -> Tensor<4> {
        tensor_f64(vec![0.0, 4.0, 2.0, 8.0], [2, 2, 1, 1], device)
    }

    #[test]
    fn a_batch_is_normalized_by_its_biased_variance() {
        let layer = layer(&device());
        let output = layer.forward(two_values(&device()), Statistics::Batch);
        let standard = [(1.001_f64).sqrt().recip(), 2.0 * (4.001_f64).sqrt().recip()];
        let expected = [
            0.2 - 1.5 * standard[0],
            -0.4 + 0.7 * standard[1],
            0.2 + 1.5 * standard[0],
            -0.4 - 0.7 * standard[1],
        ];
        assert_close(&values(output), &expected, 1e-14);
    }

    #[test]
    fn only_an_update_changes_the_running_averages_and_takes_the_unbiased_variance() {
        for statistics in [Statistics::Batch, Statistics::Running] {
            let layer = layer(&device());
            let before = running(&layer);
            layer.forward(two_values(&device()), statistics);
            assert_eq!(running(&layer), before);
        }
        let layer = layer(&device());
        layer.forward(two_values(&device()), Statistics::Update);
        let [mean, variance] = running(&layer);
        // 0.9 · old + 0.1 · batch, the variances twice the biased ones.
        assert_close(&mean, &[0.09 + 0.1, -0.27 + 0.6], 1e-15);
        assert_close(&variance, &[0.72 + 0.2, 1.8 + 0.8], 1e-15);
    }

    #[test]
    fn running_statistics_are_those_of_evaluation() {
        let layer = layer(&device());
        let output = layer.forward(two_values(&device()), Statistics::Running);
        let [zero, one] = [1.5 / 0.801_f64.sqrt(), -0.7 / 2.001_f64.sqrt()];
        let expected = [0.2 - 0.1 * zero, -0.4 + 4.3 * one, 0.2 + 1.9 * zero, -0.4 + 8.3 * one];
        assert_close(&values(output), &expected, 1e-14);
    }

    #[test]
    fn a_tape_changes_no_value() {
        for statistics in MODES {
            let input = random([3, 2, 2, 3]);
            let plain = layer(&device());
            let taped = layer(&device().autodiff());
            let expected = plain.forward(input.clone(), statistics);
            let found = taped.forward(input.autodiff(), statistics);
            assert_eq!(values(found), values(expected));
            assert_eq!(running(&taped), running(&plain));
        }
    }

    #[test]
    fn gradients_match_finite_differences_in_every_mode() {
        let weights = random([2, 2, 1, 3]);
        let point: Vec<f64> = values(random([12 + 4]));
        for statistics in MODES {
            for slope in [1.0, 0.1] {
                testing::assert_gradient(&point, |point| {
                    let input = point.clone().slice(s![0..12]).reshape([2, 1, 3, 2]);
                    let mut layer = layer(&point.device());
                    layer.scale = Param::initialized(layer.scale.id, point.clone().slice(s![12..14]));
                    layer.shift = Param::initialized(layer.shift.id, point.slice(s![14..16]));
                    let output = layer.forward_leaky(input, statistics, slope);
                    output.permute([0, 3, 1, 2]) * weights.clone()
                });
            }
        }
    }

    #[test]
    fn a_copy_has_averages_of_its_own() {
        let layer = layer(&device().autodiff());
        let (copy, before) = (layer.clone(), running(&layer));
        let evaluated = layer.valid();
        layer.forward(two_values(&device()), Statistics::Update);
        assert_eq!(running(&copy), before);
        assert_eq!(running(&evaluated), before);
        assert_ne!(running(&layer), before);
    }

    #[test]
    fn running_averages_are_saved_but_never_trained() {
        let device = device().autodiff();
        let layer = layer(&device);
        layer.forward(two_values(&device), Statistics::Update);
        let loaded = BatchNormConfig::new(2)
            .init(&device)
            .load_record(layer.clone().into_record());
        // Records hold what the target's precision holds.
        for (loaded, saved) in running(&loaded).iter().zip(&running(&layer)) {
            assert_close(loaded, saved, 1e-6);
        }
        assert!(!loaded.running_mean.value().is_require_grad());
        let loaded = loaded.unfreeze().valid().train();
        assert!(!loaded.running_mean.value().is_autodiff());
        assert!(loaded.scale.val().is_require_grad());
    }

    #[test]
    fn values_in_single_precision_are_close_to_those_in_double() {
        let input = random([4, 2, 3, 3]) + 20.0;
        let layer = layer(&device());
        let exact = layer.forward(input.clone(), Statistics::Batch);
        let cast = |tensor: &Param<Tensor<1>>| Param::from_tensor(tensor.val().cast(DType::F32));
        let single = BatchNorm {
            scale: cast(&layer.scale),
            shift: cast(&layer.shift),
            ..layer
        };
        let found = single.forward(input.cast(DType::F32), Statistics::Batch);
        assert_close(&values(found), &values(exact), 1e-4);
    }

    /// Output and gradients by input and scale.
    fn run(input: Tensor<4>, layer: &BatchNorm, statistics: Statistics) -> [Vec<f64>; 3] {
        let input = input.autodiff().require_grad();
        let output = layer.forward_leaky(input.clone(), statistics, 0.1);
        let gradients = output.clone().square().sum().backward();
        let by_scale = layer.scale.grad(&gradients).expect("tracked");
        [
            values(output),
            values(input.grad(&gradients).expect("tracked")),
            values(by_scale),
        ]
    }

    #[test]
    fn loops_over_memory_agree_with_tensor_operations() {
        // There are no loops for half precision.
        let round = |tensor: Tensor<4>| tensor.cast(DType::F16).cast(DType::F64);
        let input = round(random([2, 3, 3, 2]));
        for statistics in MODES {
            let exact = layer(&device().autodiff());
            let half = exact.clone().map(&mut Half);
            let by_loops = run(input.clone(), &exact, statistics);
            let by_operations = run(input.clone().cast(DType::F16), &half, statistics);
            for (loops, operations) in by_loops.iter().zip(&by_operations) {
                assert_close(operations, loops, 0.02);
            }
        }
    }

    struct Half;

    impl burn::module::ModuleMapper for Half {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| {
                let tracked = tensor.is_require_grad();
                tensor.detach().cast(DType::F16).detach().set_require_grad(tracked)
            })
        }
    }

    #[test]
    fn many_rows_and_channels_are_normalized_as_few_are() {
        // More than a part of rows, and channels that fill a block and leave some over.
        let input = random([9, 8, 9, 21]);
        let layer = |device: &Device| {
            let mut layer = BatchNormConfig::new(21).init(device);
            layer.scale = Param::from_tensor(Tensor::ones([21], (device, DType::F64)));
            layer.shift = Param::from_tensor(Tensor::zeros([21], (device, DType::F64)));
            layer
        };
        let output = layer(&device()).forward_leaky(input.clone(), Statistics::Batch, 1.0);
        let rows = |tensor: Tensor<4>| tensor.reshape([648, 21]);
        let centered = rows(input.clone()) - rows(input.clone()).mean_dim(0);
        let deviation = (centered.clone().square().mean_dim(0) + 1e-3).sqrt();
        assert_close(&values(output), &values(centered / deviation), 1e-12);

        // A batch norm's output sums to zero whatever goes in, and so does the gradient.
        let weights = random([9, 8, 9, 21]);
        let taped = input.autodiff().require_grad();
        let output = layer(&device().autodiff()).forward_leaky(taped.clone(), Statistics::Batch, 1.0);
        let gradients = (output * weights.autodiff()).sum().backward();
        let gradient = rows(taped.grad(&gradients).expect("tracked"));
        assert_close(&values(gradient.sum_dim(0)), &[0.0; 21], 1e-11);
    }
}
