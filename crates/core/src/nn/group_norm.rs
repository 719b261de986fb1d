//! Group normalization with the channels last, optionally followed by leaky ReLU, as one node of the tape.
//!
//! Written with ordinary operations it leaves a dozen nodes and as many saved tensors; by hand it is a few passes over an
//! item that stays in a core's cache, and the tape keeps the input.

use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
};

use super::activation::factor;
use crate::vjp;

#[cfg(feature = "flex")]
mod items;

/// Group normalization (Wu and He 2018): each item of a batch has a mean and a variance of its own for each group of
/// consecutive channels.
#[derive(Module, Debug)]
pub struct GroupNorm {
    /// `[channels]`
    pub scale: Param<Tensor<1>>,
    /// `[channels]`
    pub shift: Param<Tensor<1>>,
    /// A divisor of the number of channels.
    pub groups: usize,
    /// Added to the variance.
    pub epsilon: f64,
}

impl GroupNorm {
    /// A normalization that neither scales nor shifts yet.
    ///
    /// # Panics
    ///
    /// If the channels do not divide into so many groups.
    pub fn new(groups: usize, channels: usize, epsilon: f64, device: &Device) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "{channels} channels do not divide into {groups} groups"
        );
        Self {
            scale: Initializer::Ones.init([channels], device),
            shift: Initializer::Zeros.init([channels], device),
            groups,
            epsilon,
        }
    }

    /// The normalized input, followed by leaky ReLU; a slope of 1 is no rectifier, one of 0 is ReLU.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, height, width, channels]`
    pub fn forward_leaky(&self, input: Tensor<4>, slope: f64) -> Tensor<4> {
        let [batch, height, width, channels] = input.dims();
        // One rank for all inputs of the node.
        let inputs = [
            input.reshape([batch, height * width, channels]),
            self.scale.val().reshape([1, 1, channels]),
            self.shift.val().reshape([1, 1, channels]),
        ];
        let shape = Groups {
            count: self.groups,
            epsilon: self.epsilon,
            slope,
        };
        let output = vjp::function(inputs, |[input, scale, shift]| shape.node(input, scale, shift));
        output.reshape([batch, height, width, channels])
    }
}

/// How items are normalized, and rectified afterwards.
#[derive(Debug, Clone, Copy)]
struct Groups {
    count: usize,
    epsilon: f64,
    slope: f64,
}

type Pullback = Box<dyn FnOnce(Tensor<3>) -> [Tensor<3>; 3] + Send>;

impl Groups {
    /// # Shapes
    ///
    /// - input, output: `[batch, pixels, channels]`
    /// - scale, shift: `[1, 1, channels]`
    fn node(self, input: Tensor<3>, scale: Tensor<3>, shift: Tensor<3>) -> (Tensor<3>, Pullback) {
        #[cfg(feature = "flex")]
        if let Some(items) = items::Items::new(self, [&input, &scale, &shift]) {
            return items.node();
        }
        let line = Line::new(self, &input, scale, &shift);
        let output = line.rectified(line.linear(&input));
        (output, Box::new(move |gradient| line.pull_back(gradient, &input)))
    }
}

/// Normalization as a rectified line per item and channel, `leaky(rate · x + offset)`; all are `[batch, 1, channels]`
/// except for the scale, `[1, 1, channels]`.
struct Line {
    groups: Groups,
    scale: Tensor<3>,
    mean: Tensor<3>,
    /// `1/σ`
    inverse: Tensor<3>,
    /// `scale/σ`
    rate: Tensor<3>,
    /// `shift - mean · scale/σ`
    offset: Tensor<3>,
}

impl Line {
    fn new(groups: Groups, input: &Tensor<3>, scale: Tensor<3>, shift: &Tensor<3>) -> Self {
        let mean = groups.mean(input.clone());
        let variance = groups.mean((input.clone() - mean.clone()).square());
        let inverse = (variance + groups.epsilon).sqrt().recip();
        let rate = inverse.clone() * scale.clone();
        Self {
            groups,
            scale,
            offset: shift.clone() - mean.clone() * rate.clone(),
            mean,
            inverse,
            rate,
        }
    }

    fn linear(&self, input: &Tensor<3>) -> Tensor<3> {
        input.clone() * self.rate.clone() + self.offset.clone()
    }

    fn rectified(&self, linear: Tensor<3>) -> Tensor<3> {
        match self.groups.slope {
            1.0 => linear,
            slope => linear.clone() * factor(linear, slope),
        }
    }

    /// With `g` the gradient in front of the rectifier: by the input `(scale·g - mean(scale·g) - x̂·mean(scale·g·x̂)) / σ`,
    /// means over a group; by the scale `Σ g·x̂`; by the shift `Σ g`.
    fn pull_back(&self, gradient: Tensor<3>, input: &Tensor<3>) -> [Tensor<3>; 3] {
        let gradient = match self.groups.slope {
            1.0 => gradient,
            slope => gradient * factor(self.linear(input), slope),
        };
        let standard = (input.clone() - self.mean.clone()) * self.inverse.clone();
        let products = gradient.clone() * standard.clone();
        let scaled = |tensor: &Tensor<3>| self.groups.mean(tensor.clone() * self.scale.clone());
        let by_input = gradient.clone() * self.scale.clone() - scaled(&gradient) - standard * scaled(&products);
        let sum = |tensor: Tensor<3>| tensor.sum_dim(1).sum_dim(0);
        [by_input * self.inverse.clone(), sum(products), sum(gradient)]
    }
}

impl Groups {
    /// The mean over each item's group, for each channel of the group: `[batch, pixels, channels]` to `[batch, 1, channels]`.
    fn mean(self, input: Tensor<3>) -> Tensor<3> {
        let [batch, _, channels] = input.dims();
        let members = channels / self.count;
        let means: Tensor<3> = input.mean_dim(1).reshape([batch, self.count, members]).mean_dim(2);
        means.repeat_dim(2, members).reshape([batch, 1, channels])
    }
}

#[cfg(test)]
mod tests {
    use burn::{nn::GroupNormConfig, tensor::activation::leaky_relu};

    use super::*;
    use crate::testing::{assert_close, device, normal, values};

    /// With a mean and a spread that are not those of a normalized input.
    fn random<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
        normal(seed, shape) * 1.5 + 0.3
    }

    /// Output and gradients by input, scale and shift.
    fn run(
        inputs: &(Tensor<4>, Tensor<1>, Tensor<1>),
        weights: &Tensor<4>,
        function: impl Fn(Tensor<4>, Tensor<1>, Tensor<1>) -> Tensor<4>,
    ) -> [Vec<f64>; 4] {
        let input = inputs.0.clone().autodiff().require_grad();
        let [scale, shift] = [&inputs.1, &inputs.2].map(|tensor| tensor.clone().autodiff().require_grad());
        let output = function(input.clone(), scale.clone(), shift.clone());
        let gradients = (output.clone() * weights.clone().autodiff()).sum().backward();
        let [by_scale, by_shift] = [scale, shift].map(|tensor| values(tensor.grad(&gradients).expect("tracked")));
        [
            values(output),
            values(input.grad(&gradients).expect("tracked")),
            by_scale,
            by_shift,
        ]
    }

    fn layer(groups: usize, scale: Tensor<1>, shift: Tensor<1>) -> GroupNorm {
        GroupNorm {
            scale: Param::from_tensor(scale),
            shift: Param::from_tensor(shift),
            groups,
            epsilon: 1e-5,
        }
    }

    #[test]
    fn values_and_gradients_are_those_of_burn() {
        // More channels than a loop's block, too, with and without a rest.
        for (groups, channels) in [(1, 4), (2, 6), (3, 3), (16, 32), (5, 35)] {
            let inputs = (
                random(0, [3, 4, 5, channels]),
                random(1, [channels]),
                random(2, [channels]),
            );
            let weights = random(3, [3, 4, 5, channels]);
            for slope in [1.0, 0.0, 0.1] {
                let ours = run(&inputs, &weights, |input, scale, shift| {
                    layer(groups, scale, shift).forward_leaky(input, slope)
                });
                let burns = run(&inputs, &weights, |input, scale, shift| {
                    let mut layer = GroupNormConfig::new(groups, channels).init(&input.device());
                    layer.gamma = Some(Param::from_tensor(scale));
                    layer.beta = Some(Param::from_tensor(shift));
                    let output = layer.forward(input.permute([0, 3, 1, 2])).permute([0, 2, 3, 1]);
                    if slope == 1.0 {
                        output
                    } else {
                        leaky_relu(output, slope)
                    }
                });
                for (ours, burns) in ours.iter().zip(&burns) {
                    assert_close(ours, burns, 1e-11);
                }
            }
        }
    }

    #[test]
    fn ordinary_operations_give_the_same_numbers() {
        let [groups, channels, slope] = [4, 12, 0];
        let groups = Groups {
            count: groups,
            epsilon: 1e-5,
            slope: slope as f64,
        };
        let (input, gradient) = (random(0, [3, 7, channels]), random(1, [3, 7, channels]));
        let [scale, shift] = [random(2, [1, 1, channels]), random(3, [1, 1, channels])];
        let (output, pullback) = groups.node(input.clone(), scale.clone(), shift.clone());
        let line = Line::new(groups, &input, scale, &shift);
        assert_close(&values(line.rectified(line.linear(&input))), &values(output), 1e-12);
        for (plain, ours) in line
            .pull_back(gradient.clone(), &input)
            .into_iter()
            .zip(pullback(gradient))
        {
            assert_close(&values(plain), &values(ours), 1e-12);
        }
    }

    #[cfg(feature = "flex")]
    #[test]
    fn the_number_of_threads_changes_no_gradient() {
        let gradients = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads");
            pool.install(|| {
                let filled = |shape: [usize; 4], step: f32| -> Tensor<4> {
                    let count = shape.iter().product::<usize>();
                    let values: Vec<f32> = (0..count).map(|index| (index as f32 * step).sin()).collect();
                    Tensor::from_data(TensorData::new(values, shape), &device())
                };
                let input = filled([37, 6, 6, 64], 0.37).autodiff().require_grad();
                let norm = GroupNorm::new(32, 64, 1e-5, &device().autodiff());
                let weights = filled([37, 6, 6, 64], 0.73).autodiff();
                let gradients = (norm.forward_leaky(input.clone(), 0.0) * weights).sum().backward();
                let by_scale = values(norm.scale.val().grad(&gradients).expect("tracked"));
                (values(input.grad(&gradients).expect("tracked")), by_scale)
            })
        };
        assert_eq!(gradients(1), gradients(2));
    }
}
