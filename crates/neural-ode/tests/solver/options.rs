//! Options that make no sense are refused, never ignored.

use neural_ode::{Controller, End, ErrorWeights, Interpolation, Method, Norm, SolveError, Solver};
use papers_core::testing::{assert_close, values};

use crate::{tensor, wave};

#[track_caller]
fn assert_refused(solver: Solver, option: &str) {
    let failure = solver.solve(&wave, tensor(&[1.0]), &[0.0, 1.0]).unwrap_err();
    match failure.error {
        SolveError::InvalidOption { option: named, .. } => assert_eq!(named, option),
        other => panic!("{option}: {other}"),
    }
    assert!(failure.partial.is_none());
}

#[test]
fn options_of_other_methods_are_refused() {
    let adaptive = || Solver::new(Method::Tsit5);
    assert_refused(adaptive().step_size(0.1), "step_size");
    assert_refused(adaptive().grid([0.0, 1.0]), "grid");
    assert_refused(adaptive().interpolation(Interpolation::Linear), "interpolation");
    assert_refused(adaptive().max_order(3), "max_order");
    assert_refused(adaptive().max_iterations(3), "max_iterations");
    assert_refused(adaptive().corrector_tolerances(1e-3, 1e-3), "corrector_tolerances");
    assert_refused(adaptive().error_weights(ErrorWeights::Classic), "error_weights");
    let fixed = || Solver::new(Method::Rk4);
    assert_refused(fixed().max_order(3), "max_order");
    assert_refused(fixed().first_step(0.1), "first_step");
    assert_refused(fixed().min_step(0.1), "min_step");
    assert_refused(fixed().max_step(0.1), "max_step");
    assert_refused(fixed().safety(0.5), "safety");
    assert_refused(fixed().max_factor(2.0), "max_factor");
    assert_refused(fixed().min_factor(0.5), "min_factor");
    assert_refused(fixed().controller(Controller::SMOOTH), "controller");
    assert_refused(fixed().end(End::Overshoot), "end");
    assert_refused(fixed().step_at([0.5]), "step_at");
    assert_refused(fixed().jump_at([0.5]), "jump_at");
    assert_refused(fixed().norm(Norm::MaxAbs), "norm");
}

#[test]
fn numbers_out_of_range_are_refused() {
    let adaptive = || Solver::new(Method::Dopri5);
    for bad in [0.0, -1.0, f64::NAN] {
        assert_refused(adaptive().first_step(bad), "first_step");
        assert_refused(adaptive().max_step(bad), "max_step");
        assert_refused(adaptive().safety(bad), "safety");
        assert_refused(adaptive().min_factor(bad), "min_factor");
        assert_refused(adaptive().max_factor(bad), "max_factor");
        assert_refused(Solver::new(Method::Euler).step_size(bad), "step_size");
    }
    assert_refused(adaptive().safety(1.0), "safety");
    assert_refused(adaptive().min_step(-1e-9), "min_step");
    assert_refused(adaptive().min_step(0.2).max_step(0.1), "min_step");
    assert_refused(adaptive().step_at([f64::NAN]), "step_at");
    assert_refused(adaptive().step_at([0.2, 0.2]), "step_at");
    for order in [0, 13] {
        assert_refused(Solver::new(Method::ImplicitAdams).max_order(order), "max_order");
    }
}

#[test]
fn grids_must_lead_from_the_first_time_to_the_last() {
    for grid in [
        &[][..],
        &[0.0],
        &[0.0, 0.5],
        &[0.1, 1.0],
        &[0.0, 0.6, 0.5, 1.0],
        &[0.0, f64::NAN, 1.0],
        &[1.0, 0.0],
    ] {
        assert_refused(Solver::new(Method::Rk4).grid(grid), "grid");
    }
}

#[test]
fn without_a_step_the_requested_times_are_the_grid() {
    let times = [0.0, 0.2, 0.7, 1.0];
    let implied = Solver::new(Method::Rk4).solve(&wave, tensor(&[1.0]), &times).unwrap();
    let explicit = Solver::new(Method::Rk4)
        .grid(times)
        .solve(&wave, tensor(&[1.0]), &times)
        .unwrap();
    assert_eq!(implied.statistics, explicit.statistics);
    assert_eq!(implied.statistics.accepted, 3);
    assert_eq!(values(implied.into_last()), values(explicit.into_last()));
}

#[test]
fn a_rounding_error_adds_no_step() {
    // 0.7 / 0.1 and 0.3 / 0.1 are not whole in binary.
    for (end, steps) in [(0.7, 7), (0.3, 3), (0.25, 3), (1.0, 10)] {
        let solver = Solver::new(Method::Euler).step_size(0.1);
        let solution = solver.solve(&wave, tensor(&[1.0]), &[0.0, end]).unwrap();
        assert_eq!(solution.statistics.accepted, steps, "{end}");
    }
}

#[test]
fn adams_starts_again_where_the_step_changes() {
    // 10 steps, of which those after a change begin with the 3/8 rule: two of them each time.
    let grid: Vec<f64> = (0..=5)
        .map(|i| 0.1 * f64::from(i))
        .chain((1..=5).map(|i| 0.5 + 0.05 * f64::from(i)))
        .collect();
    let end = grid[10];
    for order in [1, 2, 4, 12] {
        let solver = Solver::new(Method::ExplicitAdams).grid(grid.clone()).max_order(order);
        let solution = solver.solve(&wave, tensor(&[1.0]), &[0.0, end]).unwrap();
        assert_eq!(solution.statistics.evaluations, 10 + 4 * 3, "{order}");
        assert_close(&values(solution.into_last()), &[end.sin().exp()], 0.05);
    }
}

#[test]
fn corrections_that_do_not_converge_are_counted() {
    let stiff = |_time: f64, state: burn::prelude::Tensor<1>| state * -30.0;
    let solver = Solver::new(Method::ImplicitAdams).step_size(0.1).max_iterations(2);
    let solution = solver.solve(&stiff, tensor(&[1.0]), &[0.0, 1.0]).unwrap();
    assert_eq!(solution.statistics.unconverged, 8);
}

#[test]
fn methods_have_names() {
    assert_eq!(Solver::named("tsit5").unwrap().method(), Method::Tsit5);
    let error = Solver::named("dopri6").unwrap_err();
    assert!(matches!(error, SolveError::UnknownMethod(_)));
    assert!(error.to_string().contains("dopri5"));
}
