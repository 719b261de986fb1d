//! Errors fall with the order when steps of equal size become smaller.

use burn::prelude::*;
use neural_ode::{Method, Solver, solver::dense::DenseSolution};
use papers_core::testing::values;

use crate::{tensor, wave, wave_solution, with_steps_of};

const END: f64 = 3.0;
/// Orders of dense output, measured between two step sizes, are not whole.
const MARGIN: f64 = 0.3;

/// All but those whose order varies.
fn with_an_order() -> impl Iterator<Item = Method> {
    Method::ALL
        .into_iter()
        .filter(|method| *method != Method::VariableAdams)
}

fn order(method: Method) -> f64 {
    match method {
        // With the default `max_order` of 4: three slopes, and four with that at the end.
        Method::ExplicitAdams => 3.0,
        Method::ImplicitAdams => 4.0,
        _ => method.tableau().expect("a Runge-Kutta method").order as f64,
    }
}

/// `y' = y² cos t`, nonlinear and with the time in it, whose solution from 1/2 at 0 is `1 / (2 - sin t)`.
fn blink(time: f64, state: Tensor<1>) -> Tensor<1> {
    state.square() * time.cos()
}

/// By how much the logarithm of the error falls when that of the step does: a fitted line. The error is the largest at
/// eight times; at a single one it may pass through zero.
fn slope(counts: [u32; 3], solver: impl Fn(f64) -> Solver) -> f64 {
    let times: Vec<f64> = (0..=8).map(|index| END * f64::from(index) / 8.0).collect();
    let points = counts.map(|count| {
        let size = END / f64::from(count);
        let solution = solver(size).solve(&blink, tensor(&[0.5]), &times).expect("smooth");
        let errors = times.iter().zip(&solution.states);
        let errors = errors.map(|(time, state)| (values(state.clone())[0] - 1.0 / (2.0 - time.sin())).abs());
        (size.ln(), errors.fold(0.0, f64::max).ln())
    });
    let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / 3.0;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let products: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let squares: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    products / squares
}

/// Numbers of steps, multiples of eight, at which terms of higher order no longer count and rounding does not yet.
fn counts(order: f64) -> [u32; 3] {
    match order {
        8.0 => [16, 24, 32],
        5.0 => [80, 112, 160],
        _ => [200, 280, 400],
    }
}

#[test]
fn every_method_converges_with_its_order_within_ten_percent() {
    for method in with_an_order() {
        let order = order(method);
        // The first steps of Adams methods are of another method.
        let counts = if method.is_multistep() {
            [400, 560, 800]
        } else {
            counts(order)
        };
        let measured = slope(counts, |size| match method {
            Method::ImplicitAdams => with_steps_of(method, size)
                .corrector_tolerances(1e-13, 1e-13)
                .max_iterations(50),
            _ => with_steps_of(method, size),
        });
        assert!(
            (measured / order - 1.0).abs() < 0.1,
            "{method}: {measured} is not {order}"
        );
    }
}

#[test]
fn adams_methods_converge_with_the_order_that_is_asked_for() {
    // Up to the order of the 3/8 rule plus one, with which they begin.
    for (method, extra) in [(Method::ExplicitAdams, 0.0), (Method::ImplicitAdams, 1.0)] {
        for max_order in 2..=5u8 {
            let order = f64::from(max_order) - 1.0 + extra;
            let measured = slope([400, 560, 800], |size| {
                let solver = Solver::new(method).step_size(size).max_order(usize::from(max_order));
                solver.corrector_tolerances(1e-13, 1e-13).max_iterations(50)
            });
            assert!(
                (measured / order - 1.0).abs() < 0.1,
                "{method}, {max_order}: {measured} is not {order}"
            );
        }
    }
}

/// Numbers of steps for dense output.
fn steps(method: Method) -> f64 {
    match method {
        Method::Dopri8 => 6.0,
        Method::Dopri5 | Method::Tsit5 => 16.0,
        _ => 64.0,
    }
}

fn measured_order(error: impl Fn(f64) -> f64, steps: f64) -> f64 {
    (error(END / steps) / error(END / (2.0 * steps))).log2()
}

#[test]
fn dense_output_is_nearly_as_accurate_as_the_steps() {
    for method in with_an_order() {
        let error = |size: f64| {
            let solver = with_steps_of(method, size);
            largest_error(&solver.solve_dense(&wave, tensor(&[1.0]), 0.0, END).unwrap())
        };
        let expected = match method {
            Method::Dopri8 => 5.0,
            _ => order(method).min(4.0),
        };
        let measured = measured_order(error, steps(method));
        assert!(measured > expected - MARGIN, "{method}: {measured}");
    }
}

fn largest_error(solution: &DenseSolution<burn::prelude::Tensor<1>>) -> f64 {
    let times = (0..=400).map(|index| END * f64::from(index) / 400.0);
    let errors = times.map(|time| (values(solution.at(time).unwrap())[0] - wave_solution(time)).abs());
    errors.fold(0.0, f64::max)
}
