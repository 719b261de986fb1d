//! Events: which are found, in which order, and that their gradients are right.

use burn::{
    module::{Module, Param},
    prelude::*,
};
use neural_ode::{Direction, Dynamics, End, EventSolution, Events, GradientMode, Method, SolveError, Solver};
use papers_core::testing::{assert_close, assert_gradient, device, tensor_f64, values};

use crate::tensor;

const PI: f64 = std::f64::consts::PI;

/// `x' = v`, `v' = -x`.
fn circle(_: f64, state: Tensor<1>) -> Tensor<1> {
    let (x, v) = (state.clone().narrow(0, 0, 1), state.narrow(0, 1, 1));
    Tensor::cat(vec![v, x.neg()], 0)
}

fn position(_: f64, state: Tensor<1>) -> Tensor<1> {
    state.narrow(0, 0, 1)
}

fn exact(method: Method) -> Solver {
    match method.is_adaptive() {
        true => Solver::new(method).tolerances(1e-8, 1e-10),
        false => Solver::new(method).step_size(5e-3).tolerances(1e-8, 1e-10),
    }
}

#[test]
fn every_method_finds_the_zeros_of_a_cosine() {
    for method in Method::ALL {
        let events = Events::new(position).recorded();
        let solution = exact(method)
            .solve_event(&circle, tensor(&[1.0, 0.0]), 0.0, 10.0, &events)
            .unwrap();
        let times: Vec<f64> = solution.events.iter().map(|event| event.time).collect();
        let error = match method {
            Method::Euler | Method::ImplicitEuler => 0.05,
            _ => 2e-3,
        };
        assert_close(&times, &[0.5 * PI, 1.5 * PI, 2.5 * PI], error);
        let rises: Vec<bool> = solution.events.iter().map(|event| event.rises).collect();
        assert_eq!(rises, [false, true, false], "{method}");
        assert_eq!(solution.end, 10.0);
    }
}

#[test]
fn directions_and_ends_are_those_of_each_component() {
    let condition = |_: f64, state: Tensor<1>| state;
    let solve = |events: &Events<_>, start: f64, limit: f64| {
        let solution = exact(Method::Tsit5)
            .solve_event(&circle, tensor(&[1.0, 0.0]), start, limit, events)
            .unwrap();
        let events = solution.events.iter().map(|event| (event.component, event.time));
        (events.collect::<Vec<_>>(), solution.end)
    };
    // v = -sin t is zero in the beginning and at multiples of pi.
    let (found, end) = solve(&Events::new(condition).terminal([false, true]), 0.0, 10.0);
    assert_eq!(found.iter().map(|event| event.0).collect::<Vec<_>>(), [0, 1]);
    assert_close(&[found[0].1, found[1].1, end], &[0.5 * PI, PI, PI], 1e-7);

    let directions = [Direction::Rising, Direction::Falling];
    let (found, _) = solve(&Events::new(condition).directions(directions).recorded(), 0.0, 7.0);
    assert_eq!(found.iter().map(|event| event.0).collect::<Vec<_>>(), [0, 1]);
    assert_close(&[found[0].1, found[1].1], &[1.5 * PI, 2.0 * PI], 1e-7);

    // Backwards in time the directions are those in which the solve goes.
    let events = Events::new(position).direction(Direction::Rising);
    let solution = exact(Method::Dopri5)
        .solve_event(&circle, tensor(&[1.0, 0.0]), 0.0, -10.0, &events)
        .unwrap();
    assert_close(&[solution.end], &[-1.5 * PI], 1e-7);
}

#[test]
fn two_changes_of_sign_in_one_step_are_seen() {
    // One step of 1 over a parabola that is negative between 0.45 and 0.55 only.
    let slope = |time: f64, state: Tensor<1>| state.zeros_like() + 2.0 * (time - 0.5);
    let start = || tensor(&[0.25 - 0.0025]);
    let solver = Solver::new(Method::Rk4).grid([0.0, 1.0]);
    let events = Events::new(position).recorded().tolerance(1e-12);
    let solution = solver.solve_event(&slope, start(), 0.0, 1.0, &events).unwrap();
    let times: Vec<f64> = solution.events.iter().map(|event| event.time).collect();
    assert!(
        times.is_empty(),
        "between points at 0.4 and 0.6 there is nothing to see: {times:?}"
    );
    // Around 0.4, a point that is looked at if nothing else is said.
    let wide = tensor(&[0.25 - 0.0225]);
    let times = |events: &Events<_>| {
        let solution = solver.solve_event(&slope, wide.clone(), 0.0, 1.0, events).unwrap();
        solution.events.iter().map(|event| event.time).collect::<Vec<f64>>()
    };
    let events = Events::new(position).recorded().tolerance(1e-12);
    assert_close(&times(&events), &[0.35, 0.65], 1e-10);
    assert!(times(&events.interior_points(0)).is_empty());
    let events = Events::new(position).recorded().tolerance(1e-12).interior_points(9);
    let solution = solver.solve_event(&slope, start(), 0.0, 1.0, &events).unwrap();
    let times: Vec<f64> = solution.events.iter().map(|event| event.time).collect();
    assert_close(&times, &[0.45, 0.55], 1e-10);
}

#[test]
fn crossing_without_a_slope_is_an_error_and_no_event_is_one() {
    // (t - 1)³ crosses zero flat.
    let solver = Solver::new(Method::Dopri5).tolerances(1e-10, 1e-12);
    let flat = Events::new(|time: f64, state: Tensor<1>| state.narrow(0, 0, 1).zeros_like() + (time - 1.0).powi(3));
    let failure = solver
        .solve_event(&circle, tensor(&[1.0, 0.0]), 0.0, 3.0, &flat.tolerance(0.0))
        .unwrap_err();
    let SolveError::GrazingEvent { time, component: 0 } = failure.error else {
        panic!("{failure}");
    };
    assert!((time - 1.0).abs() < 1e-3, "{time}");

    let events = Events::new(position);
    let failure = solver
        .solve_event(&circle, tensor(&[1.0, 0.0]), 0.0, 1.0, &events)
        .unwrap_err();
    assert_eq!(failure.error, SolveError::EventNotFound { limit: 1.0 });
    let partial = failure.partial.expect("the solve itself has finished");
    assert_close(&values(partial.into_last()), &[1f64.cos(), -1f64.sin()], 1e-8);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let solve = |events: &Events<fn(f64, Tensor<1>) -> Tensor<1>>| {
        let failure = exact(Method::Tsit5).solve_event(&circle, tensor(&[1.0, 0.0]), 0.0, 5.0, events);
        match failure.unwrap_err().error {
            SolveError::InvalidOption { option, .. } => option,
            other => panic!("{other}"),
        }
    };
    type Condition = fn(f64, Tensor<1>) -> Tensor<1>;
    let both: Condition = |_, state| state;
    let none: Condition = |_, state| Tensor::zeros([0], (&state.device(), state.dtype()));
    assert_eq!(solve(&Events::new(none)), "events");
    assert_eq!(solve(&Events::new(both).terminal([true; 3])), "terminal");
    assert_eq!(solve(&Events::new(both).directions([Direction::Any; 3])), "directions");
    assert_eq!(solve(&Events::new(both).tolerance(f64::NAN)), "tolerance");
    assert_eq!(solve(&Events::new(both).tolerance(-1.0)), "tolerance");

    let nan = Events::new(|time: f64, state: Tensor<1>| state * if time > 0.5 { f64::NAN } else { 1.0 });
    let failure = exact(Method::Tsit5)
        .solve_event(&circle, tensor(&[1.0, 1.0]), 0.0, 5.0, &nan)
        .unwrap_err();
    assert!(matches!(failure.error, SolveError::NonFiniteEvent { .. }), "{failure}");
    let failure = exact(Method::Tsit5)
        .solve_event(&circle, tensor(&[1.0, 1.0]), 0.0, 0.0, &nan)
        .unwrap_err();
    assert!(matches!(failure.error, SolveError::InvalidTimes { .. }), "{failure}");
}

#[test]
fn times_and_states_have_gradients_of_the_start_and_of_the_condition() {
    // Steps of one size: the choice of steps is not differentiated.
    for method in [Method::Dopri5, Method::Bosh3, Method::Dopri8, Method::Rk4] {
        let solver = match method.is_adaptive() {
            true => Solver::new(method).tolerances(1e9, 1e9).first_step(0.02).max_step(0.02),
            false => Solver::new(method).step_size(0.02),
        };
        assert_gradient(&[1.0, 0.3, 0.2, 0.5], |inputs| {
            let start = inputs.clone().narrow(0, 0, 2);
            let (level, tilt) = (inputs.clone().narrow(0, 2, 1), inputs.narrow(0, 3, 1));
            let condition = |time: f64, state: Tensor<1>| {
                let (x, v) = (state.clone().narrow(0, 0, 1), state.narrow(0, 1, 1));
                x - level.clone() - tilt.clone() * v * (0.2 * time).sin()
            };
            let events = Events::new(condition).recorded().tolerance(0.0);
            let solution = solver.solve_event(&circle, start, 0.0, 6.0, &events).unwrap();
            assert_eq!(solution.events.len(), 2);
            let parts = solution
                .events
                .into_iter()
                .flat_map(|event| [event.moment, event.state]);
            Tensor::cat(parts.collect(), 0)
        });
    }
}

/// `x' = v`, `v' = -k x`.
#[derive(Module, Debug)]
struct Spring {
    stiffness: Param<Tensor<1>>,
}

impl Dynamics<Tensor<1>> for Spring {
    fn evaluate(&self, _: f64, state: Tensor<1>) -> Tensor<1> {
        let (x, v) = (state.clone().narrow(0, 0, 1), state.narrow(0, 1, 1));
        Tensor::cat(vec![v, x * self.stiffness.val().neg()], 0)
    }
}

#[test]
fn parameters_have_gradients_in_every_mode() {
    let device = device().autodiff();
    for mode in GradientMode::ALL {
        for method in [Method::Tsit5, Method::Rk4] {
            let spring = Spring {
                stiffness: Param::from_tensor(tensor_f64(vec![4.0], [1], &device)),
            };
            let start = tensor_f64(vec![1.0, 0.0], [2], &device).require_grad();
            let events = Events::new(position);
            let solver = exact(method).gradient(mode);
            let solution = solver
                .solve_event_module(&spring, start.clone(), 0.0, 3.0, &events)
                .unwrap();
            // t = pi / (2 sqrt k), v = -sqrt k.
            assert_close(&[solution.end], &[PI / 4.0], 1e-7);
            let speed = solution.state.clone().narrow(0, 1, 1);
            let gradients = (solution.events[0].moment.clone() + speed * 2.0).backward();
            let gradient = values(spring.stiffness.val().grad(&gradients).unwrap());
            assert_close(&gradient, &[-PI / 32.0 - 0.5], 1e-5);
            // Neither depends on the amplitude but the speed: v = -a sqrt k.
            let gradient = values(start.grad(&gradients).unwrap());
            assert_close(&gradient[..1], &[-4.0], 1e-5);
        }
    }
}

/// Times and values of everything found.
fn found(solution: EventSolution<Tensor<1>>) -> Vec<f64> {
    let mut numbers = vec![solution.end];
    for event in solution.events {
        numbers.push(event.time);
        numbers.extend(values(event.moment));
        numbers.extend(values(event.state));
    }
    numbers.extend(values(solution.state));
    numbers
}

/// A solver whose steps are so coarse that other ones would show.
fn coarse(method: Method) -> Solver {
    match method.is_adaptive() {
        true => Solver::new(method).tolerances(1e-3, 1e-3),
        false => Solver::new(method).step_size(0.3).tolerances(1e-3, 1e-3),
    }
}

#[test]
fn with_gradients_the_very_steps_are_made_that_found_the_events() {
    for method in Method::ALL {
        // Ended by an event of the speed, with events of the position on the way; and up to a limit.
        for (terminal, limit) in [([false, true], 20.0), ([false, false], 7.3)] {
            let condition = |_: f64, state: Tensor<1>| state - 0.1;
            let events = Events::new(condition).directions([Direction::Any, Direction::Falling]);
            let events = events.terminal(terminal);
            let solve = |start: Tensor<1>| {
                let solution = coarse(method).solve_event(&circle, start, 0.0, limit, &events);
                found(solution.expect("events"))
            };
            let start = || tensor(&[1.0, 0.7]);
            let plain = solve(start());
            assert!(plain.len() > 5, "{method}");
            assert_eq!(solve(start().autodiff().require_grad()), plain, "{method}");
        }
    }
}

#[test]
fn modules_have_the_same_events_in_every_mode_and_the_gradient_of_the_steps() {
    let device = device().autodiff();
    for method in [
        Method::Tsit5,
        Method::Bosh3,
        Method::Rk4,
        Method::ImplicitAdams,
        Method::VariableAdams,
    ] {
        let mut direct: Option<(Vec<f64>, Vec<f64>)> = None;
        for mode in [
            GradientMode::Direct,
            GradientMode::Checkpointed,
            GradientMode::Adjoint,
            GradientMode::InterpolatedAdjoint,
        ] {
            let spring = Spring {
                stiffness: Param::from_tensor(tensor_f64(vec![4.0], [1], &device)),
            };
            let start = tensor_f64(vec![1.0, 0.0], [2], &device).require_grad();
            let events = Events::new(|_: f64, state: Tensor<1>| state - 0.2).terminal([false, true]);
            let solver = coarse(method).gradient(mode);
            let solution = solver
                .solve_event_module(&spring, start.clone(), 0.0, 9.0, &events)
                .unwrap();
            let gradients = (solution.events[0].moment.clone() + solution.state.clone().sum()).backward();
            assert_eq!(solution.backward().is_some(), mode != GradientMode::Direct);
            let mut gradient = values(start.grad(&gradients).unwrap());
            gradient.extend(values(spring.stiffness.val().grad(&gradients).unwrap()));
            let numbers = found(solution);
            match (&direct, mode) {
                (None, _) => direct = Some((numbers, gradient)),
                (Some((expected, exact)), GradientMode::Checkpointed) => {
                    assert_eq!(&numbers, expected, "{method}");
                    assert_close(&gradient, exact, 1e-12);
                }
                (Some((expected, exact)), _) => {
                    assert_eq!(&numbers, expected, "{method}, {mode}");
                    assert_close(&gradient, exact, 0.1);
                }
            }
        }
    }
}

#[test]
fn rates_of_conditions_are_exact_where_they_can_be() {
    // g = x² - t: with x = e^t, dg/dt = 2 x² - 1, and dt*/dx_0 = -(2 x · e^t) / (2 x² - 1).
    let growth = |_: f64, state: Tensor<1>| state;
    let start = tensor(&[-0.4]).autodiff().require_grad();
    let events = Events::new(|time: f64, state: Tensor<1>| state.square() - time).tolerance(0.0);
    // Short steps, so that what is between their ends is exact, too.
    let solver = Solver::new(Method::Dopri8).tolerances(1e-12, 1e-12).max_step(0.01);
    let solution = solver.solve_event(&growth, start.clone(), 0.0, 1.0, &events).unwrap();
    let time = solution.end;
    let gradient = values(start.grad(&solution.events[0].moment.clone().backward()).unwrap());
    let x = -0.4 * time.exp();
    assert_close(&gradient, &[-(2.0 * x * time.exp()) / (2.0 * x * x - 1.0)], 1e-9);
}

#[test]
fn events_beyond_the_limit_are_none_even_where_the_last_step_goes_past_it() {
    let slope = |_: f64, state: Tensor<1>| state.zeros_like() + 1.0;
    let solver = Solver::new(Method::Dopri5).end(End::Overshoot).first_step(0.8);
    for start in [tensor(&[-1.05]), tensor(&[-1.05]).autodiff().require_grad()] {
        let recorded = Events::new(position).recorded();
        let solution = solver.solve_event(&slope, start.clone(), 0.0, 1.0, &recorded).unwrap();
        assert!(solution.events.is_empty());
        assert_eq!(solution.end, 1.0);
        assert_close(&values(solution.state), &[-0.05], 1e-12);
        let failure = solver
            .solve_event(&slope, start.clone(), 0.0, 1.0, &Events::new(position))
            .unwrap_err();
        assert_eq!(failure.error, SolveError::EventNotFound { limit: 1.0 });
        let solution = solver
            .solve_event(&slope, start, 0.0, 1.1, &Events::new(position))
            .unwrap();
        assert_close(&[solution.end], &[1.05], 1e-9);
    }
}

#[test]
fn failures_keep_what_was_found_before_them() {
    let both = |_: f64, state: Tensor<1>| state;
    let late = |time: f64, state: Tensor<1>| match time < 4.0 {
        true => circle(time, state),
        false => state * f64::NAN,
    };
    let failed = |failure: neural_ode::Failure<Tensor<1>>| {
        let partial = failure.partial.expect("it came so far");
        assert_eq!(partial.times.len(), partial.states.len());
        assert!(partial.statistics.accepted > 0);
        (failure.error, partial.times)
    };
    // The position is zero at pi/2, the speed at pi; then the dynamics fail.
    let events = Events::new(both).recorded();
    let failure = exact(Method::Tsit5).solve_event(&late, tensor(&[1.0, 0.0]), 0.0, 9.0, &events);
    let (error, times) = failed(failure.unwrap_err());
    assert!(matches!(error, SolveError::NonFiniteDynamics { .. }), "{error}");
    assert_close(&times[..3], &[0.0, 0.5 * PI, PI], 1e-7);
    assert!(times.len() == 4 && times[3] > PI && times[3] <= 4.0, "{times:?}");

    // A condition that fails, one that grazes, and none that ends.
    let broken = |time: f64, state: Tensor<1>| state * if time > 4.0 { f64::NAN } else { 1.0 };
    let failure =
        exact(Method::Tsit5).solve_event(&circle, tensor(&[1.0, 0.0]), 0.0, 9.0, &Events::new(broken).recorded());
    let (error, times) = failed(failure.unwrap_err());
    assert!(matches!(error, SolveError::NonFiniteEvent { .. }), "{error}");
    assert_close(&times[..3], &[0.0, 0.5 * PI, PI], 1e-7);

    let flat = |time: f64, state: Tensor<1>| {
        let touching = state.clone().narrow(0, 0, 1).zeros_like() + (time - 2.0).powi(3);
        Tensor::cat(vec![state.narrow(0, 0, 1), touching], 0)
    };
    let events = Events::new(flat).recorded().tolerance(0.0);
    let failure = exact(Method::Dopri5).solve_event(&circle, tensor(&[1.0, 0.0]), 0.0, 9.0, &events);
    let (error, times) = failed(failure.unwrap_err());
    assert!(
        matches!(error, SolveError::GrazingEvent { component: 1, .. }),
        "{error}"
    );
    assert_close(&times[..2], &[0.0, 0.5 * PI], 1e-7);

    let events = Events::new(both)
        .terminal([false, true])
        .directions([Direction::Any, Direction::Falling]);
    let failure = exact(Method::Tsit5).solve_event(&circle, tensor(&[1.0, 0.0]), 0.0, 5.0, &events);
    let (error, times) = failed(failure.unwrap_err());
    assert_eq!(error, SolveError::EventNotFound { limit: 5.0 });
    assert_close(&times, &[0.0, 0.5 * PI, 1.5 * PI, 5.0], 1e-7);
}

#[test]
fn events_of_implicit_methods_leave_the_tape_of_the_dynamics_alone() {
    for method in [Method::Trapezoid, Method::Kvaerno3] {
        let solver = crate::with_steps_of(method, 0.02).corrector_tolerances(1e-12, 1e-12);
        let frequency = tensor(&[1.5]).autodiff().require_grad();
        let stiffness = frequency.clone().square();
        let spring = |_: f64, state: Tensor<1>| {
            let (x, v) = (state.clone().narrow(0, 0, 1), state.narrow(0, 1, 1));
            Tensor::cat(vec![v, x.neg() * stiffness.clone()], 0)
        };
        let start = tensor(&[1.0, 0.0]).autodiff();
        let events = Events::new(position).tolerance(0.0);
        let solution = solver.solve_event(&spring, start, 0.0, 3.0, &events).unwrap();
        // t = pi / (2 w), v = -w.
        let speed = solution.state.clone().narrow(0, 1, 1);
        let gradients = (solution.events[0].moment.clone() + speed).backward();
        let gradient = values(frequency.grad(&gradients).expect("the tape is whole"));
        assert_close(&gradient, &[-0.5 * PI / 2.25 - 1.0], 2e-3);
    }
}
