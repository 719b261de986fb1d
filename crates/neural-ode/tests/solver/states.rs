//! States of any rank, precision and structure.

use burn::{prelude::*, tensor::DType};
use neural_ode::{Method, SolveError, Solver, State, Tolerance};
use papers_core::testing::{assert_close, device, tensor_f64, values};

use crate::{tensor, wave};

const SAME: f64 = 1e-13;

fn harmonic(_time: f64, (position, velocity): (Tensor<1>, Tensor<1>)) -> (Tensor<1>, Tensor<1>) {
    (velocity, position * -4.0)
}

fn harmonic_flat(_time: f64, state: Tensor<1>) -> Tensor<1> {
    let (position, velocity) = (state.clone().slice(0..2), state.slice(2..4));
    Tensor::cat(vec![velocity, position * -4.0], 0)
}

fn solver(method: Method) -> Solver {
    match method.is_adaptive() {
        true => Solver::new(method).tolerances(1e-5, 1e-7),
        false => Solver::new(method).step_size(0.1),
    }
}

#[test]
fn a_tuple_is_solved_as_its_concatenation() {
    for method in Method::ALL {
        // Equal steps: the norm of several tensors is the largest of theirs, not that of the whole.
        let solver = match method.is_adaptive() {
            true => solver(method).tolerances(1e3, 1e3).first_step(0.1).max_step(0.1),
            false => solver(method),
        };
        let times = [0.0, 0.35, 1.0];
        let tuple = (tensor(&[1.0, 0.5]), tensor(&[0.0, 2.0]));
        let tuple = solver.solve(&harmonic, tuple, &times).unwrap();
        let flat = solver
            .solve(&harmonic_flat, tensor(&[1.0, 0.5, 0.0, 2.0]), &times)
            .unwrap();
        assert_eq!(tuple.statistics, flat.statistics, "{method}");
        for ((position, velocity), flat) in tuple.states.into_iter().zip(flat.states) {
            assert_close(&values(Tensor::cat(vec![position, velocity], 0)), &values(flat), SAME);
        }
    }
}

#[test]
fn vectors_and_triples_are_states() {
    let solver = solver(Method::Dopri5);
    let decay = |_time: f64, state: Vec<Tensor<1>>| state.into_iter().map(Tensor::neg).collect();
    let solution = solver
        .solve(&decay, vec![tensor(&[1.0]), tensor(&[2.0, 3.0])], &[0.0, 1.0])
        .unwrap();
    let last = solution.into_last();
    let expected = (-1.0f64).exp();
    assert_close(&values(last[0].clone()), &[expected], 1e-5);
    assert_close(&values(last[1].clone()), &[2.0 * expected, 3.0 * expected], 1e-5);

    type Triple = (Tensor<1>, Tensor<2>, Tensor<1>);
    let decay = |_time: f64, (a, b, c): Triple| (-a, -b, -c);
    let matrix = tensor_f64(vec![1.0, 2.0, 3.0, 4.0], [2, 2], &device());
    let solution = solver
        .solve(&decay, (tensor(&[1.0]), matrix, tensor(&[5.0])), &[0.0, 1.0])
        .unwrap();
    let (_, matrix, last) = solution.into_last();
    assert_close(
        &values(matrix),
        &[1.0, 2.0, 3.0, 4.0].map(|value| value * expected),
        1e-5,
    );
    assert_close(&values(last), &[5.0 * expected], 1e-5);
}

#[test]
fn components_rebuild_the_state() {
    let state = (
        tensor(&[1.0]),
        vec![tensor_f64(vec![1.0, 2.0, 3.0, 4.0], [1, 2, 2], &device())],
    );
    let rebuilt = state.rebuild(&mut state.components().into_iter());
    assert_eq!(rebuilt.shapes(), [vec![1], vec![1, 2, 2]]);
    assert!(rebuilt.same_shapes(&state));
    assert_eq!(values(rebuilt.1[0].clone()), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn sums_skip_terms_without_weight() {
    let (one, not_finite) = (tensor(&[1.0]), tensor(&[f64::NAN]));
    assert_eq!(values(one.add_scaled(&[(0.0, &not_finite), (2.0, &one)])), [3.0]);
    assert_eq!(values(Tensor::weighted_sum(&[(0.0, &not_finite), (2.0, &one)])), [2.0]);
    assert_eq!(values(Tensor::weighted_sum(&[(0.0, &one)])), [0.0]);
}

#[test]
fn single_precision_is_solved_at_any_time() {
    // Steps here are smaller than what f32 can tell apart at this time.
    let start = 1e9;
    for method in Method::ALL {
        let initial = Tensor::<2>::from_data([[1.0f32, 2.0]], (&device(), DType::F32));
        let dynamics = |time: f64, state: Tensor<2>| state * (time - start).cos();
        let solver = match method.is_adaptive() {
            true => Solver::new(method).tolerances(1e-4, 1e-6),
            false => Solver::new(method).step_size(0.01),
        };
        let solution = solver.solve(&dynamics, initial, &[start, start + 1.0]).unwrap();
        let last = solution.into_last();
        assert_eq!(last.dtype(), DType::F32);
        let expected = 1.0f64.sin().exp();
        let is_first_order = matches!(method, Method::Euler | Method::ImplicitEuler);
        let tolerance = if is_first_order { 1e-2 } else { 4e-3 };
        assert_close(&values(last), &[expected, 2.0 * expected], tolerance);
    }
}

#[test]
fn tolerances_may_differ_between_tensors_and_elements() {
    let initial = || (tensor(&[1.0, 0.5]), tensor(&[0.0, 2.0]));
    let attempts = |relative: Tolerance, absolute: Tolerance| {
        let solver = Solver::new(Method::Dopri5).tolerances(relative, absolute);
        solver
            .solve(&harmonic, initial(), &[0.0, 3.0])
            .unwrap()
            .statistics
            .attempts
    };
    let elements = |value: f64| Tolerance::PerElement(vec![tensor(&[value, value]), tensor(&[value, value])]);
    let same = attempts(1e-6.into(), 1e-6.into());
    assert_eq!(attempts(vec![1e-6, 1e-6].into(), 1e-6.into()), same);
    assert_eq!(attempts(1e-6.into(), elements(1e-6)), same);
    assert_eq!(attempts(elements(1e-6), vec![1e-6, 1e-6].into()), same);
    assert!(attempts(vec![1e-6, 1e-9].into(), vec![1e-6, 1e-9].into()) > same);
}

#[test]
fn tolerances_that_do_not_fit_the_state_are_refused() {
    let refused = [
        Tolerance::PerTensor(vec![1e-6, 1e-6]),
        Tolerance::PerTensor(vec![f64::NAN]),
        Tolerance::PerElement(vec![tensor(&[1e-6, 1e-6])]),
        Tolerance::PerElement(vec![tensor(&[-1e-6])]),
        Tolerance::PerElement(vec![tensor(&[f64::NAN])]),
        Tolerance::PerElement(vec![tensor(&[f64::INFINITY])]),
        Tolerance::Same(f64::INFINITY),
    ];
    for tolerance in refused {
        let solver = Solver::new(Method::Dopri5).tolerances(1e-6, tolerance.clone());
        let failure = solver.solve(&wave, tensor(&[1.0]), &[0.0, 1.0]).unwrap_err();
        let is_named = matches!(failure.error, SolveError::InvalidTolerance { .. });
        assert!(is_named && failure.partial.is_none(), "{tolerance:?}: {failure}");
    }
}

#[test]
fn a_relative_tolerance_below_rounding_is_raised() {
    let solve = |relative: f64, dtype: DType| {
        let initial = Tensor::<1>::from_data([1.0], (&device(), dtype));
        let solver = Solver::new(Method::Bosh3).tolerances(relative, 1e-3);
        solver
            .solve(&wave, initial, &[0.0, 0.1])
            .unwrap()
            .statistics
            .is_tolerance_raised
    };
    assert!(solve(1e-7, DType::F32) && !solve(1e-7, DType::F64));
    assert!(solve(1e-16, DType::F64) && !solve(1e-5, DType::F32));
}
