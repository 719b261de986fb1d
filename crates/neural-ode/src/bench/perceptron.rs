use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::bench::filled;

use crate::{Dynamics, activation::tanh};

/// Dynamics with one hidden layer of tanh units.
#[derive(Module, Debug)]
pub(super) struct Perceptron {
    hidden: Linear,
    output: Linear,
}

impl Perceptron {
    pub(super) fn new(width: usize, hidden: usize, device: &Device) -> Self {
        filled::module(Self {
            hidden: LinearConfig::new(width, hidden).init(device),
            output: LinearConfig::new(hidden, width).init(device),
        })
    }
}

impl Dynamics<Tensor<2>> for Perceptron {
    fn evaluate(&self, _: f64, state: Tensor<2>) -> Tensor<2> {
        self.output.forward(tanh(self.hidden.forward(state)))
    }
}
