//! A dense solution is continuous and agrees with a solve at the same times.

use neural_ode::{End, Interpolation, Method, SolveError, Solver};
use papers_core::testing::{assert_close, values};

use crate::{tensor, wave};

const SAME: f64 = 1e-14;

fn solver(method: Method) -> Solver {
    match method.is_adaptive() {
        true => Solver::new(method).tolerances(1e-4, 1e-6),
        false => Solver::new(method).step_size(0.15),
    }
}

#[test]
fn requested_times_have_the_states_of_the_dense_solution() {
    for (start, end) in [(0.0, 2.0), (2.0, 0.0)] {
        let times = [0.0, 0.01, 0.4, 0.95, 1.0, 1.99, 2.0].map(|time: f64| if start > end { 2.0 - time } else { time });
        for method in Method::ALL {
            let solution = solver(method).solve(&wave, tensor(&[1.0, 2.0]), &times).unwrap();
            let dense = solver(method)
                .solve_dense(&wave, tensor(&[1.0, 2.0]), start, end)
                .unwrap();
            for (time, state) in times.into_iter().zip(solution.states) {
                assert_close(&values(dense.at(time).unwrap()), &values(state), SAME);
            }
        }
    }
}

#[test]
fn requested_times_do_not_influence_the_steps() {
    for method in Method::ALL {
        let solve = |times: &[f64]| solver(method).solve(&wave, tensor(&[1.0]), times).unwrap();
        let (two, many) = (solve(&[0.0, 2.0]), solve(&[0.0, 0.3, 0.31, 1.7, 2.0]));
        assert_eq!(two.statistics.attempts, many.statistics.attempts, "{method}");
        assert_eq!(values(two.into_last()), values(many.into_last()), "{method}");
    }
}

#[test]
fn dense_solutions_have_no_gaps_between_steps() {
    for method in Method::ALL {
        let dense = solver(method).solve_dense(&wave, tensor(&[1.0]), 0.0, 2.0).unwrap();
        let steps = 20_000;
        let at = |index: i32| values(dense.at(2.0 * f64::from(index) / f64::from(steps)).unwrap())[0];
        // The slope is below e, so that values so close differ by less than this.
        let most = 3.0 * 2.0 / f64::from(steps);
        assert!(
            (0..steps).all(|index| (at(index + 1) - at(index)).abs() < most),
            "{method}"
        );
    }
}

#[test]
fn dense_solutions_end_where_they_are_asked_to() {
    for end in [End::Clip, End::Overshoot] {
        let dense = Solver::new(Method::Dopri5)
            .end(end)
            .solve_dense(&wave, tensor(&[1.0]), -1.0, 1.0)
            .unwrap();
        assert_eq!(dense.interval(), (-1.0, 1.0));
        assert!(dense.at(1.0).is_ok() && dense.at(-1.0).is_ok());
        for outside in [-1.1, 1.1, f64::NAN] {
            assert!(matches!(dense.at(outside), Err(SolveError::InvalidTimes { .. })));
        }
    }
}

#[test]
fn linear_interpolation_is_the_straight_line_between_grid_points() {
    let solver = Solver::new(Method::Rk4)
        .step_size(0.5)
        .interpolation(Interpolation::Linear);
    let solution = solver.solve(&wave, tensor(&[1.0]), &[0.0, 0.5, 0.6, 1.0]).unwrap();
    let states: Vec<f64> = solution.states.into_iter().map(|state| values(state)[0]).collect();
    assert_close(&states[2..3], &[0.8 * states[1] + 0.2 * states[3]], SAME);
    assert_eq!(solution.statistics.evaluations, 8);
}
