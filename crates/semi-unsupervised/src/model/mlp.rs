use burn::{
    module::{Module, Param},
    nn::{Initializer, Linear},
    prelude::*,
};
use papers_core::{distributions::DiagonalGaussian, nn::leaky_relu};

/// Deviation of biases and of the weights of output layers at first (the authors' code).
const SMALL: f64 = 0.001;
/// Logarithms of variances that networks give are kept within this; the authors have no bound.
const LOG_VARIANCE: f64 = 10.0;

/// A perceptron with ReLU after each layer but the last, whose input comes in parts.
#[derive(Module, Debug)]
pub struct Mlp {
    /// From the input to the output.
    pub layers: Vec<Linear>,
}

impl Mlp {
    /// A perceptron from `inputs` over `hidden` units to `outputs`, with random weights: those of hidden layers by Glorot,
    /// all biases and the output's weights close to zero.
    pub fn new(inputs: usize, hidden: &[usize], outputs: usize, device: &Device) -> Self {
        let sizes: Vec<usize> = [inputs].iter().chain(hidden).chain([&outputs]).copied().collect();
        let last = sizes.len() - 2;
        let layer = |(place, sizes): (usize, &[usize])| {
            let glorot = Initializer::XavierNormal { gain: 1.0 };
            let initializer = if place == last { close_to_zero() } else { glorot };
            linear([sizes[0], sizes[1]], initializer, close_to_zero(), device)
        };
        Self {
            layers: sizes.windows(2).enumerate().map(layer).collect(),
        }
    }

    /// The output for an input of parts one after the other. What the first layer makes of a part is computed once for all
    /// combinations with other parts.
    ///
    /// # Shapes
    ///
    /// - parts: `[samples, batch, classes, features]` each, where any axis but the last may have length 1, and is then the
    ///   same for all
    /// - output: `[samples, batch, classes, outputs]`
    ///
    /// # Panics
    ///
    /// If the parts have other features together than the first layer has inputs.
    pub fn forward(&self, parts: &[Tensor<4>]) -> Tensor<4> {
        let (first, rest) = self.layers.split_first().expect("a perceptron has a layer");
        let mut hidden = first_layer(first, parts);
        let [samples, batch, classes, _] = hidden.dims();
        for layer in rest {
            let rows = flat(leaky_relu(hidden, 0.0));
            let output = layer.forward(rows);
            hidden = output.reshape([samples as i64, batch as i64, classes as i64, -1]);
        }
        hidden
    }

    /// The output as a Gaussian, whose mean comes first and whose log-variance comes second.
    ///
    /// # Shapes
    ///
    /// - parts: as in [`forward`](Self::forward)
    /// - mean: `[samples, batch, classes, outputs / 2]`
    pub fn gaussian(&self, parts: &[Tensor<4>]) -> DiagonalGaussian<4> {
        let DiagonalGaussian { mean, log_variance } = DiagonalGaussian::from_halves(self.forward(parts));
        DiagonalGaussian {
            mean,
            log_variance: log_variance.clamp(-LOG_VARIANCE, LOG_VARIANCE),
        }
    }
}

/// Normal with a deviation of 0.001.
pub(crate) fn close_to_zero() -> Initializer {
    Initializer::Normal { mean: 0.0, std: SMALL }
}

/// `[inputs, outputs]` weights and biases.
pub(crate) fn linear(sizes: [usize; 2], weight: Initializer, bias: Initializer, device: &Device) -> Linear {
    let [inputs, outputs] = sizes;
    let weight: Param<Tensor<2>> = weight.init_with(sizes, Some(inputs), Some(outputs), device);
    let bias: Param<Tensor<1>> = bias.init_with([outputs], Some(inputs), Some(outputs), device);
    Linear {
        weight,
        bias: Some(bias),
    }
}

/// `W x + b` for a concatenated `x`: `Σ W_i x_i + b`.
fn first_layer(layer: &Linear, parts: &[Tensor<4>]) -> Tensor<4> {
    let weight = layer.weight.val();
    let [inputs, outputs] = weight.dims();
    let mut begun = 0;
    let mut sum: Option<Tensor<4>> = None;
    for part in parts {
        let [samples, batch, classes, features] = part.dims();
        let rows = weight.clone().narrow(0, begun, features);
        let product = flat(part.clone())
            .matmul(rows)
            .reshape([samples, batch, classes, outputs]);
        sum = Some(match sum {
            Some(sum) => sum + product,
            None => product,
        });
        begun += features;
    }
    assert_eq!(begun, inputs, "the parts are the inputs of the first layer");
    let sum = sum.expect("there is a part");
    match &layer.bias {
        Some(bias) => sum + bias.val().reshape([1, 1, 1, outputs]),
        None => sum,
    }
}

/// `[samples, batch, classes, features]` to `[rows, features]`.
fn flat(tensor: Tensor<4>) -> Tensor<2> {
    let features = tensor.dims()[3];
    tensor.reshape([-1, features as i64])
}

#[cfg(test)]
mod tests {
    use papers_core::{
        random::Streams,
        testing::{assert_close, device, initialized, values},
    };

    use super::*;

    #[test]
    fn parts_are_one_input() {
        let device = device();
        let mlp = initialized(|| Mlp::new(6, &[5, 4], 3, &device));
        let part = |seed, shape: [usize; 4]| Streams::new(seed).normal("part", 0, shape, &device);
        let parts = [part(0, [1, 3, 1, 2]), part(1, [1, 1, 4, 1]), part(2, [2, 3, 1, 3])];
        let whole = parts.clone().map(|part| {
            let features = part.dims()[3];
            part.expand([2, 3, 4, features])
        });
        let expected = mlp.forward(&[Tensor::cat(whole.to_vec(), 3)]);
        let found = mlp.forward(&parts);
        assert_eq!(found.dims(), [2, 3, 4, 3]);
        assert_close(&values(found), &values(expected), 1e-6);
    }

    #[test]
    fn outputs_are_small_at_first_and_hidden_units_are_not() {
        let device = device();
        let mlp = initialized(|| Mlp::new(50, &[40, 40], 10, &device));
        let deviation = |weight: &Param<Tensor<2>>| {
            let values = values(weight.val());
            (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
        };
        assert!((deviation(&mlp.layers[0].weight) - (2.0 / 90.0_f64).sqrt()).abs() < 0.02);
        assert!((deviation(&mlp.layers[2].weight) - SMALL).abs() < 0.0003);
    }
}
