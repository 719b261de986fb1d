//! Faults of options, input and dynamics give the error they must, and hard cases none.

use burn::prelude::*;
use neural_ode::{Failure, Method, Solution, SolveError, Solver};
use papers_core::testing::{device, tensor_f64, values};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Report, differences, fixture, mismatch, problems::tensor};

#[derive(Deserialize)]
struct File {
    defaults: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    call: Map<String, Value>,
    expected_error: Option<String>,
    must_contain: Option<String>,
    expected_t: Option<f64>,
    t_tol: Option<f64>,
    steps: Option<usize>,
    expected_y: Option<Vec<f64>>,
    rel_tol: Option<f64>,
    nfe: Option<usize>,
}

#[test]
fn bad_inputs_give_the_errors_of_the_reference() {
    let file: File = fixture("bad_inputs.json");
    let mut report = Report::default();
    // Events are not solved yet.
    let cases = file.cases.iter().filter(|case| !case.call.contains_key("event"));
    for case in cases {
        let mut call = file.defaults.clone();
        call.extend(case.call.clone());
        let problems = match outcome(&call) {
            Ok(solution) => problems_of_solution(case, &solution),
            Err(failure) => problems_of_failure(case, &call, &failure),
        };
        report.case(&case.name, problems);
    }
    report.finish();
}

fn problems_of_solution(case: &Case, solution: &Solution<Tensor<1>>) -> Vec<String> {
    if let Some(error) = &case.expected_error {
        return vec![format!("succeeds instead of {error}")];
    }
    let last = values(solution.last().clone());
    let states = case.expected_y.as_ref().and_then(|expected| {
        let is_relative = case.rel_tol.is_some();
        let scale = |expected: f64| if is_relative { expected.abs() } else { 1.0 };
        let scaled: Vec<_> = last
            .iter()
            .zip(expected)
            .map(|(last, expected)| last / scale(*expected))
            .collect();
        let expected: Vec<_> = expected.iter().map(|expected| expected / scale(*expected)).collect();
        differences("y", &scaled, &expected, case.rel_tol.unwrap_or(1e-9))
    });
    let evaluations = case
        .nfe
        .and_then(|nfe| mismatch("nfe", solution.statistics.evaluations, nfe));
    [states, evaluations].into_iter().flatten().collect()
}

fn problems_of_failure(case: &Case, call: &Map<String, Value>, failure: &Failure<Tensor<1>>) -> Vec<String> {
    let (kind, time) = kind_and_time(&failure.error);
    let message = failure.to_string();
    let mut problems = vec![mismatch("error", Some(kind), case.expected_error.as_deref())];
    if let Some(part) = &case.must_contain {
        problems.push((!message.contains(part)).then(|| format!("`{message}` does not name {part}")));
    }
    if let Some(expected) = case.expected_t {
        let tolerance = case.t_tol.unwrap_or(0.0);
        problems.push(differences("time", &[time.unwrap_or(f64::NAN)], &[expected], tolerance));
    }
    if let (Some(expected), SolveError::MaxSteps { steps, .. }) = (case.steps, &failure.error) {
        problems.push(mismatch("steps", *steps, expected));
    }
    // Errors on the way carry the way; it ends where the error is, or a fixed step before.
    if let Some(time) = time {
        let partial = failure.partial.as_ref().expect("the run began");
        let last = partial.times[partial.times.len() - 1];
        let step = call.get("step_size").and_then(Value::as_f64).unwrap_or(0.0);
        problems.push(mismatch("states", partial.states.len(), partial.times.len()));
        problems.push(differences("last time", &[last], &[time], step + 1e-12));
        let is_finite = values(partial.last().clone()).iter().all(|value| value.is_finite());
        problems.push(mismatch("a finite last state", is_finite, true));
    }
    problems.into_iter().flatten().collect()
}

fn kind_and_time(error: &SolveError) -> (&'static str, Option<f64>) {
    match error {
        SolveError::InvalidTimes { .. } => ("InvalidTimes", None),
        SolveError::InvalidTolerance { .. } => ("InvalidTolerance", None),
        SolveError::InvalidState { .. } => ("InvalidState", None),
        SolveError::NonFiniteInitialState => ("NonFiniteInitialState", None),
        SolveError::InvalidOption { .. } => ("InvalidOption", None),
        SolveError::UnknownMethod(_) => ("UnknownMethod", None),
        SolveError::ShapeMismatch { .. } => ("ShapeMismatch", None),
        SolveError::NonFiniteDynamics { time } => ("NonFiniteDynamics", Some(*time)),
        SolveError::StepUnderflow { time, .. } => ("StepUnderflow", Some(*time)),
        SolveError::MaxSteps { time, .. } => ("MaxSteps", Some(*time)),
        other => panic!("unexpected {other}"),
    }
}

/// Makes the call of a case.
fn outcome(call: &Map<String, Value>) -> Result<Solution<Tensor<1>>, Failure<Tensor<1>>> {
    let solver = solver(call)?;
    let times = numbers(&call["t"]);
    if let (Some(shape), Some(returned)) = (call.get("y0_shape"), call.get("f_returns_shape")) {
        let ones = |shape: &Value| -> Tensor<2> {
            let shape: [usize; 2] = serde_json::from_value(shape.clone()).expect("two sizes");
            tensor_f64(vec![1.0; shape[0] * shape[1]], shape, &device())
        };
        let slope = ones(returned);
        let failure = solver
            .solve(&|_time: f64, _state: Tensor<2>| slope.clone(), ones(shape), &times)
            .expect_err("the shapes differ");
        return Err(failure.error.into());
    }
    let dynamics = dynamics(call["f"].as_str().expect("an equation"));
    solver.solve(&dynamics, tensor(&numbers(&call["y0"])), &times)
}

fn solver(call: &Map<String, Value>) -> Result<Solver, SolveError> {
    let mut solver = Solver::named(call["method"].as_str().expect("a name"))?;
    solver = solver.tolerances(number(&call["rtol"]), number(&call["atol"]));
    for (option, value) in call {
        solver = match option.as_str() {
            "f" | "y0" | "t" | "method" | "rtol" | "atol" | "dtype" | "y0_shape" | "f_returns_shape" => solver,
            "step_size" => solver.step_size(number(value)),
            "grid" => solver.grid(numbers(value)),
            "safety" => solver.safety(number(value)),
            "ifactor" => solver.max_factor(number(value)),
            "dfactor" => solver.min_factor(number(value)),
            "first_step" => solver.first_step(number(value)),
            "hmin" | "min_step" => solver.min_step(number(value)),
            "hmax" | "max_step" => solver.max_step(number(value)),
            "max_order" => solver.max_order(count(value)),
            "max_iters" => solver.max_iterations(count(value)),
            "max_steps" => solver.max_steps(count(value)),
            "step_t" => solver.step_at(numbers(value)),
            "jump_t" => solver.jump_at(numbers(value)),
            other => panic!("no option is called {other}"),
        };
    }
    Ok(solver)
}

fn dynamics(text: &str) -> Box<dyn Fn(f64, Tensor<1>) -> Tensor<1>> {
    if let Some(limit) = text.strip_prefix("y'=y for t<").and_then(|rest| rest.split(',').next()) {
        let limit: f64 = limit.trim().parse().expect("a time");
        return Box::new(move |time, state| if time < limit { state } else { state * f64::NAN });
    }
    match text {
        "y'=0" => Box::new(|_, state| state.zeros_like()),
        "y'=1" => Box::new(|_, state| state.ones_like()),
        "y'=-y" => Box::new(|_, state| -state),
        "y'=-1000 y" => Box::new(|_, state| state * -1000.0),
        "y'=y^2" => Box::new(|_, state| state.square()),
        "y'=cos(t)" => Box::new(|time, state| state.ones_like() * time.cos()),
        "y'=NaN" => Box::new(|_, state| state * f64::NAN),
        other => panic!("no equation reads {other}"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(number).collect()
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("NaN") => f64::NAN,
        Some("Inf") => f64::INFINITY,
        Some("-Inf") => f64::NEG_INFINITY,
        _ => value.as_f64().expect("a number"),
    }
}

fn count(value: &Value) -> usize {
    value
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
        .expect("a count")
}

#[test]
fn every_method_names_the_time_at_which_its_dynamics_become_nan() {
    for method in Method::ALL {
        let dynamics = dynamics("y'=y for t<0.5, NaN for t>=0.5");
        let mut solver = Solver::new(method);
        if !method.is_adaptive() {
            solver = solver.step_size(0.1);
        }
        let failure = solver.solve(&dynamics, tensor(&[1.0]), &[0.0, 0.25, 2.0]).unwrap_err();
        let SolveError::NonFiniteDynamics { time } = failure.error else {
            panic!("{method}: {failure}");
        };
        // Methods without a stage at the end of a step meet it a step later.
        assert!((time - 0.5).abs() < 0.11, "{method}: {time}");
        let partial = failure.partial.unwrap();
        assert_eq!(partial.times[..2], [0.0, 0.25], "{method}");
        assert!(
            partial.times.len() == 3 && partial.times[2] <= 0.5 + 1e-12,
            "{method}: {:?}",
            partial.times
        );
    }
}
