//! Making accepted steps again, such as on tracked tensors.

use crate::{
    Dynamics, SolveError, State,
    solver::{
        Solver,
        dense::Curve,
        fixed,
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
}

impl Replay {
    /// Of a solve with these times. `None` for Adams methods, whose steps need those before: solve again instead.
    pub(crate) fn new(solver: &Solver, times: &[f64]) -> Option<Self> {
        let tableau = solver.options.tableau(solver.method)?;
        Some(Self {
            tableau,
            curve: solver.curve(),
            // Steps of adaptive methods end where they end.
            resolution: match tableau.embedded {
                Some(_) => 0.0,
                None => fixed::resolution(times),
            },
        })
    }

    /// The state at the end of a step from `before`, and the states at the requested times in it.
    ///
    /// # Errors
    ///
    /// None as long as the dynamics are those of the solve.
    pub(crate) fn step<S: State, D: Dynamics<S> + ?Sized>(
        &self,
        dynamics: &D,
        span: &Span,
        before: &S,
        times: &[f64],
    ) -> Result<(S, Vec<S>), SolveError> {
        let first = dynamics.evaluate(span.first, before.clone());
        let mut step = step::take(self.tableau, span, before, first, |time, state| {
            Ok(dynamics.evaluate(time, state))
        })?;
        let is_end = |time: f64| (time - span.end).abs() <= self.resolution;
        let needs_end_slope = !self.tableau.is_fsal && !matches!(self.curve, Curve::Linear);
        if needs_end_slope && times.iter().any(|time| !is_end(*time)) {
            step.stages.push(dynamics.evaluate(span.last, step.next.clone()));
        }
        let state_at = |time: f64| match is_end(time) {
            true => step.next.clone(),
            false => self.curve.interpolate(span, before, &step.next, &step.stages, time),
        };
        let states = times.iter().map(|time| state_at(*time)).collect();
        Ok((step.next, states))
    }
}
