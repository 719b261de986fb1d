//! The plain recurrent network `h ← tanh(W·[x; h] + b)` that the recognition network and the baselines share.

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::vjp;

use crate::activation::tanh;

/// `h ← tanh(W·[x; h] + b)`.
#[derive(Module, Debug)]
pub struct Recurrence {
    /// From input and state, in this order, to the next state.
    pub transition: Linear,
}

impl Recurrence {
    /// A network with `inputs` features and `hidden` units.
    pub fn new(inputs: usize, hidden: usize, device: &Device) -> Self {
        Self {
            transition: LinearConfig::new(inputs + hidden, hidden).init(device),
        }
    }

    /// Number of units.
    pub fn hidden(&self) -> usize {
        self.transition.weight.dims()[1]
    }

    /// One step.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, inputs]`
    /// - state, output: `[batch, hidden]`
    pub fn step(&self, input: Tensor<2>, state: Tensor<2>) -> Tensor<2> {
        self.transition.forward(Tensor::cat(vec![input, state], 1)).tanh()
    }

    /// All states of a sequence, from a state of zeros.
    ///
    /// # Shapes
    ///
    /// - inputs: `[steps, batch, inputs]`, in the order in which they are read
    /// - output: `[steps, batch, hidden]`
    pub fn unroll(&self, inputs: Tensor<3>) -> Tensor<3> {
        let [steps, batch, features] = inputs.dims();
        let hidden = self.hidden();
        let weight = self.transition.weight.val();
        let bias = self.transition.bias.as_ref().map(|bias| bias.val());
        let [of_input, of_state] = [
            weight.clone().narrow(0, 0, features),
            weight.narrow(0, features, hidden),
        ];
        // The inputs of all steps go through one product.
        let inputs = inputs.reshape([steps * batch, features]);
        let driven = burn::tensor::module::linear(inputs, of_input, bias).reshape([steps, batch, hidden]);
        recur(driven, of_state)
    }
}

/// `h_k = tanh(x_k + h_{k-1}·W)` for all `k`, from `h_{-1} = 0`, as one node of the tape.
///
/// By hand because the tape would hold three nodes for each step and add up as many gradients of `W`; here they are one
/// product over all steps.
///
/// # Shapes
///
/// - driven, output: `[steps, batch, hidden]`
/// - weight: `[hidden, hidden]`
fn recur(driven: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    vjp::function([driven, weight.unsqueeze_dim(0)], |[driven, weight]| {
        let [steps, _, _] = driven.dims();
        let weight = weight.squeeze_dim::<2>(0);
        let mut states: Vec<Tensor<2>> = Vec::with_capacity(steps);
        for step in 0..steps {
            let mut input = at(&driven, step);
            if let Some(state) = states.last() {
                input = input + state.clone().matmul(weight.clone());
            }
            states.push(tanh(input));
        }
        let output: Tensor<3> = Tensor::stack(states.clone(), 0);
        (output, move |gradient| pull_back(states, weight, gradient))
    })
}

/// Backpropagation through time.
fn pull_back(states: Vec<Tensor<2>>, weight: Tensor<2>, gradient: Tensor<3>) -> [Tensor<3>; 2] {
    let steps = states.len();
    let mut driven = Vec::with_capacity(steps);
    let mut carried: Option<Tensor<2>> = None;
    for (step, state) in states.iter().enumerate().rev() {
        let mut total = at(&gradient, step);
        if let Some(carried) = carried {
            total = total + carried;
        }
        let delta = total.clone() - total * state.clone().square();
        carried = Some(delta.clone().matmul(weight.clone().transpose()));
        driven.push(delta);
    }
    driven.reverse();
    let of_weight = match steps {
        1 => weight.zeros_like(),
        _ => {
            let before = Tensor::cat(states[..steps - 1].to_vec(), 0);
            let after = Tensor::cat(driven[1..].to_vec(), 0);
            before.transpose().matmul(after)
        }
    };
    [Tensor::stack(driven, 0), of_weight.unsqueeze_dim(0)]
}

fn at(sequence: &Tensor<3>, step: usize) -> Tensor<2> {
    sequence.clone().narrow(0, step, 1).squeeze_dim(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use papers_core::{
        random::Streams,
        testing::{self, assert_close, tensor_f64, values},
    };

    #[test]
    fn unrolling_is_stepping() {
        let device = testing::device();
        let network = Streams::new(0).initialize("network", &device, || Recurrence::new(2, 5, &device));
        let inputs = Streams::new(0).normal("inputs", 0, [4, 3, 2], &device);
        let states = network.unroll(inputs.clone());
        let mut state = Tensor::zeros([3, 5], &device);
        for step in 0..4 {
            state = network.step(at(&inputs, step), state);
            assert_close(&values(at(&states, step)), &values(state.clone()), 1e-6);
        }
    }

    #[test]
    fn gradients_through_time_match_finite_differences() {
        // Three steps of a batch of one with two units, then the weight.
        let point = [0.3, -0.2, 0.5, 0.1, -0.7, 0.4, 0.9, -0.6, 0.2, 0.8];
        testing::assert_gradient(&point, |point| {
            let driven = point.clone().narrow(0, 0, 6).reshape([3, 1, 2]);
            let weight = point.narrow(0, 6, 4).reshape([2, 2]);
            let scale = tensor_f64(vec![1.0, -2.0, 0.5, 0.3, 1.5, 0.7], [3, 1, 2], &driven.device());
            recur(driven, weight) * scale
        });
    }
}
