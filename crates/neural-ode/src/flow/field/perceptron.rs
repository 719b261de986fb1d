use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};

use super::VelocityField;
use crate::activation::tanh;

/// Dynamics of FFJORD (Grathwohl et al. 2019): a perceptron of tanh units that reads the position and, last, the time.
#[derive(Module, Debug)]
pub struct TimePerceptron {
    /// The layers; the first reads `D + 1` numbers, the last makes `D`.
    pub layers: Vec<Linear>,
}

impl TimePerceptron {
    /// A network with `depth` hidden layers of `hidden` units.
    pub fn new(dimension: usize, hidden: usize, depth: usize, device: &Device) -> Self {
        let mut widths = vec![dimension + 1];
        widths.extend(std::iter::repeat_n(hidden, depth));
        widths.push(dimension);
        let layer = |pair: &[usize]| LinearConfig::new(pair[0], pair[1]).init(device);
        Self {
            layers: widths.windows(2).map(layer).collect(),
        }
    }

    /// Weight without the row of the time (`[D, hidden]`), and that row times the time plus the bias (`[1, hidden]`), so
    /// that the time need not be concatenated.
    fn first(&self, time: f64) -> (Tensor<2>, Tensor<2>) {
        let weight = self.layers[0].weight.val();
        let dimension = weight.dims()[0] - 1;
        let offset = weight.clone().narrow(0, dimension, 1) * time;
        (weight.narrow(0, 0, dimension), with_bias(&self.layers[0], offset))
    }
}

fn with_bias(layer: &Linear, value: Tensor<2>) -> Tensor<2> {
    match &layer.bias {
        Some(bias) => value + bias.val().unsqueeze_dim(0),
        None => value,
    }
}

impl VelocityField for TimePerceptron {
    fn velocity(&self, time: f64, position: Tensor<2>) -> Tensor<2> {
        let (weight, offset) = self.first(time);
        let input = position.matmul(weight) + offset;
        let later = self.layers[1..].iter();
        later.fold(input, |input, layer| layer.forward(tanh(input)))
    }

    fn push_forward(&self, time: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        let [count, batch, dimension] = directions.dims();
        let (weight, offset) = self.first(time);
        let mut pushed = directions.reshape([count * batch, dimension]).matmul(weight.clone());
        let mut value = position.matmul(weight) + offset;
        for layer in &self.layers[1..] {
            let width = value.dims()[1];
            value = tanh(value);
            let slope: Tensor<3> = (value.clone().square() * -1.0 + 1.0).unsqueeze_dim(0);
            pushed = (pushed.reshape([count, batch, width]) * slope).reshape([count * batch, width]);
            let weight = layer.weight.val();
            pushed = pushed.matmul(weight.clone());
            value = with_bias(layer, value.matmul(weight));
        }
        (value, pushed.reshape([count, batch, dimension]))
    }
}
