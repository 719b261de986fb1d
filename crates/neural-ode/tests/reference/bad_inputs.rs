//! Faults of options, input and dynamics give the error they must, and hard cases none.

use burn::{
    module::{Module, Param},
    prelude::*,
    tensor::DType,
};
use neural_ode::{Dynamics, Events, Failure, GradientMode, Method, Solution, SolveError, Solver};
use papers_core::testing::{device, tensor_f64, values};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    Report, differences, fixture,
    laws::{Law, Slope},
    mismatch,
    problems::tensor,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    defaults: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(rename = "note")]
    _note: Option<String>,
}

/// How a case is called.
#[derive(Clone, Copy, PartialEq)]
enum Entry {
    /// `solve` of a function.
    Function,
    /// `solve_module` in a gradient mode, then `backward` if there is a solution.
    Module(GradientMode),
    /// `solve_module_at` in a gradient mode, then `backward` if there is a solution.
    ModuleAt(GradientMode),
}

impl Entry {
    fn all() -> impl Iterator<Item = Self> {
        let modules = GradientMode::ALL.map(Self::Module);
        let modules_at = GradientMode::ALL.map(Self::ModuleAt);
        [Self::Function].into_iter().chain(modules).chain(modules_at)
    }

    fn name(self) -> String {
        match self {
            Self::Function => "solve".to_owned(),
            Self::Module(mode) => format!("solve_module, {mode}"),
            Self::ModuleAt(mode) => format!("solve_module_at, {mode}"),
        }
    }

    /// Solves, and finds gradients where that is asked for.
    fn solve<const D: usize>(
        self,
        solver: Solver,
        slope: Slope,
        initial: Tensor<D>,
        times: &[f64],
    ) -> Result<Solution<Tensor<D>>, Failure<Tensor<D>>>
    where
        Slope: Dynamics<Tensor<D>>,
    {
        let device = initial.device().autodiff();
        let tracked = initial.clone().autodiff().require_grad();
        let solution = match self {
            Self::Function => return solver.solve(&slope, initial, times),
            Self::Module(mode) => solver
                .gradient(mode)
                .solve_module(&slope.scaled(&device), tracked, times)?,
            Self::ModuleAt(mode) => {
                let times = tensor_f64(times.to_vec(), [times.len()], &device).require_grad();
                let module = slope.scaled(&device);
                solver.gradient(mode).solve_module_at(&module, tracked, times)?
            }
        };
        let gradients = solution.last().clone().sum().backward();
        drop(gradients);
        Ok(solution)
    }

    /// Evaluations besides those of the solve: the slopes at requested times, and the last slope of a fixed-step
    /// solution that is interpolated.
    fn evaluations(self, times: usize, method: Method) -> usize {
        let (times, mode) = match self {
            Self::Function => return 0,
            Self::Module(mode) => (0, mode),
            Self::ModuleAt(mode) => (times, mode),
        };
        times + usize::from(mode == GradientMode::InterpolatedAdjoint && !method.is_adaptive())
    }
}

#[test]
fn bad_inputs_give_the_errors_of_the_reference() {
    let file: File = fixture("bad_inputs.json");
    let mut report = Report::default();
    for case in &file.cases {
        let mut call = file.defaults.clone();
        call.extend(case.call.clone());
        if call.contains_key("event") {
            report.case(&case.name, problems_of_event(case, &call));
            continue;
        }
        for entry in Entry::all() {
            let problems = match outcome(&call, entry) {
                Ok(solution) => problems_of_solution(case, &call, entry, &solution),
                Err(failure) => problems_of_failure(case, &call, &failure),
            };
            report.case(&format!("{} ({})", case.name, entry.name()), problems);
        }
    }
    report.finish();
}

/// A solve until `event` is zero, at most to `t_max`.
fn problems_of_event(case: &Case, call: &Map<String, Value>) -> Vec<String> {
    let shift = match call["event"].as_str().expect("a condition") {
        "y" => 0.0,
        "y+1" => 1.0,
        other => panic!("no condition reads {other}"),
    };
    let slope = Slope::new(Law::named(call["f"].as_str().expect("an equation")));
    let start = call.get("t").map_or(0.0, |times| numbers(times)[0]);
    let limit = number(&call["t_max"]);
    let events = Events::new(|_: f64, state: Tensor<1>| state + shift);
    let solver = solver(call).expect("the solver is not at fault");
    match solver.solve_event(&slope, tensor(&numbers(&call["y0"])), start, limit, &events) {
        Ok(found) => {
            let error = mismatch("error", None, case.expected_error.as_deref());
            let expected = case.expected_t.map(|time| vec![time]).unwrap_or_default();
            let time = differences("time", &[found.end], &expected, case.t_tol.unwrap_or(1e-9));
            [error, time].into_iter().flatten().collect()
        }
        Err(failure) => {
            let kind = match failure.error {
                SolveError::EventNotFound { limit: named } if named == limit => "EventNotFound",
                ref other => kind_and_time(other).0,
            };
            mismatch("error", Some(kind), case.expected_error.as_deref())
                .into_iter()
                .collect()
        }
    }
}

fn problems_of_solution(
    case: &Case,
    call: &Map<String, Value>,
    entry: Entry,
    solution: &Solution<Tensor<1>>,
) -> Vec<String> {
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
    let method = call["method"]
        .as_str()
        .and_then(|name| name.parse().ok())
        .expect("it has solved");
    let besides = entry.evaluations(solution.times.len(), method);
    let evaluations = case
        .nfe
        .and_then(|nfe| mismatch("nfe", solution.statistics.evaluations - besides, nfe));
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
fn outcome(call: &Map<String, Value>, entry: Entry) -> Result<Solution<Tensor<1>>, Failure<Tensor<1>>> {
    let solver = solver(call)?;
    let times = numbers(&call["t"]);
    if let (Some(shape), Some(returned)) = (call.get("y0_shape"), call.get("f_returns_shape")) {
        let shape: [usize; 2] = serde_json::from_value(shape.clone()).expect("two sizes");
        let returned: [usize; 2] = serde_json::from_value(returned.clone()).expect("two sizes");
        let slope = Slope::new(Law::Ones(returned));
        let ones = tensor_f64(vec![1.0; shape[0] * shape[1]], shape, &device());
        let failure = entry.solve(solver, slope, ones, &times).expect_err("the shapes differ");
        return Err(failure.error.into());
    }
    let slope = Slope::new(Law::named(call["f"].as_str().expect("an equation")));
    entry.solve(solver, slope, tensor(&numbers(&call["y0"])), &times)
}

fn solver(call: &Map<String, Value>) -> Result<Solver, SolveError> {
    let mut solver = Solver::named(call["method"].as_str().expect("a name"))?;
    solver = solver.tolerances(number(&call["rtol"]), number(&call["atol"]));
    for (option, value) in call {
        solver = match option.as_str() {
            "f" | "event" | "t_max" | "y0" | "t" | "method" | "rtol" | "atol" | "dtype" | "y0_shape"
            | "f_returns_shape" => solver,
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
        let dynamics = Slope::new(Law::named("y'=y for t<0.5, NaN for t>=0.5"));
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

#[test]
fn empty_states_of_modules_are_errors_and_empty_parts_are_none() {
    let device = device().autodiff();
    #[derive(Module, Debug)]
    struct Decay {
        rate: Param<Tensor<1>>,
    }
    impl Dynamics<Vec<Tensor<1>>> for Decay {
        fn evaluate(&self, _: f64, state: Vec<Tensor<1>>) -> Vec<Tensor<1>> {
            state.into_iter().map(|part| part * self.rate.val()).collect()
        }
    }
    let part = |numbers: &[f64]| tensor_f64(numbers.to_vec(), [numbers.len()], &device).require_grad();
    for mode in GradientMode::ALL {
        let decay = Decay {
            rate: Param::from_tensor(tensor_f64(vec![-1.0], [1], &device)),
        };
        let solver = Solver::new(Method::Dopri5).gradient(mode);
        let times = tensor_f64(vec![0.0, 1.0], [2], &device).require_grad();
        for empty in [vec![], vec![part(&[]), part(&[])]] {
            let failure = solver.solve_module(&decay, empty.clone(), &[0.0, 1.0]).unwrap_err();
            assert!(
                matches!(failure.error, SolveError::InvalidState { .. }),
                "{mode}: {failure}"
            );
            let failure = solver.solve_module_at(&decay, empty, times.clone()).unwrap_err();
            assert!(
                matches!(failure.error, SolveError::InvalidState { .. }),
                "{mode}: {failure}"
            );
        }
        let initial = vec![part(&[]), part(&[2.0])];
        let solution = solver
            .solve_module(&decay, initial.clone(), &[0.0, 1.0])
            .expect("one number");
        let gradients = solution.last()[1].clone().sum().backward();
        let gradient = values(initial[1].grad(&gradients).expect("it is used"))[0];
        assert!((gradient - (-1.0f64).exp()).abs() < 1e-5, "{mode}: {gradient}");
    }
}

#[test]
fn times_may_be_of_another_precision_than_the_state() {
    let plain = device();
    let device = plain.clone().autodiff();
    let slope = Slope::new(Law::named("y'=-y")).scaled(&device);
    let initial = tensor_f64(vec![2.0], [1], &device);
    let times = Tensor::<1>::from_data(TensorData::from([0.0f32, 1.0]), (&device, DType::F32)).require_grad();
    let solution = Solver::new(Method::Dopri5)
        .solve_module_at(&slope, initial, times.clone())
        .expect("a solution");
    let gradients = solution.into_last().sum().backward();
    let gradient = values(times.grad(&gradients).expect("times are used"));
    // y(t1) = 2 exp(t0 - t1).
    let expected = 2.0 * (-1.0f64).exp();
    assert_eq!(differences("t", &gradient, &[expected, -expected], 1e-5), None);
}
