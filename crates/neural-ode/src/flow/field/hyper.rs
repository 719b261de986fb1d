use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::sigmoid,
};

use papers_core::vjp;

use super::{
    VelocityField,
    planar::{Units, split},
};
use crate::activation::tanh;

/// A planar flow whose parameters depend on time through a network, as in the authors' release: from `t` by two hidden
/// layers of tanh units to `(W, U, G, B)`, and `f(t, z) = mean_n u_n σ(g_n) tanh(w_n·z + b_n)`.
#[derive(Module, Debug)]
pub struct HyperNetwork {
    /// From the time into the first hidden layer.
    pub first: Linear,
    /// Into the second.
    pub second: Linear,
    /// To `W`, `U` and `G`, each `[units, D]`, and `B`, `[units]`, one after the other.
    pub output: Linear,
    dimension: usize,
    units: usize,
}

impl HyperNetwork {
    /// A network with two layers of `hidden` units that makes the parameters of `units` planes.
    pub fn new(dimension: usize, units: usize, hidden: usize, device: &Device) -> Self {
        let parameters = units * (3 * dimension + 1);
        Self::from_layers(
            LinearConfig::new(1, hidden).init(device),
            LinearConfig::new(hidden, hidden).init(device),
            LinearConfig::new(hidden, parameters).init(device),
            dimension,
        )
    }

    /// A network of these layers, whose last makes `units · (3 D + 1)` numbers.
    ///
    /// # Panics
    ///
    /// If the last layer makes another number of them.
    pub fn from_layers(first: Linear, second: Linear, output: Linear, dimension: usize) -> Self {
        let parameters = output.weight.dims()[1];
        let each = 3 * dimension + 1;
        assert!(
            parameters.is_multiple_of(each),
            "{parameters} parameters for planes of {each}"
        );
        Self {
            first,
            second,
            output,
            dimension,
            units: parameters / each,
        }
    }

    /// `W`, `σ(G) ⊙ U` and `B` at a time: `[units, D]`, `[units, D]`, `[1, units]`.
    pub fn parameters(&self, time: f64) -> [Tensor<2>; 3] {
        let flat = self
            .output
            .forward(tanh(self.second.forward(tanh(self.first_layer(time)))));
        let [weight, direction, gate, bias] = self.parts(flat);
        [weight, direction * sigmoid(gate), bias]
    }

    /// The input of the first hidden layer, `[1, hidden]`.
    fn first_layer(&self, time: f64) -> Tensor<2> {
        let weighted = self.first.weight.val() * time;
        match &self.first.bias {
            Some(bias) => weighted + bias.val().unsqueeze_dim(0),
            None => weighted,
        }
    }

    /// `W`, `U`, `G` and `B` of the last layer's numbers.
    fn parts(&self, flat: Tensor<2>) -> [Tensor<2>; 4] {
        let (units, dimension) = (self.units, self.dimension);
        let matrix = |index: usize| {
            let part = flat.clone().narrow(1, index * units * dimension, units * dimension);
            part.reshape([units, dimension])
        };
        let bias = flat.clone().narrow(1, 3 * units * dimension, units);
        [matrix(0), matrix(1), matrix(2), bias]
    }

    fn units(&self, time: f64) -> Units {
        let [weight, direction, bias] = self.parameters(time);
        Units {
            weight,
            direction: direction / self.units as f64,
            bias,
        }
    }

    /// The three layers as weights and rows of biases.
    fn layers(&self) -> [Tensor<2>; 6] {
        let bias = |layer: &Linear| match &layer.bias {
            Some(bias) => bias.val().unsqueeze_dim(0),
            None => layer.weight.val().narrow(0, 0, 1).detach().zeros_like(),
        };
        [
            self.first.weight.val(),
            bias(&self.first),
            self.second.weight.val(),
            bias(&self.second),
            self.output.weight.val(),
            bias(&self.output),
        ]
    }
}

impl VelocityField for HyperNetwork {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn velocity(&self, time: f64, position: Tensor<2>) -> Tensor<2> {
        self.units(time).velocity(position)
    }

    fn push_forward(&self, time: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        self.units(time).push_forward(position, directions)
    }

    /// One node on the tape: the nodes of a network for one number took as long as the planes for all positions.
    fn with_divergence(&self, time: f64, position: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let [w1, b1, w2, b2, w3, b3] = self.layers();
        let network = self.clone();
        let both = vjp::function([position, w1, b1, w2, b2, w3, b3], |inputs| {
            let [position, w1, b1, w2, b2, w3, b3] = inputs;
            let first = tanh(w1 * time + b1);
            let second = tanh(first.clone().matmul(w2.clone()) + b2);
            let [weight, direction, gate, bias] = network.parts(second.clone().matmul(w3.clone()) + b3);
            let gate = sigmoid(gate) / network.units as f64;
            let units = Units {
                weight,
                direction: direction.clone() * gate.clone(),
                bias,
            };
            let (both, passed) = units.joined(position);
            let count = network.units as f64;
            let pullback = move |gradient| {
                let [of_position, of_weight, of_gated, of_bias] = units.pull_back(gradient, passed);
                let of_direction = of_gated.clone() * gate.clone();
                // The derivative of σ/M is σ (1 - σ)/M.
                let of_gate = of_gated * direction * gate.clone() * (gate * -count + 1.0);
                let parts = [of_weight, of_direction, of_gate].map(|part| {
                    let length = part.shape().num_elements();
                    part.reshape([1, length])
                });
                let of_output = Tensor::cat([parts.to_vec(), vec![of_bias]].concat(), 1);
                let of_second = steepness(&second) * of_output.clone().matmul(w3.transpose());
                let of_first = steepness(&first) * of_second.clone().matmul(w2.transpose());
                [
                    of_position,
                    of_first.clone() * time,
                    of_first.clone(),
                    first.transpose().matmul(of_second.clone()),
                    of_second,
                    second.transpose().matmul(of_output.clone()),
                    of_output,
                ]
            };
            (both, pullback)
        });
        split(both)
    }
}

/// The derivative of the tangent, from its value.
fn steepness(value: &Tensor<2>) -> Tensor<2> {
    value.clone().square() * -1.0 + 1.0
}
