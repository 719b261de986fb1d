//! Halving the steps divides the error by two to the order.

use neural_ode::{Method, solver::dense::DenseSolution};
use papers_core::testing::values;

use crate::{tensor, wave, wave_solution, with_steps_of};

const END: f64 = 3.0;
/// Orders measured between finite steps are not whole.
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

/// Steps at which the error is neither dominated by higher orders nor by rounding.
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
fn every_method_converges_with_its_order() {
    for method in with_an_order() {
        let error = |size: f64| {
            let solver = with_steps_of(method, size);
            let solver = match method {
                Method::ImplicitAdams => solver.corrector_tolerances(1e-12, 1e-12).max_iterations(50),
                _ => solver,
            };
            let solution = solver.solve(&wave, tensor(&[1.0]), &[0.0, END]).unwrap();
            (values(solution.into_last())[0] - wave_solution(END)).abs()
        };
        let measured = measured_order(error, steps(method));
        assert!(measured > order(method) - MARGIN, "{method}: {measured}");
    }
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
