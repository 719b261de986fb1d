//! Where steps are and what they cost.

use std::cell::{Cell, RefCell};

use burn::{prelude::*, tensor::DType};
use neural_ode::{Controller, End, Method, Norm, SolveError, Solver};
use papers_core::testing::{assert_close, device, values};

use crate::{tensor, wave};

/// Times at which a solve evaluates its dynamics.
fn evaluated(solver: &Solver, start: f64, end: f64, dynamics: impl Fn(f64, Tensor<1>) -> Tensor<1>) -> Vec<f64> {
    let times = RefCell::new(Vec::new());
    let watched = |time: f64, state: Tensor<1>| {
        times.borrow_mut().push(time);
        dynamics(time, state)
    };
    solver.solve(&watched, tensor(&[1.0]), &[start, end]).unwrap();
    times.into_inner()
}

#[test]
fn evaluations_are_counted_as_they_are_made() {
    for method in Method::ALL {
        let calls = Cell::new(0);
        let counted = |time: f64, state: Tensor<1>| {
            calls.set(calls.get() + 1);
            wave(time, state)
        };
        let solver = match method.is_adaptive() {
            true => Solver::new(method).tolerances(1e-6, 1e-8),
            false => Solver::new(method).step_size(0.1),
        };
        let counts = solver
            .solve(&counted, tensor(&[1.0]), &[0.0, 0.55, 2.0])
            .unwrap()
            .statistics;
        assert_eq!(counts.evaluations, calls.get(), "{method}");
        assert_eq!(counts.attempts, counts.accepted + counts.rejected, "{method}");
        let expected = match method {
            Method::AdaptiveHeun => 2 + counts.attempts + counts.accepted,
            Method::Fehlberg2 => 2 + 2 * counts.attempts + counts.accepted,
            Method::Bosh3 => 2 + 3 * counts.attempts,
            Method::Dopri5 | Method::Tsit5 => 2 + 6 * counts.attempts,
            Method::Dopri8 => 2 + 13 * counts.attempts,
            _ => continue,
        };
        assert_eq!(counts.evaluations, expected, "{method}");
    }
}

#[test]
fn there_and_back_is_the_beginning() {
    for method in Method::ALL {
        let solver = match method.is_adaptive() {
            true => Solver::new(method).tolerances(1e-6, 1e-8),
            false => Solver::new(method).step_size(0.01),
        };
        let there = solver.solve(&wave, tensor(&[1.0, -2.0]), &[0.0, 1.0]).unwrap();
        let back = solver.solve(&wave, there.into_last(), &[1.0, 0.0]).unwrap();
        let is_first_order = matches!(method, Method::Euler | Method::ImplicitEuler);
        let tolerance = if is_first_order { 0.05 } else { 1e-3 };
        assert_close(&values(back.into_last()), &[1.0, -2.0], tolerance);
    }
}

#[test]
fn backwards_in_time_is_forwards_with_the_time_negated() {
    let mirrored = |time: f64, state: Tensor<1>| -wave(-time, state);
    for method in Method::ALL {
        let solver = |grid: [f64; 4], point: f64| match method.is_adaptive() {
            true => Solver::new(method).step_at([point]).jump_at([2.0 * point]),
            false => Solver::new(method).grid(grid),
        };
        let back = solver([1.0, 0.5, 0.25, -1.0], 0.25);
        let back = back.solve(&wave, tensor(&[1.0]), &[1.0, 0.3, -1.0]).unwrap();
        let forth = solver([-1.0, -0.5, -0.25, 1.0], -0.25);
        let forth = forth.solve(&mirrored, tensor(&[1.0]), &[-1.0, -0.3, 1.0]).unwrap();
        assert_eq!(back.statistics, forth.statistics, "{method}");
        for (back, forth) in back.states.into_iter().zip(forth.states) {
            assert_close(&values(back), &values(forth), 1e-14);
        }
    }
}

#[test]
fn clipped_solves_stay_within_their_times() {
    for method in Method::ALL {
        for (start, end) in [(0.0, 0.7), (0.7, 0.0), (0.0, 1e-7)] {
            let solver = match method.is_adaptive() {
                true => Solver::new(method),
                false => Solver::new(method).step_size(0.3),
            };
            let (low, high) = (f64::min(start, end), f64::max(start, end));
            let times = evaluated(&solver, start, end, wave);
            assert!(
                times.iter().all(|time| low <= *time && *time <= high),
                "{method}: {times:?}"
            );
        }
    }
}

#[test]
fn overshooting_solves_go_past_their_last_time() {
    let solver = Solver::new(Method::Dopri5).tolerances(1e-3, 1e-3).end(End::Overshoot);
    let times = evaluated(&solver, 0.0, 1.0, wave);
    assert!(times.iter().any(|time| *time > 1.0));
}

#[test]
fn steps_end_at_the_times_they_must() {
    for (start, end) in [(0.0, 1.0), (1.0, 0.0)] {
        let solver = Solver::new(Method::Dopri5).step_at([0.123, 0.5, 7.0]);
        let times = evaluated(&solver, start, end, wave);
        assert!(times.contains(&0.123) && times.contains(&0.5));
    }
}

#[test]
fn a_step_cut_short_does_not_shrink_those_after_it() {
    let decay = |_time: f64, state: Tensor<1>| -state;
    let attempts = |solver: Solver| {
        let solver = solver.tolerances(1e-3, 1e-3).first_step(1.0).max_step(1.0);
        solver
            .solve(&decay, tensor(&[1.0]), &[0.0, 10.0])
            .unwrap()
            .statistics
            .attempts
    };
    let free = attempts(Solver::new(Method::Dopri5));
    // From 3 + 1e-9 the remaining way takes one step more than from 3.
    assert_eq!(attempts(Solver::new(Method::Dopri5).step_at([3.0 + 1e-9])), free + 1);
}

#[test]
fn jumps_are_met_from_both_sides() {
    // Slopes 1 and -3: at 2 the solution is 1 - 3 whichever slope the dynamics give at the jump itself.
    for belongs_to_the_past in [true, false] {
        let dynamics = |time: f64, state: Tensor<1>| {
            let is_past = time < 1.0 || (time == 1.0 && belongs_to_the_past);
            state.ones_like() * if is_past { 1.0 } else { -3.0 }
        };
        for method in Method::ALL.into_iter().filter(|method| method.is_adaptive()) {
            let solver = Solver::new(method).jump_at([1.0]);
            let solution = solver.solve(&dynamics, tensor(&[0.0]), &[0.0, 0.9, 1.1, 2.0]).unwrap();
            let states: Vec<_> = solution.states.into_iter().flat_map(values).collect();
            // Weights of Adams methods have opposite signs, which costs digits.
            let rounding = if method.is_multistep() { 1e-10 } else { 1e-12 };
            assert_close(&states, &[0.0, 0.9, 0.7, -2.0], rounding);
            assert_eq!(solution.statistics.rejected, 0, "{method}");
            // Backwards, and with the jump where the solve begins.
            for (start, end, expected) in [(2.0, 0.0, 2.0), (1.0, 2.0, -3.0), (1.0, 0.0, -1.0)] {
                let solution = solver.solve(&dynamics, tensor(&[0.0]), &[start, end]).unwrap();
                assert_close(&values(solution.into_last()), &[expected], rounding);
            }
        }
    }
}

#[test]
fn a_smallest_step_is_accepted_whatever_its_error() {
    let stiff = |_time: f64, state: Tensor<1>| state * -50.0;
    let solver = Solver::new(Method::Bosh3).tolerances(1e-9, 1e-9).min_step(0.01);
    let solution = solver.solve(&stiff, tensor(&[1.0]), &[0.0, 0.2]).unwrap();
    assert!(solution.statistics.forced > 0 && solution.statistics.accepted <= 21);
    assert_eq!(solution.statistics.rejected, 0);

    let broken = |time: f64, state: Tensor<1>| state * if time > 0.1 { f64::NAN } else { 1.0 };
    let failure = solver.solve(&broken, tensor(&[1.0]), &[0.0, 0.2]).unwrap_err();
    assert!(
        matches!(failure.error, SolveError::NonFiniteDynamics { .. }),
        "{failure}"
    );
}

#[test]
fn a_blow_up_keeps_what_was_solved() {
    let blow_up = |_time: f64, state: Tensor<1>| state.square();
    let failure = Solver::new(Method::Tsit5)
        .solve(&blow_up, tensor(&[1.0]), &[0.0, 0.5, 2.0])
        .unwrap_err();
    assert!(matches!(failure.error, SolveError::StepUnderflow { .. }), "{failure}");
    let partial = failure.partial.unwrap();
    assert_eq!(partial.times.len(), 3);
    assert_close(&values(partial.states[1].clone()), &[2.0], 1e-5);
    assert!(partial.times[2] > 0.999 && values(partial.states[2].clone())[0] > 1e3);
    assert!(partial.statistics.accepted > 10);
}

#[test]
fn states_that_overflow_are_not_returned() {
    let growth = |_time: f64, state: Tensor<1>| state;
    for method in Method::ALL {
        let initial = Tensor::<1>::from_data([1e38f32, 1.0], (&device(), DType::F32));
        let solver = match method.is_adaptive() {
            true => Solver::new(method).tolerances(1e-2, 1e-2),
            false => Solver::new(method).step_size(0.1),
        };
        let failure = solver.max_steps(2000).solve(&growth, initial, &[0.0, 2.0]).unwrap_err();
        let time = match failure.error {
            SolveError::NonFiniteDynamics { time } => time,
            // Steps so small that they do not change the state in `f32` are good ones, for ever.
            SolveError::MaxSteps { time, .. } if method.is_adaptive() => time,
            other => panic!("{method}: {other}"),
        };
        // The largest number is 3.4e38.
        assert!((time - 3.4f64.ln()).abs() < 0.2, "{method}: {time}");
        let last = failure.partial.unwrap().into_last();
        assert!(values(last).iter().all(|value| value.is_finite()), "{method}");
    }
}

#[test]
fn steps_are_limited_over_the_whole_solve() {
    let times = [0.0, 1.0, 2.0, 3.0];
    for solver in [
        Solver::new(Method::Dopri5).max_step(0.1),
        Solver::new(Method::Rk4).step_size(0.1),
        Solver::new(Method::ImplicitAdams).step_size(0.1),
    ] {
        let enough = solver.clone().max_steps(40).solve(&wave, tensor(&[1.0]), &times);
        assert!(enough.is_ok());
        let failure = solver.max_steps(25).solve(&wave, tensor(&[1.0]), &times).unwrap_err();
        let SolveError::MaxSteps { time, steps } = failure.error else {
            panic!("{failure}");
        };
        assert!(steps == 25 && time > 2.0 && time < 2.6, "{time}");
        assert_eq!(failure.partial.unwrap().times[..3], times[..3]);
    }
}

#[test]
fn a_seminorm_and_a_custom_norm_decide_about_steps() {
    type Pair = (Tensor<1>, Tensor<1>);
    let dynamics = |time: f64, (slow, _): Pair| {
        let fast = slow.clone() * (40.0 * time).cos();
        (-slow, fast)
    };
    let attempts = |norm: Norm| {
        let solver = Solver::new(Method::Dopri5).norm(norm);
        let initial = (tensor(&[1.0]), tensor(&[0.0]));
        solver
            .solve(&dynamics, initial, &[0.0, 3.0])
            .unwrap()
            .statistics
            .attempts
    };
    let full = attempts(Norm::MixedRms);
    let semi = attempts(Norm::Seminorm { components: 1 });
    assert!(2 * semi < full, "{semi} {full}");
    let custom = Norm::custom(|components| values(components[0].clone())[0].abs());
    assert_eq!(attempts(custom), semi);
    assert!(attempts(Norm::MaxAbs) >= full);
}

#[test]
fn smooth_control_rejects_less() {
    // A pulse, whose beginning surprises.
    let pulse = |time: f64, state: Tensor<1>| state.ones_like() * (-200.0 * (time - 2.0).powi(2)).exp();
    let rejected = |controller: Controller| {
        let solver = Solver::new(Method::Dopri5).controller(controller);
        solver
            .solve(&pulse, tensor(&[0.0]), &[0.0, 4.0])
            .unwrap()
            .statistics
            .rejected
    };
    assert!(rejected(Controller::SMOOTH) <= rejected(Controller::Integral));
}

#[test]
fn values_of_any_size_have_norms() {
    for scale in [1e-300, 1.0, 1e300] {
        let components = [tensor(&[3.0 * scale, 4.0 * scale])];
        let norm = Norm::MixedRms.measure(&components).unwrap() / scale;
        // Squares of the smallest are zero, which is good enough for an error.
        assert!(
            (norm - 12.5f64.sqrt()).abs() < 1e-12 || (scale < 1e-200 && norm == 0.0),
            "{norm}"
        );
        assert_close(&[Norm::MaxAbs.measure(&components).unwrap() / scale], &[4.0], 1e-12);
    }
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(
            !Norm::MixedRms
                .measure(&[tensor(&[bad, 1.0]), tensor(&[1.0])])
                .unwrap()
                .is_finite()
        );
    }
    assert_eq!(Norm::MixedRms.measure(&[tensor(&[])]).unwrap(), 0.0);
}

#[test]
fn every_controller_keeps_the_error_in_bounds() {
    let pid = Controller::ProportionalIntegralDerivative {
        proportional: 0.2,
        integral: 0.4,
        derivative: 0.05,
    };
    let mut attempts = Vec::new();
    for controller in [Controller::Integral, Controller::SMOOTH, pid] {
        let solver = Solver::new(Method::Dopri5)
            .tolerances(1e-7, 1e-7)
            .controller(controller);
        let solution = solver.solve(&wave, tensor(&[1.0]), &[0.0, 10.0]).unwrap();
        attempts.push(solution.statistics.attempts);
        assert_close(&values(solution.into_last()), &[10f64.sin().exp()], 1e-5);
    }
    assert!(attempts[0] != attempts[2] && attempts[1] != attempts[2], "{attempts:?}");
    let bad = Controller::ProportionalIntegralDerivative {
        proportional: 0.2,
        integral: 0.4,
        derivative: f64::NAN,
    };
    let failure = Solver::new(Method::Dopri5)
        .controller(bad)
        .solve(&wave, tensor(&[1.0]), &[0.0, 1.0]);
    let error = failure.unwrap_err().error;
    assert!(
        matches!(
            error,
            SolveError::InvalidOption {
                option: "controller",
                ..
            }
        ),
        "{error}"
    );
}
