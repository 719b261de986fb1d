//! A standard normal prior of all weights (the authors' code).

use std::f64::consts::TAU;

use burn::{
    module::{Module, ModuleVisitor, Param},
    prelude::*,
};

/// `Σ log N(w; 0, 1)` over all weights of matrices; biases have no prior.
///
/// # Shapes
///
/// - output: `[1]`
///
/// # Panics
///
/// For a module without matrices.
pub fn log_density<M: Module>(module: &M) -> Tensor<1> {
    let mut squares = Squares::default();
    module.visit(&mut squares);
    let sum = squares.sum.expect("a network has matrices");
    sum * -0.5 - 0.5 * squares.count as f64 * TAU.ln()
}

/// Adds up the squares of matrices.
#[derive(Default)]
struct Squares {
    sum: Option<Tensor<1>>,
    count: usize,
}

impl ModuleVisitor for Squares {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if D < 2 {
            return;
        }
        let weights = parameter.val();
        self.count += weights.shape().num_elements();
        let squares = weights.square().sum();
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + squares,
            None => squares,
        });
    }
}
