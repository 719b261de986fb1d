//! The loop of the methods that choose their own steps.

use std::ops::ControlFlow;

use crate::{
    Dynamics, SolveError, VectorSpace,
    solver::{
        controller::{StepControl, inverse_ratio},
        course::Course,
        dense::Curve,
        implicit::{Newton, Outcome},
        initial_step::Beginning,
        norm::{Norm, Tolerances},
        options::Options,
        run::{Observer, Progress},
        step::{self, AcceptedStep, Span, Step},
    },
    tableau::{Embedded, Tableau},
};

/// A method with its control. Times inside are multiplied by the direction, so that they always grow.
pub(crate) struct Adaptive {
    tableau: &'static Tableau,
    embedded: Embedded,
    control: StepControl,
    tolerances: Tolerances,
    norm: Norm,
    min_step: f64,
    max_step: f64,
    newton: Newton,
    course: Course,
}

impl Adaptive {
    pub(crate) fn new(
        tableau: &'static Tableau,
        embedded: Embedded,
        options: &Options,
        tolerances: Tolerances,
        times: &[f64],
    ) -> Self {
        Self {
            tableau,
            embedded,
            control: options.control(),
            tolerances,
            norm: options.norm.clone().unwrap_or_default(),
            min_step: options.min_step.unwrap_or(0.0),
            max_step: options.max_step.unwrap_or(f64::INFINITY),
            newton: Newton::new(options),
            course: Course::new(options, times),
        }
    }

    /// Steps from the first time to the last; the step that would come next.
    pub(crate) fn run<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        progress: &mut Progress<'_, S, D>,
        first_step: Option<f64>,
        observe: &mut Observer<'_, S>,
    ) -> Result<f64, SolveError> {
        let mut now = self.course.start;
        let mut state = progress.states[0].clone();
        let mut first = self.course.first();
        let mut slope = progress.evaluate(self.course.direction * first, state.clone())?;
        if !slope.is_finite()? {
            return Err(SolveError::NonFiniteDynamics {
                time: self.course.direction * now,
            });
        }
        let mut proposal = match first_step {
            Some(step) => step,
            None => self.select_step(progress, &state, &slope)?,
        };
        let mut previous = [1.0; 2];
        let mut was = Outcome::Solved;

        while now < self.course.end {
            proposal = proposal.max(self.min_step).min(self.max_step);
            let trial = self.course.trial(now, proposal);
            if trial.end <= now {
                return Err(self.too_small(now, trial.size, was));
            }
            progress.begin_step()?;
            let span = self.course.span(now, first, &trial);
            let (mut step, outcome) = self.take(progress, &span, &state, slope.clone())?;
            let ratio = match outcome {
                Outcome::Solved => self.error_ratio(&span, &state, &step)?,
                // A stage that has no solution is rejected like one that is not finite.
                Outcome::Unsolved | Outcome::NotFinite => f64::INFINITY,
            };
            was = match outcome {
                Outcome::Solved if !ratio.is_finite() => Outcome::NotFinite,
                outcome => outcome,
            };
            let is_good = ratio <= 1.0;
            let factor = self.control.factor(self.embedded.exponent, ratio, previous, is_good);
            if !is_good {
                if trial.size > self.min_step {
                    progress.statistics.rejected += 1;
                    proposal = trial.size * factor;
                    continue;
                }
                if !ratio.is_finite() {
                    return Err(self.too_small(now, trial.size, was));
                }
                progress.statistics.forced += 1;
            }

            progress.statistics.accepted += 1;
            if !self.tableau.is_fsal {
                step.stages.push(progress.evaluate(span.last, step.next.clone())?);
            }
            if self.report(progress, &span, &state, &step, observe).is_break() {
                return Ok(proposal);
            }
            previous = [inverse_ratio(ratio), previous[0]];
            proposal = match trial.is_cut {
                true => proposal.max(trial.size * factor),
                false => trial.size * factor,
            };
            (now, first, state) = (trial.end, trial.end, step.next);
            slope = match step.stages.pop() {
                Some(end_slope) if !trial.is_jump => end_slope,
                _ if now >= self.course.end => break,
                _ => {
                    first = now.next_up();
                    progress.evaluate(self.course.direction * first, state.clone())?
                }
            };
        }
        Ok(proposal)
    }

    /// Why steps cannot be smaller than the last one tried.
    fn too_small(&self, now: f64, size: f64, was: Outcome) -> SolveError {
        match was {
            Outcome::Unsolved => SolveError::NoConvergence {
                time: self.course.direction * now,
                step: self.course.direction * size,
            },
            Outcome::Solved | Outcome::NotFinite => self.course.too_small(now, size, was == Outcome::Solved),
        }
    }

    /// A step, and whether the equations of its stages could be solved.
    fn take<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        progress: &mut Progress<'_, S, D>,
        span: &Span,
        state: &S,
        slope: S,
    ) -> Result<(Step<S>, Outcome), SolveError> {
        let mut evaluate = |time, state| progress.evaluate(time, state);
        if self.tableau.is_implicit() {
            let made = S::implicit_step(self.tableau, span, state, slope, &self.newton, &mut evaluate)?;
            return Ok((made.step, made.outcome));
        }
        let step = step::take(self.tableau, span, state, slope, evaluate)?;
        Ok((step, Outcome::Solved))
    }

    fn select_step<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        progress: &mut Progress<'_, S, D>,
        state: &S,
        slope: &S,
    ) -> Result<f64, SolveError> {
        let beginning = Beginning {
            time: self.course.direction * self.course.start,
            direction: self.course.direction,
            state: &state.plain(),
            slope: &slope.plain(),
            reach: self.course.reach(),
        };
        let initial = beginning.select_step(self.embedded.exponent, &self.tolerances, &self.norm, |time, state| {
            progress.evaluate(time, state)
        })?;
        Ok(initial.step)
    }

    /// Error of a step in units of the tolerance, from plain values.
    fn error_ratio<S: VectorSpace>(&self, span: &Span, before: &S, step: &Step<S>) -> Result<f64, SolveError> {
        let (before, next) = (before.plain(), step.next.plain());
        let mut error = step.weighted_stages(self.embedded.error_weights, span);
        if !self.tableau.is_fsal {
            // No stage has seen this state. If it is infinite, no error is large in comparison: let it be NaN.
            let zero_or_nan = S::weighted_sum(&[(1.0, &next), (-1.0, &next)]);
            error = error.add_scaled(&[(1.0, &zero_or_nan)]);
        }
        self.tolerances.error_ratio(&self.norm, &error, &before, &next)
    }

    /// Collects the states at the requested times in the step, and reports it.
    fn report<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        progress: &mut Progress<'_, S, D>,
        span: &Span,
        before: &S,
        step: &Step<S>,
        observe: &mut Observer<'_, S>,
    ) -> ControlFlow<()> {
        let curve = Curve::of(self.tableau);
        let reached = progress.states.len();
        while let Some(time) = progress.due(span.end) {
            let state = curve.interpolate(span, before, &step.next, &step.stages, time);
            progress.states.push(state);
        }
        progress.last = (span.end, step.next.clone());
        observe(&AcceptedStep {
            span: *span,
            before,
            stages: &step.stages,
            nodes: &[],
            next: &step.next,
            outputs: reached..progress.states.len(),
        })
    }
}
