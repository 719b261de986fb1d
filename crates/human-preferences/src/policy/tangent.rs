use burn::{prelude::*, tensor::DType};

use super::{
    ActionDistribution, AgentError, Linearization, OutputTangent, flat,
    mlp::Mlp,
    tanh::{slope, tanh},
};

/// An [`MlpPolicy`](super::MlpPolicy) near its parameters, over fixed observations.
///
/// With hidden `h = tanh(W x + b)`, a change of the parameters moves it by `(1 - h²)(dW x + W dx + db)`; the way back is
/// that of the chain rule. Both are a few matrix products each, and need no tape.
#[derive(Debug, Clone)]
pub struct MlpLinearization {
    /// What each layer is applied to, with a column of ones for the bias: `[batch, in + 1]`
    inputs: Vec<Tensor<2>>,
    /// `1 - h²` of each hidden layer: `[batch, width]`
    slopes: Vec<Tensor<2>>,
    /// Weights of each layer: `[in, out]`
    weights: Vec<Tensor<2>>,
    /// Inputs and outputs of each layer.
    sizes: Vec<[usize; 2]>,
    distribution: ActionDistribution,
}

impl MlpLinearization {
    pub(super) fn new(network: &Mlp, log_std: Option<Tensor<1>>, observations: Tensor<2>) -> Self {
        let (mut inputs, mut slopes, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let mut hidden = observations.inner();
        let last = network.layers.len().saturating_sub(1);
        for (index, layer) in network.layers.iter().enumerate() {
            let ones = Tensor::ones([hidden.dims()[0], 1], (&hidden.device(), hidden.dtype()));
            inputs.push(Tensor::cat(vec![hidden.clone(), ones], 1));
            weights.push(layer.weight.val().inner());
            let output = layer.forward(hidden).inner();
            hidden = if index == last { output } else { tanh(output) };
            if index < last {
                slopes.push(slope(hidden.clone()));
            }
        }
        let distribution = match log_std {
            Some(log_std) => ActionDistribution::Gaussian { mean: hidden, log_std },
            None => ActionDistribution::Categorical { logits: hidden },
        };
        Self {
            inputs,
            slopes,
            weights,
            sizes: network.sizes(),
            distribution,
        }
    }

    fn options(&self) -> (Device, DType) {
        (self.inputs[0].device(), self.inputs[0].dtype())
    }
}

impl Linearization for MlpLinearization {
    fn distribution(&self) -> &ActionDistribution {
        &self.distribution
    }

    fn pushforward(&self, direction: &[f64]) -> OutputTangent {
        let (device, dtype) = self.options();
        let mut rest = direction;
        let mut tangent: Option<Tensor<2>> = None;
        for (index, &[input, output]) in self.sizes.iter().enumerate() {
            let data = TensorData::new(flat::matrix(&mut rest, input, output), [input + 1, output]);
            let by_parameters = self.inputs[index]
                .clone()
                .matmul(Tensor::from_data(data, (&device, dtype)));
            let sum = match tangent {
                Some(tangent) => by_parameters + tangent.matmul(self.weights[index].clone()),
                None => by_parameters,
            };
            tangent = Some(match self.slopes.get(index) {
                Some(slope) => sum * slope.clone(),
                None => sum,
            });
        }
        let log_std = matches!(self.distribution, ActionDistribution::Gaussian { .. });
        OutputTangent {
            outputs: tangent.expect("a network has a layer"),
            log_std: log_std.then(|| Tensor::from_data(TensorData::from(rest), (&device, dtype))),
        }
    }

    fn pullback(&self, gradient: OutputTangent) -> Result<Vec<f64>, AgentError> {
        let mut by_output = gradient.outputs;
        let mut matrices = Vec::new();
        for (index, input) in self.inputs.iter().enumerate().rev() {
            matrices.push(input.clone().transpose().matmul(by_output.clone()));
            if let Some(before) = index.checked_sub(1) {
                by_output = by_output.matmul(self.weights[index].clone().transpose()) * self.slopes[before].clone();
            }
        }
        let mut parameters = Vec::new();
        for (matrix, &[input, output]) in matrices.into_iter().rev().zip(&self.sizes) {
            flat::append(&mut parameters, &matrix.try_into_vec_as::<f64>()?, input, output);
        }
        if let Some(log_std) = gradient.log_std {
            parameters.extend(log_std.try_into_vec_as::<f64>()?);
        }
        Ok(parameters)
    }
}
