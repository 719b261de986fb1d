use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
};
use papers_core::nn::{BatchNorm, Statistics, gated_sum};

use super::{Transform, normalization};

/// A node: a weighted sum of its inputs, then ReLU, an operation and batch normalization (section 3.2).
#[derive(Module, Debug)]
pub struct Node {
    /// Raw weights of the inputs in ascending order, `[inputs]`; a single input is not weighted.
    pub gates: Option<Param<Tensor<1>>>,
    /// ReLU and the operation.
    pub transform: Transform,
    /// After it.
    pub norm: BatchNorm,
}

impl Node {
    /// A node of so many inputs, all of whose raw weights are `gate` at first.
    pub(super) fn new(transform: Transform, inputs: usize, gate: f64, device: &Device) -> Self {
        let [channels, ..] = transform.mix.weight.lazy_shape().dims::<4>();
        let initializer = Initializer::Constant { value: gate };
        Self {
            gates: (inputs > 1).then(|| initializer.init([inputs], device)),
            transform,
            norm: normalization(channels, device),
        }
    }

    /// `Σ σ(gate) · input` over the inputs at these places; the others are left out, and nothing makes up for them.
    pub(crate) fn aggregate(&self, inputs: &[Tensor<4>], places: &[usize]) -> Tensor<4> {
        let Some(gates) = &self.gates else {
            return inputs[0].clone();
        };
        let gates = gates.val();
        if places.len() == gates.dims()[0] {
            return gated_sum(inputs, gates);
        }
        let places: Vec<i32> = places.iter().map(|&place| place as i32).collect();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [inputs.len()]), &gates.device());
        gated_sum(inputs, gates.select(0, places))
    }

    /// What follows the sum, with the channels last.
    pub(crate) fn transform(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        self.norm.forward_leaky(self.transform.forward(input), statistics, 1.0)
    }
}
