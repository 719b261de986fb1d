//! Gradients through the operations of a solve agree with differences.

use burn::prelude::*;
use neural_ode::{Method, Solver};
use papers_core::testing::{assert_gradient, device, tensor_f64, values};

use crate::{tensor, with_steps_of};

/// Requested times: on a step, in a step, at the end.
const TIMES: [f64; 4] = [0.0, 0.2, 0.33, 0.5];

fn nonlinear(time: f64, state: Tensor<1>) -> Tensor<1> {
    state.clone().sin() * 2.0 + state.square() * time
}

#[test]
fn every_method_has_gradients_of_the_initial_state() {
    for method in Method::ALL {
        assert_gradient(&[0.3, -0.7], |initial| {
            let solver = with_steps_of(method, 0.1);
            let solution = solver.solve(&nonlinear, initial, &TIMES).unwrap();
            Tensor::cat(solution.states, 0)
        });
    }
}

#[test]
fn every_method_has_gradients_of_parameters() {
    for method in Method::ALL {
        assert_gradient(&[0.3, -0.7], |parameters| {
            // Made of the parameters by operations of their own, whose tape the solve must leave alone.
            let parameters = parameters.square() + 0.1;
            let dynamics = |time: f64, state: Tensor<1>| (state + time).tanh() * parameters.clone();
            let solution = with_steps_of(method, 0.1).solve(&dynamics, tensor(&[1.0, 2.0]), &TIMES);
            Tensor::cat(solution.unwrap().states, 0)
        });
    }
}

#[test]
fn steps_chosen_by_their_error_leave_gradients_within_it() {
    assert_gradient(&[0.3, -0.7], |initial| {
        let solver = Solver::new(Method::Dopri5).tolerances(1e-11, 1e-11);
        solver.solve(&nonlinear, initial, &[0.0, 1.0]).unwrap().into_last()
    });
}

#[test]
fn dense_solutions_have_gradients() {
    assert_gradient(&[0.3, -0.7], |initial| {
        let solver = with_steps_of(Method::Tsit5, 0.1);
        solver
            .solve_dense(&nonlinear, initial, 0.0, 0.5)
            .unwrap()
            .at(0.234)
            .unwrap()
    });
}

#[test]
fn tracked_and_plain_solves_take_the_same_steps() {
    for method in Method::ALL {
        let solver = match method.is_adaptive() {
            true => Solver::new(method).tolerances(1e-5, 1e-7),
            false => Solver::new(method).step_size(0.1),
        };
        let solve = |device: &Device| {
            let initial = tensor_f64(vec![0.3, -0.7], [2], device);
            solver.solve(&nonlinear, initial, &TIMES).unwrap()
        };
        let (plain, tracked) = (solve(&device()), solve(&device().autodiff()));
        assert_eq!(plain.statistics, tracked.statistics, "{method}");
        assert_eq!(values(plain.into_last()), values(tracked.into_last()), "{method}");
    }
}
