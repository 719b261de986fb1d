use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::vjp;

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
    fn dimension(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.weight.dims()[1])
    }

    fn velocity(&self, time: f64, position: Tensor<2>) -> Tensor<2> {
        let (weight, offset) = self.first(time);
        let input = position.matmul(weight) + offset;
        let later = self.layers[1..].iter();
        later.fold(input, |input, layer| layer.forward(tanh(input)))
    }

    fn push_forward(&self, time: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        let [count, batch, dimension] = directions.dims();
        let (weight, offset) = self.first(time);
        let directions = directions.reshape([count * batch, dimension]).matmul(weight.clone());
        let mut rows = Tensor::cat(vec![position.matmul(weight) + offset, directions], 0);
        for layer in &self.layers[1..] {
            rows = pushed_layer(rows, [count, batch], layer);
        }
        let pushed = rows.clone().narrow(0, batch, count * batch);
        (rows.narrow(0, 0, batch), pushed.reshape([count, batch, dimension]))
    }
}

/// `tanh` and a layer, of the first `batch` rows; of the rows that follow, directions at them, the derivative of both. One
/// node on the tape.
fn pushed_layer(rows: Tensor<2>, [count, batch]: [usize; 2], layer: &Linear) -> Tensor<2> {
    let weight = layer.weight.val();
    let bias = match &layer.bias {
        Some(bias) => bias.val().unsqueeze_dim(0),
        None => weight.clone().narrow(0, 0, 1).detach().zeros_like(),
    };
    vjp::function([rows, weight, bias], |[rows, weight, bias]| {
        let hidden = tanh(rows.clone().narrow(0, 0, batch));
        let slope = hidden.clone().square() * -1.0 + 1.0;
        let directions = by_direction(&rows, [count, batch]);
        let pushed = flat(directions.clone() * slope.clone().unsqueeze_dim(0));
        let active = Tensor::cat(vec![hidden.clone(), pushed], 0);
        let output = active.clone().matmul(weight.clone());
        let values = output.clone().narrow(0, 0, batch) + bias;
        let output = Tensor::cat(vec![values, output.narrow(0, batch, count * batch)], 0);
        let pullback = move |gradient: Tensor<2>| {
            let of_active = gradient.clone().matmul(weight.transpose());
            let of_hidden = of_active.clone().narrow(0, 0, batch);
            let of_pushed = by_direction(&of_active, [count, batch]);
            let of_slope: Tensor<2> = (of_pushed.clone() * directions).sum_dim(0).squeeze_dim(0);
            let of_values = slope.clone() * (of_hidden - hidden * of_slope * 2.0);
            let of_directions = flat(of_pushed * slope.unsqueeze_dim(0));
            [
                Tensor::cat(vec![of_values, of_directions], 0),
                active.transpose().matmul(gradient.clone()),
                gradient.narrow(0, 0, batch).sum_dim(0),
            ]
        };
        (output, pullback)
    })
}

/// The rows after the first `batch`: `[directions, batch, width]`.
fn by_direction(rows: &Tensor<2>, [count, batch]: [usize; 2]) -> Tensor<3> {
    let width = rows.dims()[1];
    let directions = rows.clone().narrow(0, batch, count * batch);
    directions.reshape([count, batch, width])
}

fn flat(directions: Tensor<3>) -> Tensor<2> {
    let [count, batch, width] = directions.dims();
    directions.reshape([count * batch, width])
}
