//! The solvers obey the laws of what they compute, whatever the numbers.

mod dense;
mod events;
mod gradients;
mod options;
mod orders;
mod sample_gradients;
mod samples;
mod states;
mod steps;
mod stiff;

use burn::prelude::*;
use neural_ode::{Method, Solver};
use papers_core::testing::{device, tensor_f64};

pub(crate) fn tensor(numbers: &[f64]) -> Tensor<1> {
    tensor_f64(numbers.to_vec(), [numbers.len()], &device())
}

/// `y' = y cos t`, whose solution from 1 at 0 is `exp(sin t)`.
pub(crate) fn wave(time: f64, state: Tensor<1>) -> Tensor<1> {
    state * time.cos()
}

pub(crate) fn wave_solution(time: f64) -> f64 {
    time.sin().exp()
}

/// A method made to take steps of this size, also an adaptive one.
pub(crate) fn with_steps_of(method: Method, size: f64) -> Solver {
    match method.is_adaptive() {
        true if method.is_implicit() => Solver::new(method)
            .tolerances(1e9, 1e9)
            .first_step(size)
            .max_step(size)
            .corrector_tolerances(1e-12, 1e-12),
        true => Solver::new(method).tolerances(1e9, 1e9).first_step(size).max_step(size),
        false => Solver::new(method).step_size(size),
    }
}
