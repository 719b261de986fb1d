//! `events.json`: a free fall in closed form, and the first zero of a Van der Pol oscillator with its gradient.

use burn::prelude::*;
use neural_ode::{Direction, EventSolution, Events, GradientMode, Method, Solver};
use papers_core::testing::{device, tensor_f64, values};
use serde::Deserialize;

use crate::{Report, differences, fixture, mismatch};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    free_fall: FreeFall,
    vdp_first_zero_of_x: VanDerPol,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FreeFall {
    /// In words.
    #[serde(rename = "problem")]
    _problem: String,
    g: f64,
    h0: f64,
    v0: f64,
    expected: Landing,
    tol: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Landing {
    t: f64,
    v: f64,
    dt_dh0: f64,
    dt_dv0: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VanDerPol {
    mu: f64,
    y0: Vec<f64>,
    expected: FirstZero,
    tol: f64,
    tol_t: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstZero {
    t: f64,
    y: Vec<f64>,
    dt_dy0: Vec<f64>,
}

/// The end of a solve until the first component of the state is zero, and `dt/dy0`.
fn first_zero(
    method: Method,
    slope: impl Fn(f64, Tensor<1>) -> Tensor<1>,
    start: &[f64],
) -> (EventSolution<Tensor<1>>, Vec<f64>) {
    let start = tensor_f64(start.to_vec(), [start.len()], &device().autodiff()).require_grad();
    let solver = match method.is_adaptive() {
        true => Solver::new(method).tolerances(1e-11, 1e-12),
        false => Solver::new(method).step_size(1e-3).tolerances(1e-11, 1e-12),
    };
    let zero = Events::new(|_: f64, state: Tensor<1>| state.narrow(0, 0, 1)).direction(Direction::Falling);
    let solution = solver
        .gradient(GradientMode::Direct)
        .solve_event(&slope, start.clone(), 0.0, 20.0, &zero)
        .expect("there is a zero");
    let gradients = solution.events[0].moment.clone().backward();
    let gradient = values(start.grad(&gradients).expect("the time depends on the start"));
    (solution, gradient)
}

#[test]
fn events_have_their_times_states_and_gradients() {
    let file: File = fixture("events.json");
    let mut report = Report::default();
    for method in [Method::Dopri5, Method::Tsit5, Method::Dopri8, Method::Rk4] {
        let FreeFall {
            g,
            h0,
            v0,
            expected,
            tol,
            ..
        } = &file.free_fall;
        let fall = |_: f64, state: Tensor<1>| {
            let speed = state.narrow(0, 1, 1);
            Tensor::cat(vec![speed.clone(), speed * 0.0 - *g], 0)
        };
        let (solution, gradient) = first_zero(method, fall, &[*h0, *v0]);
        let speed = values(solution.state.clone())[1];
        let problems = [
            differences("t", &[solution.end], &[expected.t], *tol),
            differences("v", &[speed], &[expected.v], *tol),
            differences("dt/dy0", &gradient, &[expected.dt_dh0, expected.dt_dv0], *tol),
            mismatch("events", solution.events.len(), 1),
        ];
        report.case(
            &format!("free fall, {method}"),
            problems.into_iter().flatten().collect(),
        );

        let VanDerPol {
            mu,
            y0,
            expected,
            tol,
            tol_t,
        } = &file.vdp_first_zero_of_x;
        let oscillator = |_: f64, state: Tensor<1>| {
            let (position, speed) = (state.clone().narrow(0, 0, 1), state.narrow(0, 1, 1));
            let force = (position.clone().square().neg() + 1.0) * speed.clone() * *mu - position;
            Tensor::cat(vec![speed, force], 0)
        };
        let (solution, gradient) = first_zero(method, oscillator, y0);
        let problems = [
            differences("t", &[solution.end], &[expected.t], *tol_t),
            differences("y", &values(solution.state.clone()), &expected.y, *tol),
            differences("dt/dy0", &gradient, &expected.dt_dy0, *tol),
        ];
        report.case(
            &format!("van der pol, {method}"),
            problems.into_iter().flatten().collect(),
        );
    }
    report.finish();
}
