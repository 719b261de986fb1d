//! Work-precision diagrams: what accuracy costs, over all methods that choose their own steps.
//!
//! Five equations in double precision, seven tolerances for each method, against a solution to twelve digits.

use burn::{prelude::*, tensor::DType};
use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table},
        plot::{self, Chart, Scale, Series, Style},
    },
    device,
};

use crate::{Method, SolveError, Solver};

/// The equations: name, start, end.
const PROBLEMS: [(&str, &[f64], f64); 5] = [
    ("harmonic oscillator", &[1.0, 0.0], 10.0),
    ("Van der Pol, mu = 1", &[2.0, 0.0], 10.0),
    ("Lotka-Volterra", &[1.0, 1.0], 10.0),
    ("Lorenz", &[1.0, 1.0, 1.0], 2.0),
    ("forced Duffing", &[0.5, 0.0], 10.0),
];

/// Explicit methods, their orders, and the loosest and tightest exponent of ten of their tolerances: where neither steps
/// are too large for their order to show, nor errors down to rounding.
pub const METHODS: [(Method, f64, [f64; 2]); 7] = [
    (Method::AdaptiveHeun, 2.0, [3.0, 6.0]),
    (Method::Fehlberg2, 2.0, [3.0, 6.0]),
    (Method::Bosh3, 3.0, [4.0, 7.0]),
    (Method::Dopri5, 5.0, [5.0, 10.0]),
    (Method::Tsit5, 5.0, [5.0, 10.0]),
    (Method::Dopri8, 8.0, [6.0, 11.0]),
    (Method::VariableAdams, f64::NAN, [4.0, 10.0]),
];
const TOLERANCES: usize = 7;

/// One method on one equation.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The equation.
    pub problem: &'static str,
    /// The method.
    pub method: Method,
    /// Evaluations and largest error at the end, from loose to tight.
    pub points: Vec<(f64, f64)>,
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

/// Measures all methods on all equations.
///
/// # Errors
///
/// What a solve reports.
pub fn measure(device: &Device) -> Result<Vec<Curve>, SolveError> {
    let mut curves = Vec::new();
    for (problem, start, end) in PROBLEMS {
        let slope = |time: f64, state: Tensor<1>| slope_of(problem, time, &state);
        let start = Tensor::<1>::from_data(TensorData::from(start), (device, DType::F64));
        let run = |solver: Solver| -> Result<(f64, Vec<f64>), SolveError> {
            let solution = solver.max_steps(1_000_000).solve(&slope, start.clone(), &[0.0, end])?;
            let evaluations = solution.statistics.evaluations as f64;
            Ok((evaluations, solution.into_last().into_data().iter().collect()))
        };
        let (_, truth) = run(Solver::new(Method::Dopri8).tolerances(1e-13, 1e-13).max_step(0.02))?;
        for (method, _, [loose, tight]) in METHODS {
            let mut points = Vec::new();
            for index in 0..TOLERANCES {
                let exponent = loose + (tight - loose) * index as f64 / (TOLERANCES - 1) as f64;
                let tolerance = 10f64.powf(-exponent);
                let (work, state) = run(Solver::new(method).tolerances(tolerance, tolerance))?;
                let errors = state.iter().zip(&truth).map(|(state, truth)| (state - truth).abs());
                points.push((work, errors.fold(f64::MIN_POSITIVE, f64::max)));
            }
            curves.push(Curve {
                problem,
                method,
                points,
            });
        }
    }
    Ok(curves)
}

fn slope_of(problem: &str, time: f64, state: &Tensor<1>) -> Tensor<1> {
    // On the host: what is counted are evaluations.
    let y: Vec<f64> = state.clone().into_data().iter().collect();
    let slopes = match problem {
        "harmonic oscillator" => vec![y[1], -y[0]],
        "Van der Pol, mu = 1" => vec![y[1], (1.0 - y[0] * y[0]) * y[1] - y[0]],
        "Lotka-Volterra" => vec![1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3.0 * y[1]],
        "Lorenz" => vec![
            10.0 * (y[1] - y[0]),
            y[0] * (28.0 - y[2]) - y[1],
            y[0] * y[1] - 8.0 / 3.0 * y[2],
        ],
        _ => vec![y[1], -0.2 * y[1] + y[0] - y[0].powi(3) + 0.3 * (1.2 * time).cos()],
    };
    Tensor::from_data(TensorData::from(slopes.as_slice()), (&state.device(), state.dtype()))
}

/// The diagrams, and a table of slopes and of evaluations at equal errors.
///
/// # Errors
///
/// What a solve or the plotting library reports.
pub fn figures() -> Result<Vec<Figure>> {
    let device = device::resolve(device::default_backend()?)?;
    let curves = measure(&device).map_err(|error| papers_core::Error::Usage(format!("work and precision: {error}")))?;
    let charts: Vec<Chart> = PROBLEMS.iter().map(|(problem, ..)| chart(problem, &curves)).collect();
    Ok(vec![
        Figure {
            name: "work-precision".to_owned(),
            title: "Work and precision of the solvers".to_owned(),
            caption: "Seven tolerances for each method, double precision; largest error at the end.".to_owned(),
            body: Body::Svg(plot::grid(&charts, 2)?),
        },
        table(&curves),
    ])
}

fn chart(problem: &str, curves: &[Curve]) -> Chart {
    let of_problem = curves.iter().filter(|curve| curve.problem == problem);
    Chart {
        title: problem.to_owned(),
        x_label: "evaluations".to_owned(),
        y_label: "error".to_owned(),
        x_scale: Scale::Log,
        y_scale: Scale::Log,
        series: of_problem
            .map(|curve| Series::new(curve.method.name(), curve.points.clone(), Style::LinePoints))
            .collect(),
        ..Chart::default()
    }
}

/// The error at which evaluations are compared.
const COMPARED: f64 = 1e-6;

fn table(curves: &[Curve]) -> Figure {
    let mut names = vec!["method".to_owned(), "order".to_owned()];
    names.extend(PROBLEMS.iter().map(|(problem, ..)| (*problem).to_owned()));
    let mut table = Table::new(names);
    for (method, order, _) in METHODS {
        let mut row = vec![
            method.name().to_owned(),
            if order.is_nan() {
                "1 to 12".to_owned()
            } else {
                order.to_string()
            },
        ];
        for (problem, ..) in PROBLEMS {
            let curve = curves
                .iter()
                .find(|curve| curve.problem == problem && curve.method == method);
            row.push(curve.map_or(String::new(), |curve| {
                let work = curve
                    .work_at(COMPARED)
                    .map_or("–".to_owned(), |work| format!("{work:.0}"));
                format!("{:.2}; {work}", curve.slope())
            }));
        }
        table.push(row);
    }
    Figure {
        name: "slopes".to_owned(),
        title: "Slopes, and evaluations for six digits".to_owned(),
        caption: format!(
            "For each equation the slope of the logarithm of the error over that of the evaluations, and the evaluations at \
             an error of {COMPARED:e}."
        ),
        body: Body::Table(table),
    }
}

#[cfg(test)]
mod tests {
    use papers_core::testing;

    use super::*;

    #[test]
    fn errors_fall_at_least_with_the_order_and_tsit5_is_as_good_as_dopri5() {
        let curves = measure(&testing::device()).expect("smooth equations");
        assert_eq!(curves.len(), METHODS.len() * PROBLEMS.len());
        for (method, order, _) in METHODS.into_iter().filter(|(_, order, _)| !order.is_nan()) {
            let of_method: Vec<&Curve> = curves.iter().filter(|curve| curve.method == method).collect();
            let mean = of_method.iter().map(|curve| curve.slope()).sum::<f64>() / of_method.len() as f64;
            // Steps that are chosen by the error gain more than the order says, at these tolerances.
            assert!(mean > 0.9 * order, "{method}: {mean:.2} of {order}");
        }
        let better = PROBLEMS.iter().filter(|(problem, ..)| {
            let work = |method| {
                let curve = curves
                    .iter()
                    .find(|curve| curve.problem == *problem && curve.method == method);
                curve
                    .and_then(|curve| curve.work_at(1e-7))
                    .expect("an error that was measured")
            };
            work(Method::Tsit5) <= work(Method::Dopri5)
        });
        assert!(better.count() >= 3);
    }
}
