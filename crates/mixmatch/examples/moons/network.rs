//! A small network that tells the moons apart.

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::relu,
};
use mixmatch::Classifier;
use papers_core::nn::Statistics;

#[derive(Module, Debug)]
pub(crate) struct Network {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl Network {
    /// Two layers of 32 units.
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(2, 32).init(device),
            second: LinearConfig::new(32, 32).init(device),
            last: LinearConfig::new(32, 2).init(device),
        }
    }
}

impl Classifier<2> for Network {
    fn forward(&self, input: Tensor<2>, _: Statistics) -> Tensor<2> {
        let hidden = relu(self.first.forward(input));
        self.last.forward(relu(self.second.forward(hidden)))
    }
}
