//! The solution between the ends of steps.

use crate::{
    SolveError, Statistics, VectorSpace,
    solver::{
        Interpolation,
        step::{AcceptedStep, Span, scaled},
    },
    tableau::{Interpolant, Tableau, history},
};

/// How values inside a step are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    /// The method's own polynomial of its stages.
    Own(&'static Tableau),
    /// The cubic through states and slopes at both ends.
    Cubic,
    /// The straight line between the states at both ends.
    Linear,
}

impl Curve {
    /// Of a method with adaptive steps.
    pub fn of(tableau: &'static Tableau) -> Self {
        match tableau.interpolant() {
            Interpolant::Hermite => Self::Cubic,
            _ => Self::Own(tableau),
        }
    }

    /// Of a method with a fixed step.
    pub fn fixed(interpolation: Interpolation) -> Self {
        match interpolation {
            Interpolation::Cubic => Self::Cubic,
            Interpolation::Linear => Self::Linear,
        }
    }

    /// The state at a time of the step. `slopes` are its stages; the last of them is the slope at its end (except for
    /// the straight line, which needs none).
    ///
    /// All operations are tensor operations: with tracked tensors the result has gradients.
    pub fn interpolate<S: VectorSpace>(self, span: &Span, before: &S, next: &S, slopes: &[S], time: f64) -> S {
        if time == span.end {
            return next.clone();
        }
        let theta = span.position(time);
        match self {
            Self::Own(tableau) => before.add_scaled(&scaled(span.size, &tableau.dense_weights(theta), slopes)),
            Self::Linear => S::weighted_sum(&[(1.0 - theta, before), (theta, next)]),
            Self::Cubic => {
                let rest = 1.0 - theta;
                let share = theta * theta * (3.0 - 2.0 * theta);
                S::weighted_sum(&[
                    (1.0 - share, before),
                    (share, next),
                    (span.size * theta * rest * rest, &slopes[0]),
                    (-span.size * theta * theta * rest, &slopes[slopes.len() - 1]),
                ])
            }
        }
    }
}

/// One step of a dense solution.
#[derive(Debug, Clone)]
pub(crate) struct Segment<S> {
    pub(crate) span: Span,
    pub(crate) before: S,
    pub(crate) next: S,
    pub(crate) slopes: Vec<S>,
    /// The times of the slopes, if they are of several steps.
    pub(crate) nodes: Vec<f64>,
}

impl<S: VectorSpace> Segment<S> {
    pub(crate) fn of(step: &AcceptedStep<'_, S>) -> Self {
        Self {
            span: step.span,
            before: step.before.clone(),
            next: step.next.clone(),
            slopes: step.stages.to_vec(),
            nodes: step.nodes.to_vec(),
        }
    }

    /// The same values without autodiff.
    pub(crate) fn plain(self) -> Self {
        Self {
            before: self.before.plain(),
            next: self.next.plain(),
            slopes: self.slopes.iter().map(VectorSpace::plain).collect(),
            ..self
        }
    }

    /// Leaves the slopes at both ends, as the cubic of a method with a fixed step needs them.
    pub(crate) fn set_end_slope(&mut self, slope: S) {
        self.slopes.truncate(1);
        self.slopes.push(slope);
    }

    /// The state at a time of the step.
    pub(crate) fn at(&self, curve: Curve, time: f64) -> S {
        let Self {
            span,
            before,
            next,
            slopes,
            nodes,
        } = self;
        match nodes.is_empty() {
            true => curve.interpolate(span, before, next, slopes, time),
            false => along_history(nodes, span, before, next, slopes, time),
        }
    }
}

/// The state at a time of a step of a multistep method: the integral of the polynomial through slopes at these times,
/// which end with that of the step, plus the straight line to what it misses of the state there.
pub(crate) fn along_history<S: VectorSpace>(
    nodes: &[f64],
    span: &Span,
    before: &S,
    next: &S,
    slopes: &[S],
    time: f64,
) -> S {
    if time == span.end {
        return next.clone();
    }
    let theta = span.position(time);
    let part = history::weights(nodes, span.start, time);
    let whole = history::weights(nodes, span.start, span.end);
    let weights = part.into_iter().zip(whole).map(|(part, whole)| part - theta * whole);
    let mut terms = vec![(1.0 - theta, before), (theta, next)];
    terms.extend(weights.zip(slopes));
    S::weighted_sum(&terms)
}

/// A solution that can be evaluated anywhere between its first and last time.
///
/// It holds the stages of every step.
#[derive(Debug, Clone)]
pub struct DenseSolution<S> {
    pub(crate) curve: Curve,
    /// In the order in which they were made; each begins where the one before it ends.
    pub(crate) segments: Vec<Segment<S>>,
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// What the solve took.
    pub statistics: Statistics,
}

impl<S: VectorSpace> DenseSolution<S> {
    /// The state at a time, in a number of comparisons logarithmic in the number of steps.
    ///
    /// # Errors
    ///
    /// [`SolveError::InvalidTimes`] outside the solved interval.
    pub fn at(&self, time: f64) -> Result<S, SolveError> {
        let (low, high) = (self.start.min(self.end), self.start.max(self.end));
        let outside = || SolveError::InvalidTimes {
            problem: format!("{time} is not in the solved interval [{low}, {high}]"),
        };
        if !(low <= time && time <= high) {
            return Err(outside());
        }
        let is_before = |segment: &Segment<S>| {
            if self.start < self.end {
                segment.span.end < time
            } else {
                segment.span.end > time
            }
        };
        let index = self.segments.partition_point(is_before);
        let segment = self.segments.get(index).ok_or_else(outside)?;
        if time == segment.span.start {
            return Ok(segment.before.clone());
        }
        Ok(segment.at(self.curve, time))
    }

    /// The first and last time.
    pub fn interval(&self) -> (f64, f64) {
        (self.start, self.end)
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.segments.len()
    }
}
