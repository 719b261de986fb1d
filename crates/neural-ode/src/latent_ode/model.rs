//! The latent ODE: recognition network, latent dynamics, decoder.

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::relu,
};
use papers_core::vjp;
use serde::{Deserialize, Serialize};

use super::{gaussian::DiagonalGaussian, recurrent::Recurrence};
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
        let hidden = elu(self.first.forward(state));
        let hidden = elu(self.second.forward(hidden));
        self.output.forward(hidden)
    }
}

/// The exponential linear unit, `x` above zero and `exp(x) - 1` below.
///
/// With its derivative by hand, `exp(min(x, 0))`, which the value needs anyway: one node and one product where Burn's
/// has four, and no overflow of the exponential of large inputs, which makes the gradient of Burn's NaN.
fn elu(input: Tensor<2>) -> Tensor<2> {
    vjp::function([input], |[input]| {
        let slope = input.clone().clamp_max(0.0).exp();
        let output = input.clamp_min(0.0) + (slope.clone() - 1.0);
        (output, |gradient: Tensor<2>| [gradient * slope])
    })
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
    use papers_core::testing::{self, assert_close, tensor_f64, values};

    #[test]
    fn elu_is_the_identity_above_zero_and_bounded_below() {
        let input = tensor_f64(vec![-1e9, -1.0, 0.0, 2.0, 1e9], [1, 5], &testing::device());
        assert_close(&values(elu(input)), &[-1.0, (-1f64).exp() - 1.0, 0.0, 2.0, 1e9], 1e-15);
    }

    #[test]
    fn elu_gradient_matches_finite_differences() {
        testing::assert_gradient(&[-3.0, -0.4, 0.5, 2.0], |input| elu(input.reshape([2, 2])).square());
    }

    #[test]
    fn elu_of_large_inputs_has_gradient_one() {
        let device = testing::device().autodiff();
        let input = tensor_f64(vec![1e4], [1, 1], &device).require_grad();
        let gradients = elu(input.clone()).sum().backward();
        assert_eq!(values(input.grad(&gradients).expect("tracked")), [1.0]);
    }
}
