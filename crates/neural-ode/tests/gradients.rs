//! Gradients of solves: laws that hold for every method, and what happens when something is missing or goes wrong.

use burn::{
    module::{Module, Param},
    prelude::*,
};
use neural_ode::{BackwardStatistics, Dynamics, End, GradientMode, Interpolation, Method, SolveError, Solver};
use papers_core::testing::{assert_close, assert_gradient, device, tensor_f64, values};

/// A pendulum with friction, `x' = v`, `v' = -a sin x - b v`, and a parameter that it does not use.
#[derive(Module, Debug)]
struct Pendulum {
    pull: Param<Tensor<1>>,
    friction: Param<Tensor<1>>,
    unused: Param<Tensor<2>>,
}

impl Pendulum {
    fn new() -> Self {
        let device = device().autodiff();
        let number = |value| Param::from_tensor(tensor_f64(vec![value], [1], &device));
        Self {
            pull: number(1.3),
            friction: number(0.2),
            unused: Param::from_tensor(tensor_f64(vec![1.0; 6], [2, 3], &device)),
        }
    }

    fn slope(&self, state: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let rows = state.dims()[0];
        let position = state.clone().slice([0..rows, 0..1]);
        let speed = state.clone().slice([0..rows, 1..2]);
        let force = position.sin() * self.pull.val().unsqueeze() + speed.clone() * self.friction.val().unsqueeze();
        (speed, force.neg())
    }
}

impl Dynamics<Tensor<2>> for Pendulum {
    fn evaluate(&self, _: f64, state: Tensor<2>) -> Tensor<2> {
        let (speed, force) = self.slope(&state);
        Tensor::cat(vec![speed, force], 1)
    }
}

/// The same with position and speed as two tensors.
impl Dynamics<(Tensor<2>, Tensor<2>)> for Pendulum {
    fn evaluate(&self, _: f64, (position, speed): (Tensor<2>, Tensor<2>)) -> (Tensor<2>, Tensor<2>) {
        self.slope(&Tensor::cat(vec![position, speed], 1))
    }
}

const START: [f64; 4] = [0.5, -0.3, -1.2, 0.8];
const TIMES: [f64; 4] = [0.0, 0.35, 0.5, 1.3];

/// Gradients with respect to the start, the pull and the friction.
fn gradients(solver: &Solver, pendulum: &Pendulum) -> Vec<f64> {
    gradients_and_report(solver, pendulum).0
}

/// The same, and what the way back took.
fn gradients_and_report(solver: &Solver, pendulum: &Pendulum) -> (Vec<f64>, Option<BackwardStatistics>) {
    let device = device().autodiff();
    let start = tensor_f64(START.to_vec(), [2, 2], &device).require_grad();
    let solution = solver
        .solve_module(pendulum, start.clone(), &TIMES)
        .expect("a solution");
    // The state at the second time is left out.
    let loss = solution.states[1].clone().powi_scalar(2).sum() + solution.states[3].clone().sin().sum();
    let gradients = loss.backward();
    let mut found = values(start.grad(&gradients).expect("the start is tracked"));
    for parameter in [&pendulum.pull, &pendulum.friction] {
        found.extend(values(parameter.val().grad(&gradients).expect("the parameter is used")));
    }
    (found, solution.backward())
}

fn solvers() -> Vec<(String, Solver)> {
    let mut solvers = Vec::new();
    for method in Method::ALL {
        let solver = Solver::new(method);
        let solver = match method.is_adaptive() {
            true => solver.tolerances(1e-5, 1e-7),
            false => solver.step_size(0.1),
        };
        solvers.push((method.to_string(), solver));
    }
    solvers.push((
        "rk4 linear".to_owned(),
        Solver::new(Method::Rk4)
            .step_size(0.2)
            .interpolation(Interpolation::Linear),
    ));
    solvers.push((
        "dopri5 overshoot".to_owned(),
        Solver::new(Method::Dopri5).tolerances(1e-5, 1e-7).end(End::Overshoot),
    ));
    solvers.push((
        "tsit5 jump".to_owned(),
        Solver::new(Method::Tsit5).tolerances(1e-5, 1e-7).jump_at([0.4]),
    ));
    solvers
}

#[test]
fn checkpointed_gradients_are_the_direct_ones_for_every_method() {
    for (name, solver) in solvers() {
        let direct = gradients(&solver.clone().gradient(GradientMode::Direct), &Pendulum::new());
        // The plain solve of an implicit method iterates with Jacobians of another kind, to the same tolerance.
        let allowed = if solver.method().is_implicit() { 1e-10 } else { 1e-12 };
        for every in [None, Some(1), Some(3)] {
            let solver = match every {
                Some(every) => solver.clone().checkpoint_every(every),
                None => solver.clone(),
            };
            let found = gradients(&solver, &Pendulum::new());
            for (found, direct) in found.iter().zip(&direct) {
                assert!(
                    (found - direct).abs() < allowed,
                    "{name}, every {every:?}: {found} is not {direct}"
                );
            }
        }
    }
}

/// The parameters' gradient has no say in the steps, and is no part of the state: as many evaluations as with the
/// seminorm, and the same gradients up to the tolerance.
#[test]
fn the_quadrature_needs_no_state_for_the_parameters() {
    for method in [
        Method::Dopri5,
        Method::Tsit5,
        Method::Bosh3,
        Method::AdaptiveHeun,
        Method::Rk4,
        Method::Euler,
    ] {
        for jump in [None, Some(0.4)] {
            let solver = |mode| {
                let solver = Solver::new(method).gradient(mode);
                match method.is_adaptive() {
                    true => solver.tolerances(1e-6, 1e-8).jump_at(Vec::from_iter(jump)),
                    false => solver.step_size(1e-3),
                }
            };
            let found = |mode| {
                let (gradients, report) = gradients_and_report(&solver(mode), &Pendulum::new());
                (gradients, report.expect("a way back").statistics)
            };
            let (semi, of_semi) = found(GradientMode::AdjointSeminorm);
            let (quadrature, of_quadrature) = found(GradientMode::QuadratureAdjoint);
            // The weights of a step are the same, so that only rounding differs.
            assert_close(&quadrature, &semi, 1e-10);
            assert_eq!(of_quadrature, of_semi, "{method}");
        }
    }
}

#[test]
fn methods_without_stages_have_no_quadrature() {
    for method in [Method::ExplicitAdams, Method::VariableAdams, Method::Kvaerno3] {
        let start = tensor_f64(START.to_vec(), [2, 2], &device().autodiff()).require_grad();
        let solver = Solver::new(method).gradient(GradientMode::QuadratureAdjoint);
        let failure = solver.solve_module(&Pendulum::new(), start, &TIMES).unwrap_err();
        assert!(
            matches!(failure.error, SolveError::InvalidOption { option: "gradient", .. }),
            "{failure}"
        );
    }
}

#[test]
fn the_error_of_the_adjoint_shrinks_with_the_tolerance() {
    for mode in [
        GradientMode::Adjoint,
        GradientMode::QuadratureAdjoint,
        GradientMode::AdjointSeminorm,
        GradientMode::InterpolatedAdjoint,
    ] {
        let solver = |tolerance| {
            Solver::new(Method::Dopri5)
                .tolerances(tolerance, tolerance)
                .gradient(mode)
        };
        let reference = gradients(&solver(1e-12), &Pendulum::new());
        let error = |tolerance: f64| {
            let found = gradients(&solver(tolerance), &Pendulum::new());
            let errors = found
                .iter()
                .zip(&reference)
                .map(|(found, reference)| (found - reference).abs());
            errors.fold(0.0, f64::max)
        };
        let [loose, tight] = [error(1e-4), error(1e-8)];
        assert!(loose < 1e-2, "{mode}: {loose}");
        assert!(tight < 1e-6 && tight < loose / 100.0, "{mode}: {tight} against {loose}");
    }
}

#[test]
fn finite_differences_agree_with_the_default() {
    let pendulum = Pendulum::new();
    assert_gradient(&START, |start| {
        let solver = Solver::new(Method::Bosh3)
            .first_step(0.05)
            .max_step(0.05)
            .tolerances(1.0, 1.0);
        let solution = solver.solve_module(&pendulum, start.reshape([2, 2]), &TIMES);
        solution.expect("a solution").into_last().powi_scalar(2)
    });
}

#[test]
fn states_of_several_tensors_have_the_gradients_of_one() {
    for mode in GradientMode::ALL {
        let solver = Solver::new(Method::Dopri5).tolerances(1e-9, 1e-11).gradient(mode);
        let device = device().autodiff();
        let pendulum = Pendulum::new();
        let position = tensor_f64(vec![START[0], START[2]], [2, 1], &device).require_grad();
        let speed = tensor_f64(vec![START[1], START[3]], [2, 1], &device).require_grad();
        let start = (position.clone(), speed.clone());
        let solution = solver.solve_module(&pendulum, start, &TIMES).expect("a solution");
        let (one, last) = (&solution.states[1], &solution.states[3]);
        let squares = one.0.clone().powi_scalar(2).sum() + one.1.clone().powi_scalar(2).sum();
        let loss = squares + last.0.clone().sin().sum() + last.1.clone().sin().sum();
        let found = loss.backward();
        let position = values(position.grad(&found).expect("tracked"));
        let speed = values(speed.grad(&found).expect("tracked"));
        let whole = gradients(&solver, &Pendulum::new());
        assert_close(&[position[0], speed[0], position[1], speed[1]], &whole[..4], 1e-6);
    }
}

#[test]
fn a_parameter_that_is_not_used_gets_zeros_and_a_frozen_one_nothing() {
    for mode in GradientMode::ALL {
        let solver = Solver::new(Method::Dopri5).gradient(mode);
        let mut pendulum = Pendulum::new();
        let whole = gradients(&solver, &pendulum);
        pendulum.friction = pendulum.friction.set_require_grad(false);
        let device = device().autodiff();
        let start = tensor_f64(START.to_vec(), [2, 2], &device).require_grad();
        let solution = solver
            .solve_module(&pendulum, start.clone(), &TIMES)
            .expect("a solution");
        let loss = solution.states[1].clone().powi_scalar(2).sum() + solution.states[3].clone().sin().sum();
        let found = loss.backward();
        assert!(pendulum.friction.val().grad(&found).is_none(), "{mode}");
        if let Some(unused) = pendulum.unused.val().grad(&found) {
            assert_eq!(values(unused), [0.0; 6], "{mode}");
        }
        // The others are as before, up to the steps of the adjoint, which had one parameter more to look at.
        assert_close(&values(start.grad(&found).expect("tracked")), &whole[..4], 1e-5);
    }
}

#[test]
fn plain_tensors_leave_no_tape() {
    let pendulum = Pendulum::new().valid();
    let start = tensor_f64(START.to_vec(), [2, 2], &device());
    let solution = Solver::new(Method::Dopri5)
        .solve_module(&pendulum, start, &TIMES)
        .expect("a solution");
    assert!(solution.states.iter().all(|state| !state.is_autodiff()));
    assert_eq!(solution.backward(), None);
}

#[test]
fn gradients_flow_to_the_parameters_where_the_start_is_a_constant() {
    for mode in GradientMode::ALL {
        let pendulum = Pendulum::new();
        let start = tensor_f64(START.to_vec(), [2, 2], &device());
        let start = if mode == GradientMode::Direct {
            start.autodiff()
        } else {
            start
        };
        let solver = Solver::new(Method::Dopri5).tolerances(1e-9, 1e-11).gradient(mode);
        let solution = solver.solve_module(&pendulum, start, &TIMES).expect("a solution");
        let loss = solution.states[1].clone().powi_scalar(2).sum() + solution.states[3].clone().sin().sum();
        let found = values(pendulum.pull.val().grad(&loss.backward()).expect("used"));
        assert_close(&found, &gradients(&solver, &Pendulum::new())[4..5], 1e-7);
    }
}

/// `y' = -k (y - cos t)`: it contracts so fast that the reversed equation explodes.
#[derive(Module, Debug)]
struct Contracting {
    rate: Param<Tensor<1>>,
}

impl Dynamics<Tensor<1>> for Contracting {
    fn evaluate(&self, time: f64, state: Tensor<1>) -> Tensor<1> {
        (state - time.cos()) * self.rate.val().neg()
    }
}

#[test]
fn the_drift_tells_when_the_reversed_state_explodes_and_the_interpolated_adjoint_is_immune() {
    let gradient = |mode: GradientMode| {
        let device = device().autodiff();
        let contracting = Contracting {
            rate: Param::from_tensor(tensor_f64(vec![30.0], [1], &device)),
        };
        let start = tensor_f64(vec![2.0], [1], &device).require_grad();
        let solver = Solver::new(Method::Dopri5).tolerances(1e-6, 1e-8).gradient(mode);
        let solution = solver
            .solve_module(&contracting, start, &[0.0, 1.5])
            .expect("a solution");
        let loss = solution.last().clone().sum();
        let found = values(contracting.rate.val().grad(&loss.backward()).expect("used"))[0];
        (found, solution.backward())
    };
    let (direct, _) = gradient(GradientMode::Direct);
    let (interpolated, _) = gradient(GradientMode::InterpolatedAdjoint);
    assert!((interpolated - direct).abs() < 1e-5, "{interpolated} is not {direct}");
    let (_, report) = gradient(GradientMode::Adjoint);
    let drift = report
        .and_then(|report| report.reverse_state_drift)
        .expect("an adjoint solve");
    assert!(drift > 100.0, "{drift}");
}

#[test]
fn a_failed_backward_solve_gives_nan_and_tells_why() {
    let device = device().autodiff();
    let pendulum = Pendulum::new();
    let start = tensor_f64(START.to_vec(), [2, 2], &device).require_grad();
    let adjoint = Solver::new(Method::Dopri5).max_steps(1);
    let solver = Solver::new(Method::Dopri5)
        .gradient(GradientMode::Adjoint)
        .adjoint_solver(adjoint);
    let solution = solver
        .solve_module(&pendulum, start.clone(), &TIMES)
        .expect("a solution");
    let found = solution.last().clone().sum().backward();
    assert!(
        values(start.grad(&found).expect("tracked"))
            .iter()
            .all(|value| value.is_nan())
    );
    let error = solution.backward().and_then(|report| report.error);
    assert!(matches!(error, Some(SolveError::MaxSteps { .. })), "{error:?}");
}

#[test]
fn options_that_a_mode_cannot_use_are_errors() {
    let start = || tensor_f64(START.to_vec(), [2, 2], &device().autodiff()).require_grad();
    let adjoint = || Solver::new(Method::Dopri5).gradient(GradientMode::Adjoint);
    let cases = [
        (Solver::new(Method::Dopri5).checkpoint_every(0), "checkpoint_every"),
        (adjoint().checkpoint_every(2), "checkpoint_every"),
        (
            Solver::new(Method::Dopri5).adjoint_solver(Solver::new(Method::Rk4)),
            "adjoint_solver",
        ),
        (adjoint().tolerances(vec![1e-6], vec![1e-6]), "tolerances"),
        (
            adjoint().adjoint_solver(Solver::new(Method::Dopri5).step_size(0.1)),
            "step_size",
        ),
    ];
    for (solver, expected) in cases {
        let error = solver
            .solve_module(&Pendulum::new(), start(), &TIMES)
            .expect_err("cannot be used")
            .error;
        assert!(
            matches!(error, SolveError::InvalidOption { option, .. } if option == expected),
            "{error}"
        );
    }
}

#[test]
fn the_adjoint_may_have_a_solver_of_its_own() {
    let forward = Solver::new(Method::Dopri8)
        .tolerances(1e-10, 1e-12)
        .gradient(GradientMode::Adjoint);
    let own = forward
        .clone()
        .adjoint_solver(Solver::new(Method::Rk4).step_size(0.005));
    assert_close(
        &gradients(&own, &Pendulum::new()),
        &gradients(&forward, &Pendulum::new()),
        1e-8,
    );
}

#[test]
fn checkpointing_repeats_each_step_once() {
    let solver = Solver::new(Method::Rk4).step_size(0.01);
    let device = device().autodiff();
    let start = tensor_f64(START.to_vec(), [2, 2], &device).require_grad();
    let solution = solver
        .solve_module(&Pendulum::new(), start, &[0.0, 1.0])
        .expect("a solution");
    let loss = solution.last().clone().sum();
    let _ = loss.backward();
    assert_eq!(solution.statistics.evaluations, 400);
    assert_eq!(solution.backward().expect("run again").statistics.evaluations, 400);
}
