//! Work-precision diagrams: what accuracy costs, over all methods.
//!
//! Five equations in double precision, seven tolerances or numbers of steps for each method, against a solution to twelve digits;
//! beside them what an independent solver took for the same.

mod figures;

use std::collections::BTreeMap;

use burn::{prelude::*, tensor::DType};
use papers_core::Result;
use serde::Deserialize;

pub use self::figures::figures;

use crate::{Method, SolveError, Solver};

/// The solutions of the equations of [`slope_of`], and solves by the independent solver, whose last step is cut and whose control
/// is integral, as ours are.
const REFERENCE: &str = include_str!("reference.json");

/// The equations by their name there, and their title.
const PROBLEMS: [(&str, &str); 5] = [
    ("harmonic", "harmonic oscillator"),
    ("van_der_pol", "Van der Pol, mu = 5"),
    ("lorenz", "Lorenz"),
    ("cubic_spiral", "cubic spiral"),
    ("forced_scalar", "forced decay"),
];

/// The file.
#[derive(Deserialize)]
struct Reference {
    reference: BTreeMap<String, Trajectory>,
    cases: Vec<Case>,
}

/// A solution to twelve digits.
#[derive(Deserialize)]
struct Trajectory {
    t: Vec<f64>,
    y: Vec<Vec<f64>>,
}

/// A solve by the independent solver.
#[derive(Deserialize)]
struct Case {
    problem: String,
    method: String,
    #[cfg(test)]
    rtol: f64,
    #[cfg(test)]
    atol: f64,
    nfe: usize,
    max_abs_error_vs_reference: f64,
}

impl Reference {
    fn read() -> Result<Self> {
        let read = serde_json::from_str(REFERENCE);
        read.map_err(|error| papers_core::Error::Usage(format!("the reference of solvers: {error}")))
    }

    /// The solves of a problem by a method.
    fn cases<'a>(&'a self, problem: &'a str, method: Method) -> impl Iterator<Item = &'a Case> {
        let cases = self.cases.iter();
        cases.filter(move |case| case.problem == problem && case.method == method.name())
    }
}

/// All methods, their orders, and two exponents of ten: of the loosest and the tightest of their tolerances, or of the smallest
/// and the largest number of their steps. Between them, neither are steps too large for the order to show, nor errors down to
/// rounding.
pub const METHODS: [(Method, f64, [f64; 2]); 20] = [
    (Method::Euler, 1.0, [3.0, 4.0]),
    (Method::Midpoint, 2.0, [2.5, 3.5]),
    (Method::Heun2, 2.0, [2.5, 3.5]),
    (Method::Ralston2, 2.0, [2.5, 3.5]),
    (Method::Heun3, 3.0, [2.5, 3.5]),
    (Method::Rk4, 4.0, [2.25, 3.25]),
    (Method::Rk4Classic, 4.0, [2.25, 3.25]),
    // With three slopes by default, and four with that at the end.
    (Method::ExplicitAdams, 3.0, [2.5, 3.5]),
    (Method::ImplicitAdams, 4.0, [2.5, 3.5]),
    (Method::ImplicitEuler, 1.0, [2.75, 3.75]),
    (Method::ImplicitMidpoint, 2.0, [2.25, 3.25]),
    (Method::Trapezoid, 2.0, [2.25, 3.25]),
    (Method::AdaptiveHeun, 2.0, [3.0, 6.0]),
    (Method::Fehlberg2, 2.0, [3.0, 6.0]),
    (Method::Bosh3, 3.0, [4.0, 7.0]),
    (Method::Dopri5, 5.0, [5.0, 10.0]),
    (Method::Tsit5, 5.0, [5.0, 10.0]),
    (Method::Dopri8, 8.0, [4.0, 9.0]),
    (Method::Kvaerno3, 3.0, [4.0, 7.0]),
    (Method::VariableAdams, f64::NAN, [4.0, 10.0]),
];
/// Measurements of a method on an equation.
const POINTS: usize = 7;

/// The solver of a measurement between the two exponents of its method.
fn solver(method: Method, [coarse, fine]: [f64; 2], index: usize, times: &[f64]) -> Solver {
    let exponent = coarse + (fine - coarse) * index as f64 / (POINTS - 1) as f64;
    let solver = Solver::new(method).max_steps(1_000_000);
    if method.is_adaptive() {
        let tolerance = 10f64.powf(-exponent);
        solver.tolerances(tolerance, 0.01 * tolerance)
    } else {
        let span = times[times.len() - 1] - times[0];
        solver.step_size(span / 10f64.powf(exponent).round())
    }
}

/// One method on one equation.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The equation.
    pub problem: &'static str,
    /// The method.
    pub method: Method,
    /// Evaluations and largest error, from loose to tight.
    pub points: Vec<(f64, f64)>,
    /// What an independent solver took and missed by the same method.
    pub peer: Vec<(f64, f64)>,
}

impl Curve {
    /// By how many orders of magnitude the error falls when evaluations grow by one: the order, if all is well.
    pub fn slope(&self) -> f64 {
        let logs: Vec<(f64, f64)> = self
            .points
            .iter()
            .map(|(work, error)| (work.ln(), error.ln()))
            .collect();
        let mean = |part: fn(&(f64, f64)) -> f64| logs.iter().map(part).sum::<f64>() / logs.len() as f64;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let products: f64 = logs.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let squares: f64 = logs.iter().map(|point| (point.0 - x).powi(2)).sum();
        -products / squares
    }

    /// Evaluations at an error, between those measured; `None` outside of them.
    pub fn work_at(&self, error: f64) -> Option<f64> {
        self.points.windows(2).find_map(|pair| {
            let [(low_work, high_error), (high_work, low_error)] = [pair[0], pair[1]];
            let is_inside = low_error <= error && error <= high_error;
            is_inside.then(|| {
                let share = (high_error / error).ln() / (high_error / low_error).ln().max(f64::MIN_POSITIVE);
                (low_work.ln() + share * (high_work / low_work).ln()).exp()
            })
        })
    }
}

/// Evaluations and the largest error at the times of the file.
fn work_and_error(
    solver: Solver,
    problem: &str,
    truth: &Trajectory,
    device: &Device,
) -> std::result::Result<(f64, f64), SolveError> {
    let slope = |time: f64, state: Tensor<1>| slope_of(problem, time, state);
    let start = Tensor::<1>::from_data(TensorData::from(truth.y[0].as_slice()), (device, DType::F64));
    let solution = solver.solve(&slope, start, &truth.t)?;
    let states = solution.states.into_iter().zip(&truth.y);
    let errors = states.map(|(state, truth)| {
        let state: Vec<f64> = state.into_data().iter().collect();
        let errors = state.iter().zip(truth).map(|(state, truth)| (state - truth).abs());
        errors.fold(f64::MIN_POSITIVE, f64::max)
    });
    let error = errors.fold(f64::MIN_POSITIVE, f64::max);
    Ok((solution.statistics.evaluations as f64, error))
}

/// Measures all methods on all equations.
///
/// # Errors
///
/// What a solve reports.
pub fn measure(device: &Device) -> Result<Vec<Curve>> {
    let reference = Reference::read()?;
    let mut curves = Vec::new();
    for (problem, title) in PROBLEMS {
        let truth = &reference.reference[problem];
        for (method, _, exponents) in METHODS {
            let points = (0..POINTS).map(|index| {
                let measured = work_and_error(solver(method, exponents, index, &truth.t), problem, truth, device);
                measured.map_err(|error| papers_core::Error::Usage(format!("{title}, {method}: {error}")))
            });
            let points = points.collect::<Result<_>>()?;
            let peers = reference.cases(problem, method);
            curves.push(Curve {
                problem: title,
                method,
                points,
                peer: peers
                    .map(|case| (case.nfe as f64, case.max_abs_error_vs_reference))
                    .collect(),
            });
        }
    }
    Ok(curves)
}

fn slope_of(problem: &str, time: f64, state: Tensor<1>) -> Tensor<1> {
    let y = state.split(1, 0);
    let y = |index: usize| y[index].clone();
    let slopes = match problem {
        "harmonic" => vec![y(1), y(0) * -4.0],
        "van_der_pol" => vec![y(1), (y(0).square().neg() + 1.0) * y(1) * 5.0 - y(0)],
        "lorenz" => vec![
            (y(1) - y(0)) * 10.0,
            y(0) * (y(2).neg() + 28.0) - y(1),
            y(0) * y(1) - y(2) * (8.0 / 3.0),
        ],
        "cubic_spiral" => {
            let cube = |index: usize| y(index).square() * y(index);
            vec![cube(0) * -0.1 - cube(1) * 2.0, cube(0) * 2.0 - cube(1) * 0.1]
        }
        _ => vec![y(0) * (-0.5 * time) + (3.0 * time).cos()],
    };
    Tensor::cat(slopes, 0)
}

#[cfg(test)]
mod tests {
    use papers_core::testing;

    use super::*;

    #[test]
    fn errors_fall_at_least_with_the_order_and_tsit5_is_as_good_as_dopri5() {
        let curves = measure(&testing::device()).expect("smooth equations");
        assert_eq!(METHODS.map(|(method, ..)| method), Method::ALL);
        assert_eq!(curves.len(), METHODS.len() * PROBLEMS.len());
        for (method, order, _) in METHODS.into_iter().filter(|(_, order, _)| !order.is_nan()) {
            let of_method: Vec<&Curve> = curves.iter().filter(|curve| curve.method == method).collect();
            let mean = of_method.iter().map(|curve| curve.slope()).sum::<f64>() / of_method.len() as f64;
            // Steps that are chosen by the error gain more than the order says, at these tolerances, and so do correctors that need
            // fewer iterations.
            assert!(
                mean > 0.9 * order && mean < 1.3 * order,
                "{method}: {mean:.2} of {order}"
            );
        }
        let better = PROBLEMS.iter().filter(|(_, title)| {
            let work = |method| {
                let curve = curves
                    .iter()
                    .find(|curve| curve.problem == *title && curve.method == method);
                curve
                    .and_then(|curve| curve.work_at(1e-7))
                    .expect("an error that was measured")
            };
            work(Method::Tsit5) <= work(Method::Dopri5)
        });
        assert!(better.count() >= 3);
    }

    #[test]
    fn the_independent_solver_solved_the_same_equations() {
        let reference = Reference::read().expect("the file");
        let device = testing::device();
        let mut compared = 0;
        for (problem, _) in PROBLEMS {
            for (method, ..) in METHODS {
                for case in reference.cases(problem, method) {
                    let solver = Solver::new(method).tolerances(case.rtol, case.atol);
                    let truth = &reference.reference[problem];
                    // The very numbers are compared in `tests/reference`; the equations are rounded otherwise here.
                    let (work, error) = work_and_error(solver, problem, truth, &device).expect("solved");
                    assert!(
                        (work / case.nfe as f64 - 1.0).abs() < 0.05,
                        "{problem}, {method}: {work}"
                    );
                    let expected = case.max_abs_error_vs_reference;
                    assert!(
                        (error - expected).abs() < 0.5 * expected + 1e-8,
                        "{problem}, {method}: {error}"
                    );
                    compared += 1;
                }
            }
        }
        assert!(compared > 50, "{compared}");
    }
}
