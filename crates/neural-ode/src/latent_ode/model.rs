//! The latent ODE: recognition network, latent dynamics, decoder.

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::relu,
};
use papers_core::{distributions::DiagonalGaussian, vjp};
use serde::{Deserialize, Serialize};

use super::recurrent::Recurrence;
use crate::{Dynamics, Failure, Solution, Solver};

/// Sizes of the networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Dimension of the latent state.
    pub latent: usize,
    /// Units of the recognition network, and of the baselines.
    pub recurrent: usize,
    /// Units of both hidden layers of the dynamics.
    pub dynamics: usize,
    /// Units of the decoder's hidden layer.
    pub decoder: usize,
}

/// Coordinates of an observation.
pub const COORDINATES: usize = 2;

/// A generative model of a time series: `z(t_0) ~ N(0, I)`, `dz/dt = f(z)`, `x(t) ~ N(decoder(z(t)), σ²)`, with a
/// recognition network for the posterior of `z(t_0)`.
///
/// `t_0` is the time of the first observation. Were it that of something unseen, such as the start of a window, the
/// recognition network would have to guess the time between: all it reads are gaps between observations.
#[derive(Module, Debug)]
pub struct LatentOde {
    /// Reads the observations backwards in time.
    pub recognition: Recognition,
    /// The latent dynamics.
    pub dynamics: LatentDynamics,
    /// From latent states to positions.
    pub decoder: Decoder,
}

impl LatentOde {
    /// Fresh networks of these sizes.
    pub fn new(sizes: &Sizes, device: &Device) -> Self {
        Self {
            // Positions and the gap.
            recognition: Recognition::new(COORDINATES + 1, sizes.recurrent, sizes.latent, device),
            dynamics: LatentDynamics::new(sizes.latent, sizes.dynamics, device),
            decoder: Decoder::new(sizes.latent, sizes.decoder, COORDINATES, device),
        }
    }

    /// The latent states at `times`, of which the first is the initial state's.
    ///
    /// # Shapes
    ///
    /// - initial: `[batch, latent]`
    /// - states of the solution: one per time, `[batch, latent]`
    ///
    /// # Errors
    ///
    /// What the solver reports.
    pub fn solve(
        &self,
        solver: &Solver,
        initial: Tensor<2>,
        times: &[f64],
    ) -> Result<Solution<Tensor<2>>, Failure<Tensor<2>>> {
        solver.solve_module(&self.dynamics, initial, times)
    }
}

/// The posterior of the initial latent state from observations, by a recurrent network that runs backwards in time.
#[derive(Module, Debug)]
pub struct Recognition {
    /// From the last observation to the first.
    pub recurrence: Recurrence,
    /// From its last state to mean and log-variance.
    pub posterior: Linear,
}

impl Recognition {
    /// A network for observations of `inputs` features.
    pub fn new(inputs: usize, hidden: usize, latent: usize, device: &Device) -> Self {
        Self {
            recurrence: Recurrence::new(inputs, hidden, device),
            posterior: LinearConfig::new(hidden, 2 * latent).init(device),
        }
    }

    /// The state of the recurrent network after the first observation, which it reads last.
    ///
    /// # Shapes
    ///
    /// - inputs: `[observations, batch, inputs]`, in the order of time
    /// - output: `[batch, hidden]`
    pub fn summary(&self, inputs: Tensor<3>) -> Tensor<2> {
        let steps = inputs.dims()[0];
        let states = self.recurrence.unroll(inputs.flip([0]));
        states.narrow(0, steps - 1, 1).squeeze_dim(0)
    }

    /// `q(z(t_0) | x)`.
    ///
    /// # Shapes
    ///
    /// - inputs: `[observations, batch, inputs]`, in the order of time; each observation with the gap to the next
    /// - output: one distribution per sample, over `[batch, latent]`
    pub fn forward(&self, inputs: Tensor<3>) -> DiagonalGaussian<2> {
        DiagonalGaussian::from_halves(self.posterior.forward(self.summary(inputs)))
    }
}

/// `dz/dt = f(z)`: a perceptron with two hidden layers of ELU units. Autonomous: only gaps between times matter.
#[derive(Module, Debug)]
pub struct LatentDynamics {
    /// Into the first hidden layer.
    pub first: Linear,
    /// Into the second.
    pub second: Linear,
    /// Out of it.
    pub output: Linear,
}

impl LatentDynamics {
    /// A network with two layers of `hidden` units.
    pub fn new(latent: usize, hidden: usize, device: &Device) -> Self {
        Self {
            first: LinearConfig::new(latent, hidden).init(device),
            second: LinearConfig::new(hidden, hidden).init(device),
            output: LinearConfig::new(hidden, latent).init(device),
        }
    }
}

impl Dynamics<Tensor<2>> for LatentDynamics {
    fn evaluate(&self, _time: f64, state: Tensor<2>) -> Tensor<2> {
        let [first, second, output] = [&self.first, &self.second, &self.output].map(affine);
        perceptron([state, first.0, first.1, second.0, second.1, output.0, output.1])
    }
}

/// Two layers of ELU units and a linear one, as one node of the tape: a solve evaluates these small layers hundreds of
/// times, and the bookkeeping of a node for each operation costs more than the operations.
///
/// # Shapes
///
/// - inputs: `[batch, state]`, then weight `[inputs, outputs]` and bias `[1, outputs]` of each layer
/// - output: `[batch, state]`
fn perceptron(inputs: [Tensor<2>; 7]) -> Tensor<2> {
    vjp::function(inputs, |[state, w1, b1, w2, b2, w3, b3]| {
        let (hidden1, slope1) = elu(state.clone().matmul(w1.clone()) + b1);
        let (hidden2, slope2) = elu(hidden1.clone().matmul(w2.clone()) + b2);
        let output = hidden2.clone().matmul(w3.clone()) + b3;
        let pull_back = |gradient: Tensor<2>| {
            let at_second = gradient.clone().matmul(w3.transpose()) * slope2;
            let at_first = at_second.clone().matmul(w2.transpose()) * slope1;
            [
                at_first.clone().matmul(w1.transpose()),
                state.transpose().matmul(at_first.clone()),
                at_first.sum_dim(0),
                hidden1.transpose().matmul(at_second.clone()),
                at_second.sum_dim(0),
                hidden2.transpose().matmul(gradient.clone()),
                gradient.sum_dim(0),
            ]
        };
        (output, pull_back)
    })
}

/// Weight and bias (zero if there is none), the latter as a row.
fn affine(layer: &Linear) -> (Tensor<2>, Tensor<2>) {
    let weight = layer.weight.val();
    let bias = match &layer.bias {
        Some(bias) => bias.val().unsqueeze(),
        None => weight.zeros_like().narrow(0, 0, 1),
    };
    (weight, bias)
}

/// The exponential linear unit, `x` above zero and `exp(x) - 1` below, and its derivative `exp(min(x, 0))`.
///
/// The value needs the derivative anyway. Large inputs do not overflow the exponential, which makes the gradient of
/// Burn's `elu` NaN.
fn elu(input: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let slope = input.clone().clamp_max(0.0).exp();
    (input.clamp_min(0.0) + (slope.clone() - 1.0), slope)
}

/// From latent states to positions: a perceptron with a hidden layer of ReLU units.
#[derive(Module, Debug)]
pub struct Decoder {
    /// Into the hidden layer.
    pub hidden: Linear,
    /// Out of it.
    pub output: Linear,
}

impl Decoder {
    /// A network with `hidden` units.
    pub fn new(latent: usize, hidden: usize, outputs: usize, device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(latent, hidden).init(device),
            output: LinearConfig::new(hidden, outputs).init(device),
        }
    }

    /// Positions of latent states; states of many times are decoded at once as so many rows.
    ///
    /// # Shapes
    ///
    /// - states: `[.., latent]`
    /// - output: `[.., outputs]`
    pub fn forward<const D: usize>(&self, states: Tensor<D>) -> Tensor<D> {
        self.output.forward(relu(self.hidden.forward(states)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use papers_core::{
        random::Streams,
        testing::{self, assert_close, tensor_f64, values},
    };

    #[test]
    fn elu_is_the_identity_above_zero_and_bounded_below() {
        let input = tensor_f64(vec![-1e9, -1.0, 0.0, 2.0, 1e9], [1, 5], &testing::device());
        let (value, slope) = elu(input);
        assert_close(&values(value), &[-1.0, (-1f64).exp() - 1.0, 0.0, 2.0, 1e9], 1e-15);
        assert_close(&values(slope), &[0.0, (-1f64).exp(), 1.0, 1.0, 1.0], 1e-15);
    }

    #[test]
    fn dynamics_are_layers_of_elu_units() {
        let device = testing::device();
        let dynamics = Streams::new(0).initialize("dynamics", &device, || LatentDynamics::new(2, 3, &device));
        let state = Streams::new(0).normal("state", 0, [4, 2], &device);
        let unit = |input: Tensor<2>| burn::tensor::activation::elu(input, 1.0);
        let hidden = unit(dynamics.second.forward(unit(dynamics.first.forward(state.clone()))));
        let expected = dynamics.output.forward(hidden);
        assert_close(&values(dynamics.evaluate(0.0, state)), &values(expected), 1e-6);
    }

    #[test]
    fn gradients_of_the_dynamics_match_finite_differences() {
        // Two states of one coordinate, then the layers, with two units each.
        let point = [
            0.3, -1.1, 0.7, -0.4, 0.2, 0.1, -0.8, 0.5, 0.3, -0.2, 0.9, 0.4, -0.6, 0.25, 0.15,
        ];
        let shapes = [[2, 1], [1, 2], [1, 2], [2, 2], [1, 2], [2, 1], [1, 1]];
        testing::assert_gradient(&point, |point| {
            let mut start = 0;
            let inputs = shapes.map(|[rows, columns]| {
                let part = point.clone().narrow(0, start, rows * columns);
                start += rows * columns;
                part.reshape([rows, columns])
            });
            perceptron(inputs).square()
        });
    }
}
