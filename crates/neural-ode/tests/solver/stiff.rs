//! Implicit methods on stiff equations, and Adams methods of variable order.

use burn::prelude::*;
use neural_ode::{Controller, Method, SolveError, Solver};
use papers_core::testing::{assert_close, values};

use crate::{tensor, wave, wave_solution};

/// Van der Pol's oscillator, stiff for large damping.
fn van_der_pol(damping: f64) -> impl Fn(f64, Tensor<1>) -> Tensor<1> {
    move |_, state| {
        let (position, speed) = (state.clone().narrow(0, 0, 1), state.narrow(0, 1, 1));
        let force = (position.clone().square().neg() + 1.0) * speed.clone() * damping - position;
        Tensor::cat(vec![speed, force], 0)
    }
}

#[test]
fn large_steps_over_a_stiff_decay_stay_stable_and_are_right() {
    // y' = -1000 (y - cos t): after the transient, y is cos t to 1e-3. An explicit step of 0.05 would grow by 49 each.
    let stiff = |time: f64, state: Tensor<1>| (state - time.cos()) * -1000.0;
    for method in [Method::ImplicitEuler, Method::ImplicitMidpoint, Method::Trapezoid] {
        let solver = Solver::new(method).step_size(0.05);
        let solution = solver.solve(&stiff, tensor(&[1.0]), &[0.0, 2.0]).unwrap();
        assert_close(&values(solution.last().clone()), &[2f64.cos()], 2e-3);
        assert_eq!(solution.statistics.unconverged, 0, "{method}");
    }
    let explicit = Solver::new(Method::Euler).step_size(0.05);
    let solution = explicit.solve(&stiff, tensor(&[1.0]), &[0.0, 2.0]).unwrap();
    assert!(values(solution.into_last())[0].abs() > 1e10);
}

#[test]
fn kvaerno_takes_few_steps_where_explicit_methods_take_many() {
    let start = || tensor(&[2.0, 0.0]);
    let times = [0.0, 200.0];
    let solve = |method| {
        let solver = Solver::new(method).tolerances(1e-4, 1e-6);
        solver.solve(&van_der_pol(300.0), start(), &times).unwrap()
    };
    let (stiff, explicit) = (solve(Method::Kvaerno3), solve(Method::Tsit5));
    assert!(20 * stiff.statistics.attempts < explicit.statistics.attempts);
    assert_close(&values(stiff.into_last()), &values(explicit.into_last()), 1e-3);
}

#[test]
fn stages_without_a_solution_are_told_of_as_such() {
    // z = base + h z² has no solution from 1 with steps above a quarter.
    let square = |_: f64, state: Tensor<1>| state.square();
    for method in [Method::ImplicitEuler, Method::ImplicitMidpoint, Method::Trapezoid] {
        let solver = Solver::new(method).step_size(5.0).max_iterations(4);
        let failure = solver.solve(&square, tensor(&[1.0]), &[0.0, 10.0]).unwrap_err();
        assert_eq!(
            failure.error,
            SolveError::NoConvergence { time: 0.0, step: 5.0 },
            "{method}"
        );
    }
    // Adaptive steps become small enough, unless they must not.
    let solver = Solver::new(Method::Kvaerno3).tolerances(1e-4, 1e-6);
    assert!(solver.solve(&square, tensor(&[1.0]), &[0.0, 0.9]).is_ok());
    let forced = solver.first_step(5.0).min_step(5.0).max_iterations(4);
    let failure = forced.solve(&square, tensor(&[1.0]), &[0.0, 10.0]).unwrap_err();
    assert_eq!(failure.error, SolveError::NoConvergence { time: 0.0, step: 5.0 });
}

#[test]
fn a_step_finds_one_jacobian_for_all_stages_of_equal_weight() {
    let calls = std::cell::Cell::new(0);
    let rows = std::cell::Cell::new(0);
    let slope = |_: f64, state: Tensor<1>| {
        calls.set(calls.get() + 1);
        rows.set(rows.get() + usize::from(state.is_autodiff()));
        state.neg()
    };
    // Linear: with the right Jacobian one correction solves each stage, and a second one shows it.
    let solver = Solver::new(Method::Kvaerno3)
        .tolerances(1e9, 1e9)
        .first_step(0.1)
        .max_step(0.1);
    let solver = solver.corrector_tolerances(1e-10, 1e-10);
    let solution = solver.solve(&slope, tensor(&[1.0, 2.0]), &[0.0, 0.1]).unwrap();
    assert_eq!(solution.statistics.attempts, 1);
    assert_eq!(rows.get(), 2, "as many rows as elements");
    assert_eq!(solution.statistics.evaluations, calls.get());
    assert!(calls.get() <= 2 + 2 + 3 * 2, "{}", calls.get());
}

#[test]
fn large_states_are_refused_by_implicit_methods() {
    let start = tensor(&[1.0; 1025]);
    let failure = Solver::new(Method::Kvaerno3)
        .solve(&wave, start, &[0.0, 1.0])
        .unwrap_err();
    assert!(
        matches!(failure.error, SolveError::InvalidOption { option: "method", .. }),
        "{failure}"
    );
}

#[test]
fn variable_adams_is_as_accurate_as_asked_at_every_tolerance() {
    let mut errors = Vec::new();
    for exponent in 3..=10 {
        let tolerance = 10f64.powi(-exponent);
        let solver = Solver::new(Method::VariableAdams).tolerances(tolerance, tolerance);
        let solution = solver.solve(&wave, tensor(&[1.0]), &[0.0, 5.0, 10.0]).unwrap();
        let states: Vec<f64> = solution.states.iter().map(|state| values(state.clone())[0]).collect();
        let worst = [5.0, 10.0]
            .iter()
            .zip(&states[1..])
            .map(|(time, state)| (state - wave_solution(*time)).abs());
        let error = worst.fold(0.0, f64::max);
        assert!(error < 100.0 * tolerance, "{tolerance}: {error}");
        errors.push((solution.statistics.evaluations, error));
    }
    // High orders: seven digits more take less than ten times the evaluations (a method of order 2 would take 2000).
    assert!(errors[7].0 < 10 * errors[0].0, "{errors:?}");
}

#[test]
fn the_highest_order_counts() {
    let evaluations = |order| {
        let solver = Solver::new(Method::VariableAdams)
            .tolerances(1e-9, 1e-9)
            .max_order(order);
        let solution = solver.solve(&wave, tensor(&[1.0]), &[0.0, 10.0]).unwrap();
        assert_close(&values(solution.last().clone()), &[wave_solution(10.0)], 1e-6);
        solution.statistics.evaluations
    };
    let [second, fifth, twelfth] = [2, 5, 12].map(evaluations);
    assert!(second > 4 * fifth && fifth > twelfth, "{second} {fifth} {twelfth}");
    let solver = Solver::new(Method::VariableAdams).controller(Controller::SMOOTH);
    let failure = solver.solve(&wave, tensor(&[1.0]), &[0.0, 1.0]).unwrap_err();
    assert!(
        matches!(
            failure.error,
            SolveError::InvalidOption {
                option: "controller",
                ..
            }
        ),
        "{failure}"
    );
}

#[test]
fn a_step_of_variable_adams_takes_two_evaluations() {
    let solver = Solver::new(Method::VariableAdams).tolerances(1e-7, 1e-9);
    let counts = solver.solve(&wave, tensor(&[1.0]), &[0.0, 10.0]).unwrap().statistics;
    assert_eq!(counts.evaluations, 2 + counts.attempts + counts.accepted);
    assert!(counts.rejected * 5 < counts.accepted, "{counts:?}");
}
