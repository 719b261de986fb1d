//! Samples that choose their own steps: the laws of a batch.

use burn::{module::Param, prelude::*};
use neural_ode::{Controller, GradientMode, Method, Norm, Samples, SolveError, Solver};
use papers_core::testing::{assert_close, device, tensor_f64, values};

use crate::sample_gradients::Wave;

/// `y' = -rate y + sin t`, with a rate for each sample.
fn relaxation(rates: &Tensor<2>) -> impl Fn(&Samples<'_>, Tensor<2>) -> Tensor<2> + use<> {
    let rates = rates.clone();
    move |at: &Samples<'_>, state: Tensor<2>| -at.rows_of(&rates) * state.clone() + at.times_like(&state).sin()
}

pub(crate) fn column(numbers: &[f64]) -> Tensor<2> {
    tensor_f64(numbers.to_vec(), [numbers.len(), 1], &device())
}

pub(crate) fn adaptive() -> impl Iterator<Item = Method> {
    Method::ALL.into_iter().filter(|method| {
        let has_tableau = method.tableau().is_some();
        method.is_adaptive() && has_tableau && !method.is_implicit()
    })
}

pub(crate) fn tolerant(method: Method) -> Solver {
    Solver::new(method).tolerances(1e-5, 1e-7)
}

#[test]
fn a_sample_takes_the_steps_that_it_takes_alone() {
    let rates = [0.5, 40.0, 3.0, 11.0];
    let starts = [1.0, 2.0, -1.0, 0.3];
    // Forwards, backwards, jumps, stops, other starts, other ends, other numbers of times.
    let times = vec![
        vec![0.0, 0.4, 0.7, 1.5],
        vec![-0.5, 1.0],
        vec![1.0, 0.9, 0.2],
        vec![0.45, 0.5, 0.55, 0.6, 0.65],
    ];
    for method in adaptive() {
        for solver in [
            tolerant(method),
            tolerant(method).controller(Controller::SMOOTH).norm(Norm::MaxAbs),
            tolerant(method).jump_at([0.5]).step_at([0.55]).first_step(0.01),
        ] {
            let together = solver
                .solve_samples(&relaxation(&column(&rates)), column(&starts), times.clone())
                .unwrap();
            for sample in 0..4 {
                let rate = rates[sample];
                let alone = |time: f64, state: Tensor<2>| state * -rate + time.sin();
                let alone = solver
                    .solve(&alone, column(&starts[sample..=sample]), &times[sample])
                    .unwrap();
                assert_eq!(together.statistics[sample], alone.statistics, "{method}, {sample}");
                assert_eq!(together.errors[sample], None);
                for (index, state) in alone.states.iter().enumerate() {
                    let own = values(together.states[index].clone())[sample];
                    assert_close(&[own], &values(state.clone()), 1e-9);
                    assert!(together.is_own(sample, index));
                }
                assert!(!together.is_own(sample, times[sample].len()));
                let last = values(alone.into_last());
                assert_close(&values(together.last().clone())[sample..=sample], &last, 1e-9);
            }
        }
    }
}

#[test]
fn finished_samples_leave_the_batch_and_nothing_else_changes() {
    let rates = column(&[1.0, 1.0, 1.0, 500.0]);
    let seen = std::cell::RefCell::new(Vec::new());
    let dynamics = |at: &Samples<'_>, state: Tensor<2>| {
        seen.borrow_mut().push(at.indices().to_vec());
        -at.rows_of(&rates) * state
    };
    let solve = |compaction: bool| {
        let start = column(&[1.0; 4]);
        let solver = tolerant(Method::Tsit5).compaction(compaction);
        solver.solve_samples(&dynamics, start, [0.0, 0.5, 1.0]).unwrap()
    };
    let (compact, whole) = (solve(true), solve(false));
    assert_eq!(compact.statistics, whole.statistics);
    assert_eq!(compact.calls, whole.calls);
    for (compact, whole) in compact.states.iter().zip(&whole.states) {
        assert_eq!(values(compact.clone()), values(whole.clone()));
    }
    let seen = seen.into_inner();
    assert!(seen[..compact.calls].contains(&vec![3]), "three of four have finished");
    assert!(seen[compact.calls..].iter().all(|lanes| lanes.len() == 4));
}

#[test]
fn a_sample_that_fails_leaves_the_others_alone() {
    // y' = y² from 1 blows up at 1; NaN from 0.5 on; NaN at once; fine.
    let kinds = column(&[0.0, 1.0, 2.0, 3.0]);
    let dynamics = |at: &Samples<'_>, state: Tensor<2>| {
        let slopes: Vec<f64> = at
            .times()
            .iter()
            .zip(values(at.rows_of(&kinds)))
            .zip(values(state.clone()))
            .map(|((&time, kind), y)| match kind {
                0.0 => y * y,
                1.0 if time < 0.5 => -y,
                3.0 => -y,
                _ => f64::NAN,
            })
            .collect();
        column(&slopes)
    };
    for method in adaptive() {
        let solution = tolerant(method)
            .solve_samples(&dynamics, column(&[1.0; 4]), [0.0, 0.4, 2.0])
            .unwrap();
        let [blown, nan, never, fine] = solution.errors.clone().try_into().unwrap();
        let near = |error: Option<SolveError>, time: f64| {
            let failed = error.as_ref().and_then(SolveError::time).expect("it failed on its way");
            assert!((failed - time).abs() < 0.02, "{method}: {error:?}");
        };
        near(blown, 1.0);
        assert!(
            matches!(nan, Some(SolveError::NonFiniteDynamics { .. })),
            "{method}: {nan:?}"
        );
        near(nan, 0.5);
        assert_eq!(never, Some(SolveError::NonFiniteDynamics { time: 0.0 }));
        assert_eq!(fine, None);
        let last = values(solution.last().clone());
        assert!(last[..3].iter().all(|last| last.is_nan()), "{method}: {last:?}");
        assert_close(&last[3..], &[(-2.0f64).exp()], 1e-3);
        let middle = values(solution.states[1].clone());
        assert!(middle[2].is_nan());
        assert_close(&middle[..2], &[1.0 / 0.6, (-0.4f64).exp()], 1e-2);
        assert!(solution.is_own(0, 1) && solution.is_own(1, 1) && !solution.is_own(2, 1) && !solution.is_own(1, 2));
    }
    let start = column(&[f64::NAN, 1.0, 1.0, 1.0]);
    let solution = tolerant(Method::Dopri5).solve_samples(&dynamics, start, [0.0, 0.4]);
    assert_eq!(solution.unwrap().errors[0], Some(SolveError::NonFiniteInitialState));
    let limited = tolerant(Method::Dopri5).max_steps(3);
    let solution = limited.solve_samples(&relaxation(&column(&[0.0, 900.0])), column(&[1e-9, 1.0]), [0.0, 0.01]);
    let errors = solution.unwrap().errors;
    assert!(
        matches!(errors[1], Some(SolveError::MaxSteps { steps: 3, .. })),
        "{errors:?}"
    );
}

#[test]
fn every_sample_counts_its_own_jumps_once() {
    // The second one tries the step after the jump many times, while the first one comes to the jump.
    let rates = [0.3, 3000.0];
    let times = vec![vec![0.0, 0.5, 1.0], vec![0.49, 0.6]];
    let slope = |rate: f64, time: f64| if time < 0.5 { 0.0 } else { rate };
    for method in adaptive() {
        let solver = tolerant(method).jump_at([0.5]).first_step(0.02);
        let together = |at: &Samples<'_>, state: Tensor<2>| {
            let rates: Vec<f64> = at
                .indices()
                .iter()
                .zip(at.times())
                .map(|(&index, &time)| slope(rates[index], time))
                .collect();
            (state * -1.0 + 1.0) * column(&rates)
        };
        let solution = solver
            .solve_samples(&together, column(&[0.0, 0.0]), times.clone())
            .unwrap();
        for (sample, counts) in solution.statistics.iter().enumerate() {
            let steps = match method {
                Method::AdaptiveHeun => counts.attempts + counts.accepted,
                Method::Fehlberg2 => 2 * counts.attempts + counts.accepted,
                Method::Bosh3 => 3 * counts.attempts,
                Method::Dopri8 => 13 * counts.attempts,
                _ => 6 * counts.attempts,
            };
            // The start, and the far side of the jump.
            assert_eq!(counts.evaluations, 2 + steps, "{method}, {sample}");
        }
        assert!(solution.statistics[1].rejected > 0, "{method}");
    }
}

#[test]
fn tiny_and_huge_numbers_are_measured_without_overflow() {
    let dynamics = |_: &Samples<'_>, state: Tensor<2>| -state;
    let start = tensor_f64(vec![1e300, -1e300, 1e-300, 0.0], [2, 2], &device());
    let solution = tolerant(Method::Dopri5)
        .solve_samples(&dynamics, start, [0.0, 1.0])
        .unwrap();
    assert!(solution.errors.iter().all(Option::is_none), "{:?}", solution.errors);
    let last = values(solution.last().clone());
    assert!((last[0] / 1e300 - (-1.0f64).exp()).abs() < 1e-4, "{last:?}");
}

#[test]
fn what_a_batch_cannot_have_is_refused() {
    let dynamics = relaxation(&column(&[1.0, 2.0]));
    let start = || column(&[1.0, 1.0]);
    let solve = |solver: Solver| solver.solve_samples(&dynamics, start(), [0.0, 1.0]).unwrap_err();
    let option = |error: SolveError| match error {
        SolveError::InvalidOption { option, .. } => option,
        other => panic!("{other}"),
    };
    for method in [Method::Rk4, Method::Kvaerno3, Method::VariableAdams] {
        assert_eq!(option(solve(Solver::new(method))), "method");
    }
    assert_eq!(option(solve(Solver::new(Method::Tsit5).step_size(0.1))), "step_size");
    let norm = Norm::custom(|_| 0.5);
    assert_eq!(option(solve(Solver::new(Method::Tsit5).norm(norm))), "norm");
    let per_tensor = Solver::new(Method::Tsit5).tolerances(vec![1e-3], 1e-6);
    assert!(matches!(solve(per_tensor), SolveError::InvalidTolerance { .. }));
    let negative = Solver::new(Method::Tsit5).tolerances(-1.0, 1e-6);
    assert!(matches!(solve(negative), SolveError::InvalidTolerance { .. }));

    let solver = Solver::new(Method::Tsit5);
    for times in [
        vec![vec![0.0, 1.0]],
        vec![vec![0.0, 1.0], vec![0.0]],
        vec![vec![0.0, 1.0], vec![0.0, 1.0, 0.5]],
        vec![vec![0.0, 1.0], vec![0.0, f64::NAN]],
    ] {
        let error = solver.solve_samples(&dynamics, start(), times).unwrap_err();
        assert!(matches!(error, SolveError::InvalidTimes { .. }), "{error}");
    }
    let error = solver.solve_samples(&dynamics, column(&[]), vec![]).unwrap_err();
    assert!(matches!(error, SolveError::InvalidState { .. }), "{error}");
    let wide = |_: &Samples<'_>, state: Tensor<2>| Tensor::cat(vec![state.clone(), state], 1);
    let error = solver.solve_samples(&wide, start(), [0.0, 1.0]).unwrap_err();
    assert!(matches!(error, SolveError::ShapeMismatch { .. }), "{error}");

    let plain = solver
        .clone()
        .compaction(true)
        .solve(&|_: f64, y: Tensor<2>| -y, start(), &[0.0, 1.0]);
    assert_eq!(option(plain.unwrap_err().error), "compaction");
    let wave = Wave {
        weight: Param::from_tensor(tensor_f64(vec![1.0], [1, 1], &device().autodiff())),
    };
    for mode in [GradientMode::Adjoint, GradientMode::InterpolatedAdjoint] {
        let solver = solver.clone().gradient(mode);
        let error = solver.solve_samples_module(&wave, start(), [0.0, 1.0]).unwrap_err();
        assert_eq!(option(error), "gradient");
    }
}
