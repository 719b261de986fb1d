//! Making accepted steps again, such as on tracked tensors.

use crate::{
    Dynamics, SolveError, VectorSpace,
    solver::{
        Solver,
        dense::Curve,
        fixed,
        implicit::Newton,
        step::{self, Span},
    },
    tableau::Tableau,
};

/// Makes the steps of a solve again, exactly: same times, same operations, no choice of steps, no host reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replay {
    tableau: &'static Tableau,
    curve: Curve,
    resolution: f64,
    newton: Newton,
}

/// A step made again.
pub(crate) struct Replayed<S> {
    pub(crate) next: S,
    /// The states at the requested times in the step.
    pub(crate) states: Vec<S>,
    /// The slope at the end and the time of its evaluation, where it was needed: the next step can begin with it.
    pub(crate) end_slope: Option<(f64, S)>,
}

impl Replay {
    /// Of a solve with these times. `None` for Adams methods, whose steps need those before: solve again instead.
    pub(crate) fn new(solver: &Solver, times: &[f64]) -> Option<Self> {
        let tableau = solver.options.tableau(solver.method)?;
        Some(Self {
            tableau,
            newton: Newton::new(&solver.options),
            curve: solver.curve(),
            // Steps of adaptive methods end where they end.
            resolution: match tableau.embedded {
                Some(_) => 0.0,
                None => fixed::resolution(times),
            },
        })
    }

    /// Only the exact end of a step is its end: for times that were found, not asked for.
    pub(crate) fn exact(self) -> Self {
        Self {
            resolution: 0.0,
            ..self
        }
    }

    /// Makes the step from `before` again, with the states at the requested `times` in it. `slope` is the end slope of
    /// the step before.
    ///
    /// # Errors
    ///
    /// None as long as the dynamics are those of the solve.
    pub(crate) fn step<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        dynamics: &D,
        span: &Span,
        before: &S,
        slope: Option<(f64, S)>,
        times: &[f64],
    ) -> Result<Replayed<S>, SolveError> {
        let first = match slope {
            Some((time, slope)) if time == span.first => slope,
            _ => dynamics.evaluate(span.first, before.clone()),
        };
        let mut evaluate = |time, state| Ok(dynamics.evaluate(time, state));
        let mut step = if self.tableau.is_implicit() {
            S::implicit_step(self.tableau, span, before, first, &self.newton, &mut evaluate)?.step
        } else {
            step::take(self.tableau, span, before, first, evaluate)?
        };
        let is_end = |time: f64| (time - span.end).abs() <= self.resolution;
        let is_between = times.iter().any(|time| !is_end(*time));
        let needs_end_slope = !self.tableau.is_fsal && is_between && self.curve != Curve::Linear;
        if needs_end_slope {
            step.stages.push(dynamics.evaluate(span.last, step.next.clone()));
        }
        let state_at = |time: f64| match is_end(time) {
            true => step.next.clone(),
            false => self.curve.interpolate(span, before, &step.next, &step.stages, time),
        };
        let states = times.iter().map(|time| state_at(*time)).collect();
        let has_end_slope = self.tableau.is_fsal || needs_end_slope;
        let end_slope = step.stages.pop().filter(|_| has_end_slope);
        Ok(Replayed {
            states,
            end_slope: end_slope.map(|slope| (span.last, slope)),
            next: step.next,
        })
    }
}
