use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::sigmoid,
};

use super::{VelocityField, planar::Units};
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
        assert!(parameters.is_multiple_of(each), "{parameters} parameters for planes of {each}");
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
        let weight = self.first.weight.val();
        let time = weight.clone().slice([0..1, 0..1]).detach().zeros_like() + time;
        let hidden = tanh(self.second.forward(tanh(self.first.forward(time))));
        let flat = self.output.forward(hidden);
        let (units, dimension) = (self.units, self.dimension);
        let matrix = |index: usize| {
            let part = flat.clone().narrow(1, index * units * dimension, units * dimension);
            part.reshape([units, dimension])
        };
        let bias = flat.clone().narrow(1, 3 * units * dimension, units);
        [matrix(0), matrix(1) * sigmoid(matrix(2)), bias]
    }

    fn units(&self, time: f64) -> Units {
        let [weight, direction, bias] = self.parameters(time);
        Units {
            weight,
            direction: direction / self.units as f64,
            bias,
        }
    }
}

impl VelocityField for HyperNetwork {
    fn velocity(&self, time: f64, position: Tensor<2>) -> Tensor<2> {
        self.units(time).velocity(position)
    }

    fn push_forward(&self, time: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        self.units(time).push_forward(position, directions)
    }

    fn with_divergence(&self, time: f64, position: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        self.units(time).with_divergence(position)
    }
}
