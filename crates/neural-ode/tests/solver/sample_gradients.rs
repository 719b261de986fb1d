//! Gradients of samples that choose their own steps.

use burn::{
    module::{Module, Param},
    prelude::*,
};
use neural_ode::{GradientMode, Method, SampleDynamics, Samples, SolveError, Solver};
use papers_core::testing::{assert_close, assert_gradient, device, tensor_f64, values};

use crate::samples::{adaptive, tolerant};

/// `y' = tanh(w y) + sin t`, a weight for all samples.
#[derive(Module, Debug)]
pub(crate) struct Wave {
    pub(crate) weight: Param<Tensor<2>>,
}

impl SampleDynamics<2> for Wave {
    fn evaluate(&self, at: &Samples<'_>, state: Tensor<2>) -> Tensor<2> {
        let slope = state.clone().matmul(self.weight.val()).tanh();
        match state.is_autodiff() {
            true => slope + at.times_like(&state.clone().inner()).sin().autodiff(),
            false => slope + at.times_like(&state).sin(),
        }
    }
}

pub(crate) fn wave_times() -> Vec<Vec<f64>> {
    vec![vec![0.0, 0.3, 1.0], vec![0.5, 0.2], vec![-1.0, 0.0, 0.5, 2.0]]
}

#[test]
fn a_sample_that_fails_leaves_the_gradients_of_the_others_alone() {
    // y' = w y², which from 1 blows up at 1, and from 1/4 at 4.
    #[derive(Module, Debug)]
    struct Square {
        weight: Param<Tensor<1>>,
    }
    impl SampleDynamics<2> for Square {
        fn evaluate(&self, _: &Samples<'_>, state: Tensor<2>) -> Tensor<2> {
            state.square() * self.weight.val().unsqueeze()
        }
    }
    let device = device().autodiff();
    for mode in [GradientMode::Direct, GradientMode::Checkpointed] {
        for method in adaptive() {
            let gradients = |starts: &[f64]| {
                let square = Square {
                    weight: Param::from_tensor(tensor_f64(vec![1.0], [1], &device)),
                };
                let start = tensor_f64(starts.to_vec(), [starts.len(), 1], &device).require_grad();
                let solver = tolerant(method).gradient(mode);
                let solution = solver
                    .solve_samples_module(&square, start.clone(), [0.0, 0.5, 2.0])
                    .unwrap();
                // What was reached stays, then there is NaN; the loss takes the sample that came through.
                let numbers: Vec<Vec<f64>> = solution.states.iter().map(|state| values(state.clone())).collect();
                let sum = solution.states[1].clone().narrow(0, 0, 1) + solution.last().clone().narrow(0, 0, 1);
                let gradients = sum.sum().backward();
                let of_start = values(start.grad(&gradients).unwrap());
                (
                    numbers,
                    solution.errors,
                    of_start,
                    values(square.weight.val().grad(&gradients).unwrap()),
                )
            };
            let (_, _, start, weight) = gradients(&[0.25]);
            let (numbers, errors, both, shared) = gradients(&[0.25, 1.0]);
            assert!(errors[0].is_none() && errors[1].is_some(), "{method}");
            assert_close(&numbers[1], &[1.0 / 3.5, 2.0], 1e-2);
            assert!(numbers[2][1].is_nan(), "{method}");
            assert_close(&both, &[start[0], 0.0], 1e-12);
            assert_close(&shared, &weight, 1e-12);
        }
    }
}

#[test]
fn parameters_have_gradients_where_the_start_is_plain() {
    for mode in [GradientMode::Direct, GradientMode::Checkpointed] {
        let weight = tensor_f64(vec![0.4, -0.3, 0.8, 0.1], [2, 2], &device().autodiff());
        let wave = Wave {
            weight: Param::from_tensor(weight),
        };
        let start = tensor_f64(vec![0.3, -0.7, 0.2, 1.0, -1.0, 0.5], [3, 2], &device());
        let solver = tolerant(Method::Tsit5).gradient(mode);
        let solution = solver.solve_samples_module(&wave, start, wave_times()).unwrap();
        let gradients = solution.last().clone().sum().backward();
        let gradient = values(wave.weight.val().grad(&gradients).expect("a gradient"));
        assert!(
            gradient.iter().all(|gradient| gradient.is_finite() && *gradient != 0.0),
            "{mode}: {gradient:?}"
        );
    }
}

#[test]
fn options_of_gradients_hold_for_samples_too() {
    let wave = || Wave {
        weight: Param::from_tensor(tensor_f64(vec![0.4, -0.3, 0.8, 0.1], [2, 2], &device().autodiff())),
    };
    let start = || tensor_f64(vec![0.3, -0.7, 0.2, 1.0, -1.0, 0.5], [3, 2], &device());
    let solve = |solver: Solver| solver.solve_samples_module(&wave(), start(), wave_times());
    let option = |solver: Solver| match solve(solver).unwrap_err() {
        SolveError::InvalidOption { option, .. } => option,
        other => panic!("{other}"),
    };
    let solver = || tolerant(Method::Tsit5);
    assert_eq!(option(solver().checkpoint_every(0)), "checkpoint_every");
    assert_eq!(
        option(solver().gradient(GradientMode::Direct).checkpoint_every(3)),
        "checkpoint_every"
    );
    assert_eq!(
        option(solver().adjoint_solver(Solver::new(Method::Tsit5))),
        "adjoint_solver"
    );
    let single = start().cast(burn::tensor::DType::F32);
    let mixed = solver()
        .solve_samples_module(&wave(), single, wave_times())
        .unwrap_err();
    assert!(
        matches!(mixed, SolveError::InvalidOption { option: "gradient", .. }),
        "{mixed}"
    );

    // More checkpoints, fewer evaluations made twice.
    let evaluations = |every: usize| {
        let solution = solve(solver().checkpoint_every(every)).unwrap();
        solution.last().clone().sum().backward();
        solution.backward().unwrap().statistics.evaluations
    };
    assert!(evaluations(1000) < evaluations(2));
}

#[test]
fn gradients_agree_with_differences() {
    for method in [Method::Dopri5, Method::AdaptiveHeun, Method::Bosh3] {
        // Steps of one size: the choice of steps is not differentiated.
        let solver = Solver::new(method).tolerances(1e9, 1e9).first_step(0.1).max_step(0.1);
        assert_gradient(&[0.3, -0.7, 0.2, 1.0, -1.0, 0.5], |start| {
            let weight = tensor_f64(vec![0.4, -0.3, 0.8, 0.1], [2, 2], &start.device());
            let dynamics = |at: &Samples<'_>, state: Tensor<2>| {
                state.clone().matmul(weight.clone()).tanh() + at.times_like(&state).sin()
            };
            let solution = solver
                .solve_samples(&dynamics, start.reshape([3, 2]), wave_times())
                .unwrap();
            Tensor::cat(solution.states, 0)
        });
    }
}

#[test]
fn checkpointed_gradients_are_the_direct_ones() {
    let device = device().autodiff();
    for method in adaptive() {
        let gradients = |mode: GradientMode| {
            let weight = tensor_f64(vec![0.4, -0.3, 0.8, 0.1], [2, 2], &device);
            let wave = Wave {
                weight: Param::from_tensor(weight),
            };
            let start = tensor_f64(vec![0.3, -0.7, 0.2, 1.0, -1.0, 0.5], [3, 2], &device).require_grad();
            let solver = tolerant(method).gradient(mode).jump_at([0.1]);
            let solution = solver.solve_samples_module(&wave, start.clone(), wave_times()).unwrap();
            assert_eq!(solution.states.len(), 4);
            let loss = solution.states[1].clone().square().sum() + solution.last().clone().sin().sum();
            let gradients = loss.backward();
            if mode == GradientMode::Checkpointed {
                assert!(solution.backward().unwrap().statistics.evaluations > 0);
            }
            let mut all = values(start.grad(&gradients).unwrap());
            all.extend(values(wave.weight.val().grad(&gradients).unwrap()));
            all
        };
        let direct = gradients(GradientMode::Direct);
        assert!(direct.iter().all(|gradient| gradient.is_finite() && *gradient != 0.0));
        assert_close(&gradients(GradientMode::Checkpointed), &direct, 1e-12);
    }
}
