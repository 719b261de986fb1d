//! Group normalization, optionally followed by ReLU, as one node of the tape.
//!
//! Written with ordinary operations it leaves a dozen nodes and as many saved tensors; by hand it is a few passes over
//! memory and two saved tensors.

use burn::{prelude::*, tensor::activation::relu};
use papers_core::vjp;

/// What follows the normalization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    Identity,
    Relu,
}

/// Group normalization over groups of consecutive channels, scaled and shifted per channel, then the activation.
///
/// # Shapes
///
/// - input, output: `[batch, channels, height, width]`
/// - scale, shift: `[channels]`
pub(super) fn normalize(
    input: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    groups: usize,
    epsilon: f64,
    activation: Activation,
) -> Tensor<4> {
    let [batch, channels, height, width] = input.dims();
    let pixels = height * width;
    // One rank for all inputs of the node.
    let inputs = [
        input.reshape([batch, channels, pixels]),
        scale.reshape([1, channels, 1]),
        shift.reshape([1, channels, 1]),
    ];
    let output = vjp::function(inputs, |[input, scale, shift]| {
        let (standard, deviation) = standardize(input, groups, epsilon);
        let output = standard.clone() * scale.clone() + shift;
        let output = match activation {
            Activation::Identity => output,
            Activation::Relu => relu(output),
        };
        let active = match activation {
            Activation::Identity => None,
            Activation::Relu => Some(output.clone()),
        };
        let pullback = move |gradient: Tensor<3>| {
            let gradient = match active {
                // A product, since filling in place branches on every element: at random signs, twenty times slower.
                Some(output) => {
                    let active = output.greater_elem(0.0).float().cast(gradient.dtype());
                    gradient * active
                }
                None => gradient,
            };
            pull_back(gradient, standard, deviation, scale)
        };
        (output, pullback)
    });
    output.reshape([batch, channels, height, width])
}

/// The input with mean 0 and variance 1 in each group, and the standard deviations that it had, `[batch, groups, 1]`.
fn standardize(input: Tensor<3>, groups: usize, epsilon: f64) -> (Tensor<3>, Tensor<3>) {
    let [batch, channels, pixels] = input.dims();
    let input = input.reshape([batch, groups, channels / groups * pixels]);
    let centered = input.clone() - input.mean_dim(2);
    let deviation = (centered.clone().square().mean_dim(2) + epsilon).sqrt();
    (
        (centered / deviation.clone()).reshape([batch, channels, pixels]),
        deviation,
    )
}

/// With `g` the gradient of `y = scale·x̂ + shift`: by the input `(scale·g - mean(scale·g) - x̂·mean(scale·g·x̂)) / σ`,
/// means over a group; by the scale `Σ g·x̂`; by the shift `Σ g`. The sums over pixels serve all three.
fn pull_back(gradient: Tensor<3>, standard: Tensor<3>, deviation: Tensor<3>, scale: Tensor<3>) -> [Tensor<3>; 3] {
    let [batch, channels, pixels] = gradient.dims();
    let groups = deviation.dims()[1];
    let members = channels / groups;
    let sums = gradient.clone().sum_dim(2); // [batch, channels, 1]
    let products = (gradient.clone() * standard.clone()).sum_dim(2);
    // [batch, channels, 1] -> [batch, groups, 1], and back to channels.
    let group_mean = |sums: Tensor<3>| {
        (sums * scale.clone()).reshape([batch, groups, members]).sum_dim(2) / (members * pixels) as f64
    };
    let to_channels = |values: Tensor<3>| values.repeat_dim(2, members).reshape([batch, channels, 1]);
    let rate = to_channels(deviation.clone().recip()) * scale.clone();
    let offset = to_channels(group_mean(sums.clone()) / deviation.clone());
    let slope = to_channels(group_mean(products.clone()) / deviation);
    let by_input = gradient * rate - standard * slope - offset;
    [by_input, products.sum_dim(0), sums.sum_dim(0)]
}

#[cfg(test)]
mod tests {
    use burn::{
        module::Param,
        nn::GroupNormConfig,
        tensor::{DType, Distribution},
    };
    use papers_core::testing::{assert_close, device, values};

    use super::*;

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.3, 1.5), (&device(), DType::F64))
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

    #[test]
    fn values_and_gradients_are_those_of_burn() {
        for (groups, channels) in [(1, 4), (2, 6), (3, 3)] {
            let inputs = (random([3, channels, 4, 5]), random([channels]), random([channels]));
            let weights = random([3, channels, 4, 5]);
            for activation in [Activation::Identity, Activation::Relu] {
                let ours = run(&inputs, &weights, |input, scale, shift| {
                    normalize(input, scale, shift, groups, 1e-5, activation)
                });
                let burns = run(&inputs, &weights, |input, scale, shift| {
                    let mut layer = GroupNormConfig::new(groups, channels).init(&input.device());
                    layer.gamma = Some(Param::from_tensor(scale));
                    layer.beta = Some(Param::from_tensor(shift));
                    match activation {
                        Activation::Identity => layer.forward(input),
                        Activation::Relu => relu(layer.forward(input)),
                    }
                });
                for (ours, burns) in ours.iter().zip(&burns) {
                    assert_close(ours, burns, 1e-11);
                }
            }
        }
    }
}
