//! One step of an explicit Runge-Kutta method: what the loops are made of, for those who step by hand.

use std::ops::Range;

use crate::{SolveError, VectorSpace, tableau::Tableau};

/// Where a step lies in time. Backwards steps have a negative size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// `t`.
    pub start: f64,
    /// `h`.
    pub size: f64,
    /// `t + h`, exactly the time at which the next step begins.
    pub end: f64,
    /// Where the first stage is evaluated: `start`, just after it when the dynamics jump there.
    pub first: f64,
    /// Where stages at the end are evaluated: `end`, just before it when the dynamics jump there.
    pub last: f64,
}

impl Span {
    /// A step between times at which the dynamics do not jump.
    pub fn new(start: f64, size: f64, end: f64) -> Self {
        Self {
            start,
            size,
            end,
            first: start,
            last: end,
        }
    }

    /// Position of a time in the step, in `[0, 1]`.
    pub fn position(&self, time: f64) -> f64 {
        ((time - self.start) / self.size).clamp(0.0, 1.0)
    }
}

/// The slopes at the stages of a step, and the state at its end.
#[derive(Debug, Clone)]
pub struct Step<S> {
    /// The slopes `k_i`. For interpolation the slope at the end must be the last of them: append it unless the method
    /// is FSAL.
    pub stages: Vec<S>,
    /// `y1`.
    pub next: S,
}

impl<S: VectorSpace> Step<S> {
    /// The error estimate `h Σ e_i k_i` as plain values, if the method has one.
    pub fn error(&self, tableau: &Tableau, span: &Span) -> Option<S> {
        let weights = tableau.embedded?.error_weights;
        Some(self.weighted_stages(weights, span))
    }

    /// `h Σ w_i k_i` as plain values.
    pub(crate) fn weighted_stages(&self, weights: &[f64], span: &Span) -> S {
        let stages: Vec<S> = self.stages.iter().map(VectorSpace::plain).collect();
        S::weighted_sum(&scaled(span.size, weights, &stages))
    }
}

/// A step as the loops report it.
#[derive(Debug)]
pub(crate) struct AcceptedStep<'a, S> {
    pub(crate) span: Span,
    pub(crate) before: &'a S,
    /// The slopes at the stages. With adaptive steps the last of them is the slope at the end.
    pub(crate) stages: &'a [S],
    /// The times of these slopes, if they are of several steps.
    pub(crate) nodes: &'a [f64],
    pub(crate) next: &'a S,
    /// Which of the requested times lie in the step, its start excluded and its end included.
    pub(crate) outputs: Range<usize>,
}

/// Makes a step of an explicit method from `before`, with `first` the slope there.
///
/// All operations are tensor operations: with tracked tensors the same call is a step that has gradients.
///
/// # Errors
///
/// Those of `evaluate`.
pub fn take<S: VectorSpace>(
    tableau: &Tableau,
    span: &Span,
    before: &S,
    first: S,
    mut evaluate: impl FnMut(f64, S) -> Result<S, SolveError>,
) -> Result<Step<S>, SolveError> {
    let last_stage = tableau.stages() - 1;
    let mut stages = Vec::with_capacity(tableau.stages() + 1);
    stages.push(first);
    let mut end = None;
    for (stage, (&node, row)) in tableau.nodes.iter().zip(tableau.matrix).enumerate().skip(1) {
        let point = before.add_scaled(&scaled(span.size, row, &stages));
        if tableau.is_fsal && stage == last_stage {
            end = Some(point.clone());
        }
        let time = if node == 1.0 {
            span.last
        } else {
            span.start + node * span.size
        };
        stages.push(evaluate(time, point)?);
    }
    let next = end.unwrap_or_else(|| before.add_scaled(&scaled(span.size, tableau.weights, &stages)));
    Ok(Step { stages, next })
}

/// The terms `size · weight_i · stage_i`.
pub(crate) fn scaled<'a, S>(size: f64, weights: &[f64], stages: &'a [S]) -> Vec<(f64, &'a S)> {
    let weights = weights.iter().map(|weight| size * weight);
    weights.zip(stages).filter(|(weight, _)| *weight != 0.0).collect()
}
