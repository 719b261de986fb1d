//! The paper's figure 3 on a trained network: error control, time, backward evaluations, and growth over training.
//!
//! Everything is measured on one small batch of test pictures, so that it takes seconds.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, number},
        images::ImageSet,
        plot::{self, Chart, Scale, Series, Style},
    },
    data::pixels,
};
use serde::{Deserialize, Serialize};

use super::{
    evaluate::{EvaluateError, classify},
    model::{Classifier, OdeFunction, TIMES},
    solves::{adams_evaluations, backward_evaluations, reference, solve},
};
use crate::{Method, Solver};

/// Relative and absolute tolerances of the study.
const TOLERANCES: [f64; 5] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
/// Pictures of the batch whose ODE is solved.
const BATCH: usize = 32;
/// Pictures whose classes are predicted at each tolerance.
const CLASSIFIED: usize = 512;
/// Relative and absolute tolerance of figure 3d.
const GROWTH_TOLERANCE: f64 = 1e-3;
/// Attempts at steps after which a point of figure 3d is given up.
const GROWTH_STEPS: usize = 1000;

/// Measurements at one tolerance.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Relative and absolute tolerance.
    pub tolerance: f64,
    /// Evaluations of the dynamics in the forward solve.
    pub forward: usize,
    /// Relative distance of the final states from the reference, as a root mean square.
    pub error: f64,
    /// Seconds of the forward solve.
    pub seconds: f64,
    /// Share of misclassified pictures when the network is used at this tolerance.
    pub error_rate: f64,
    /// Evaluations of the backward solve of the adjoint with the norm over everything, and without the gradients of the
    /// weights.
    pub backward: [usize; 2],
    /// Evaluations of a variable-order Adams method, the kind of solver that the paper used: forward, backward with the
    /// norm over everything, backward without the gradients of the weights.
    pub adams: [usize; 3],
}

/// Solves of one network's ODE at several tolerances.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// From loose to tight.
    pub points: Vec<Point>,
    /// Pictures behind `error_rate`.
    pub classified: usize,
}

impl Study {
    /// Measures on the first pictures of `set`. `dynamics` are those of `model`, which is on a plain device.
    ///
    /// # Errors
    ///
    /// What the solver or the device reports.
    pub fn new(model: &Classifier, dynamics: &OdeFunction, set: &ImageSet) -> Result<Self, EvaluateError> {
        let device = model.stem.first.weight.device();
        let first = |count: usize| (0..count.min(set.len())).collect::<Vec<_>>();
        let state = model.stem.forward(pixels(set, &first(BATCH), &device));
        let reference = reference(dynamics, &state)?;
        let scale: f64 = reference
            .clone()
            .square()
            .mean()
            .try_into_scalar()
            .map_err(EvaluateError::device)?;
        let classified = set.subset(set.name.as_str(), &first(CLASSIFIED));
        let point = |&tolerance: &f64| {
            let solver = Solver::new(Method::Dopri5).tolerances(tolerance, tolerance);
            let (seconds, forward, end) = solve(&solver, dynamics, &state)?;
            let difference = end.cast(reference.dtype()) - reference.clone();
            let square: f64 = difference
                .square()
                .mean()
                .try_into_scalar()
                .map_err(EvaluateError::device)?;
            Ok(Point {
                tolerance,
                forward,
                error: (square / scale).sqrt(),
                seconds,
                error_rate: classify(model, &classified, &solver)?
                    .classification
                    .error_rate(&classified),
                backward: backward_evaluations(dynamics, &state, &solver)?,
                adams: adams_evaluations(dynamics, &state, tolerance)?,
            })
        };
        Ok(Self {
            points: TOLERANCES.iter().map(point).collect::<Result<_, EvaluateError>>()?,
            classified: classified.len(),
        })
    }

    /// Figures 3a to 3c and the numbers behind them.
    ///
    /// # Errors
    ///
    /// What the plotting library reports.
    pub fn figures(&self) -> Result<Vec<Figure>> {
        let charts = [
            self.error_by_tolerance(),
            self.error_by_evaluations(),
            self.time(),
            self.backward(),
            self.backward_of_adams(),
        ];
        let drawing = Figure {
            name: "figure-3".to_owned(),
            title: "Figure 3: accuracy and cost of the ODE".to_owned(),
            caption: format!(
                "dopri5 on {BATCH} test pictures. Error: distance of the states at t = 1 from a tight solve in double \
                 precision, relative to their size. The paper's backward solves took about half the forward \
                 evaluations, with a variable-order Adams method: the last chart has one, too."
            ),
            body: Body::Svg(plot::grid(&charts, 2)?),
        };
        Ok(vec![drawing, self.table()])
    }

    fn series(&self, name: &str, x: impl Fn(&Point) -> f64, y: impl Fn(&Point) -> f64) -> Series {
        let points = self.points.iter().map(|point| (x(point), y(point)));
        Series::new(name, points, Style::LinePoints)
    }

    fn error_by_tolerance(&self) -> Chart {
        Chart {
            title: "a: error and tolerance".to_owned(),
            x_label: "tolerance".to_owned(),
            y_label: "relative error".to_owned(),
            x_scale: Scale::Log,
            y_scale: Scale::Log,
            series: vec![self.series("", |point| point.tolerance, |point| point.error)],
            ..Chart::default()
        }
    }

    fn error_by_evaluations(&self) -> Chart {
        Chart {
            title: "a: error and evaluations".to_owned(),
            x_label: "evaluations forward".to_owned(),
            y_label: "relative error".to_owned(),
            y_scale: Scale::Log,
            series: vec![self.series("", |point| point.forward as f64, |point| point.error)],
            ..Chart::default()
        }
    }

    fn time(&self) -> Chart {
        Chart {
            title: "b: time and evaluations".to_owned(),
            x_label: "evaluations forward".to_owned(),
            y_label: "milliseconds forward".to_owned(),
            series: vec![self.series("", |point| point.forward as f64, |point| 1e3 * point.seconds)],
            ..Chart::default()
        }
    }

    fn backward(&self) -> Chart {
        let forward = |point: &Point| point.forward as f64;
        Chart {
            title: "c: backward and forward evaluations".to_owned(),
            x_label: "evaluations forward".to_owned(),
            y_label: "evaluations backward".to_owned(),
            series: vec![
                self.series("full norm", forward, |point| point.backward[0] as f64),
                self.series("seminorm", forward, |point| point.backward[1] as f64),
                Series::new(
                    "half of forward",
                    self.points.iter().map(|point| (forward(point), forward(point) / 2.0)),
                    Style::Dashed,
                ),
            ],
            ..Chart::default()
        }
    }

    /// Figure 3c with the kind of solver that the paper had.
    fn backward_of_adams(&self) -> Chart {
        let forward = |point: &Point| point.adams[0] as f64;
        Chart {
            title: "c: the same, Adams of variable order".to_owned(),
            x_label: "evaluations forward".to_owned(),
            y_label: "evaluations backward".to_owned(),
            series: vec![
                self.series("full norm", forward, |point| point.adams[1] as f64),
                self.series("seminorm", forward, |point| point.adams[2] as f64),
                Series::new(
                    "half of forward",
                    self.points.iter().map(|point| (forward(point), forward(point) / 2.0)),
                    Style::Dashed,
                ),
            ],
            ..Chart::default()
        }
    }

    fn table(&self) -> Figure {
        let mut table = Table::new([
            "tolerance",
            "evaluations forward",
            "relative error",
            "milliseconds forward",
            "backward, full norm",
            "backward, seminorm",
            "Adams: forward",
            "Adams: backward, full norm",
            "Adams: backward, seminorm",
            "test error",
        ]);
        for point in &self.points {
            table.push([
                format!("{:e}", point.tolerance),
                point.forward.to_string(),
                number(point.error),
                number(1e3 * point.seconds),
                point.backward[0].to_string(),
                point.backward[1].to_string(),
                point.adams[0].to_string(),
                point.adams[1].to_string(),
                point.adams[2].to_string(),
                format!("{:.2} %", 100.0 * point.error_rate),
            ]);
        }
        Figure {
            name: "tolerances".to_owned(),
            title: "The trained network at several tolerances".to_owned(),
            caption: format!(
                "The same weights solved with dopri5 at each tolerance. Test error on {} pictures in batches of 128.",
                self.classified
            ),
            body: Body::Table(table),
        }
    }
}

/// Figure 3d: what the dynamics ask of an adaptive solver as training goes on.
///
/// Always dopri5 at the same tolerance on the same pictures, whatever solver trains: with a fixed step nothing would
/// grow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth {
    /// Updates applied and evaluations of the dynamics in one forward solve.
    points: Vec<(u64, usize)>,
}

impl Growth {
    /// Solves the ODE of the first pictures of `set`, and remembers the evaluations. `dynamics` are those of `model`,
    /// which is on a plain device.
    ///
    /// A solve that fails leaves a gap: whether the run goes on is up to its own solver.
    pub fn measure(&mut self, model: &Classifier, dynamics: &OdeFunction, set: &ImageSet, updates: u64) {
        let first: Vec<usize> = (0..BATCH.min(set.len())).collect();
        let state = model
            .stem
            .forward(pixels(set, &first, &model.stem.first.weight.device()));
        let solver = Solver::new(Method::Dopri5)
            .tolerances(GROWTH_TOLERANCE, GROWTH_TOLERANCE)
            .max_steps(GROWTH_STEPS);
        match solver.solve(dynamics, state, &TIMES) {
            Ok(solution) => self.points.push((updates, solution.statistics.evaluations)),
            Err(failure) => log::warn!("figure 3d has no point after {updates} updates: {failure}"),
        }
    }

    /// Updates applied and evaluations of the dynamics in one forward solve, in order.
    pub fn points(&self) -> &[(u64, usize)] {
        &self.points
    }

    /// Figure 3d and the numbers behind it.
    ///
    /// # Errors
    ///
    /// What the plotting library reports.
    pub fn figures(&self) -> Result<Vec<Figure>> {
        let points = self
            .points
            .iter()
            .map(|&(updates, count)| (updates as f64, count as f64));
        let chart = Chart {
            title: "d: evaluations over training".to_owned(),
            x_label: "updates".to_owned(),
            y_label: "evaluations forward".to_owned(),
            series: vec![Series::new("", points, Style::LinePoints)],
            ..Chart::default()
        };
        let mut table = Table::new(["updates", "evaluations forward"]);
        for (updates, count) in &self.points {
            table.push([updates.to_string(), count.to_string()]);
        }
        let figure = |name: &str, title: &str, body| Figure {
            name: name.to_owned(),
            title: title.to_owned(),
            caption: format!(
                "dopri5 at tolerances of {GROWTH_TOLERANCE:e} on the same {BATCH} validation pictures, when an epoch \
                 begins and at the end, whatever solver trains."
            ),
            body,
        };
        Ok(vec![
            figure(
                "figure-3d",
                "Figure 3d: evaluations over training",
                Body::Svg(chart.to_svg()?),
            ),
            figure("growth", "Evaluations over training", Body::Table(table)),
        ])
    }
}
