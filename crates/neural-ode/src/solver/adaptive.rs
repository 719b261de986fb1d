//! The loop of the methods that choose their own steps.

use crate::{
    Dynamics, SolveError, State,
    solver::{
        controller::{StepControl, inverse_ratio},
        dense::Curve,
        initial_step::Beginning,
        norm::{self, Norm, Tolerances},
        options::{End, Options},
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
    ending: End,
    direction: f64,
    start: f64,
    end: f64,
    /// Where steps must end, in the order in which they are met; the first may be the start.
    stops: Vec<Stop>,
}

#[derive(Debug, Clone, Copy)]
struct Stop {
    time: f64,
    is_jump: bool,
}

/// A step to be tried.
#[derive(Debug, Clone, Copy)]
struct Trial {
    size: f64,
    end: f64,
    /// Whether `size` is less than what was proposed.
    is_cut: bool,
    is_jump: bool,
}

impl Adaptive {
    pub(crate) fn new(
        tableau: &'static Tableau,
        embedded: Embedded,
        options: &Options,
        tolerances: Tolerances,
        times: &[f64],
    ) -> Self {
        let direction = (times[1] - times[0]).signum();
        let start = direction * times[0];
        let stops = options.points().map(|(time, is_jump)| Stop {
            time: direction * time,
            is_jump,
        });
        let mut stops: Vec<_> = stops.filter(|stop| stop.time >= start).collect();
        stops.sort_by(|one, other| one.time.total_cmp(&other.time));
        Self {
            tableau,
            embedded,
            control: options.control(),
            tolerances,
            norm: options.norm.clone().unwrap_or_default(),
            min_step: options.min_step.unwrap_or(0.0),
            max_step: options.max_step.unwrap_or(f64::INFINITY),
            ending: options.end.unwrap_or_default(),
            direction,
            start,
            end: direction * times[times.len() - 1],
            stops,
        }
    }

    /// Steps from the first time to the last; the step that would come next.
    pub(crate) fn run<S: State, D: Dynamics<S> + ?Sized>(
        &self,
        progress: &mut Progress<'_, S, D>,
        first_step: Option<f64>,
        observe: &mut Observer<'_, S>,
    ) -> Result<f64, SolveError> {
        let mut now = self.start;
        let mut state = progress.states[0].clone();
        let begins_at_jump = self.stops.iter().any(|stop| stop.is_jump && stop.time == now);
        let mut first = if begins_at_jump { now.next_up() } else { now };
        let mut slope = progress.evaluate(self.direction * first, state.clone())?;
        if !norm::is_finite(&slope)? {
            return Err(SolveError::NonFiniteDynamics {
                time: self.direction * now,
            });
        }
        let mut proposal = match first_step {
            Some(step) => step,
            None => self.select_step(progress, &state, &slope)?,
        };
        let mut previous_inverse = 1.0;
        let mut was_finite = true;

        while now < self.end {
            proposal = proposal.max(self.min_step).min(self.max_step);
            let trial = self.trial(now, proposal);
            if trial.end <= now {
                return Err(self.too_small(now, trial.size, was_finite));
            }
            progress.begin_step()?;
            let span = self.span(now, first, &trial);
            let mut step = step::take(self.tableau, &span, &state, slope.clone(), |time, state| {
                progress.evaluate(time, state)
            })?;
            let ratio = self.error_ratio(&span, &state, &step)?;
            let is_good = ratio <= 1.0;
            let factor = self
                .control
                .factor(self.embedded.exponent, ratio, previous_inverse, is_good);
            was_finite = ratio.is_finite();
            if !is_good {
                if trial.size > self.min_step {
                    progress.statistics.rejected += 1;
                    proposal = trial.size * factor;
                    continue;
                }
                if !was_finite {
                    return Err(self.too_small(now, trial.size, was_finite));
                }
                progress.statistics.forced += 1;
            }

            progress.statistics.accepted += 1;
            if !self.tableau.is_fsal {
                step.stages.push(progress.evaluate(span.last, step.next.clone())?);
            }
            self.report(progress, &span, &state, &step, observe);
            previous_inverse = inverse_ratio(ratio);
            proposal = match trial.is_cut {
                true => proposal.max(trial.size * factor),
                false => trial.size * factor,
            };
            (now, first, state) = (trial.end, trial.end, step.next);
            slope = match step.stages.pop() {
                Some(end_slope) if !trial.is_jump => end_slope,
                _ if now >= self.end => break,
                _ => {
                    first = now.next_up();
                    progress.evaluate(self.direction * first, state.clone())?
                }
            };
        }
        Ok(proposal)
    }

    fn select_step<S: State, D: Dynamics<S> + ?Sized>(
        &self,
        progress: &mut Progress<'_, S, D>,
        state: &S,
        slope: &S,
    ) -> Result<f64, SolveError> {
        let beginning = Beginning {
            time: self.direction * self.start,
            direction: self.direction,
            state: &state.plain(),
            slope: &slope.plain(),
            reach: match self.ending {
                End::Clip => self.end - self.start,
                End::Overshoot => f64::INFINITY,
            },
        };
        let initial = beginning.select_step(self.embedded.exponent, &self.tolerances, &self.norm, |time, state| {
            progress.evaluate(time, state)
        })?;
        Ok(initial.step)
    }

    /// The proposed step, or what is left of it up to the next stop.
    fn trial(&self, now: f64, proposal: f64) -> Trial {
        let uncut = Trial {
            size: proposal,
            end: now + proposal,
            is_cut: false,
            is_jump: false,
        };
        let index = self.stops.partition_point(|stop| stop.time <= now);
        let last = Stop {
            time: self.end,
            is_jump: false,
        };
        let stop = match (self.stops.get(index), self.ending) {
            (Some(stop), End::Clip) if stop.time > self.end => last,
            (Some(stop), _) => *stop,
            (None, End::Clip) => last,
            (None, End::Overshoot) => return uncut,
        };
        if uncut.end < stop.time {
            return uncut;
        }
        Trial {
            size: stop.time - now,
            end: stop.time,
            is_cut: true,
            is_jump: stop.is_jump,
        }
    }

    fn span(&self, now: f64, first: f64, trial: &Trial) -> Span {
        let last = if trial.is_jump {
            trial.end.next_down()
        } else {
            trial.end
        };
        Span {
            start: self.direction * now,
            size: self.direction * trial.size,
            end: self.direction * trial.end,
            first: self.direction * first,
            last: self.direction * last,
        }
    }

    /// Error of a step in units of the tolerance, from plain values.
    fn error_ratio<S: State>(&self, span: &Span, before: &S, step: &Step<S>) -> Result<f64, SolveError> {
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
    fn report<S: State, D: Dynamics<S> + ?Sized>(
        &self,
        progress: &mut Progress<'_, S, D>,
        span: &Span,
        before: &S,
        step: &Step<S>,
        observe: &mut Observer<'_, S>,
    ) {
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
            next: &step.next,
            outputs: reached..progress.states.len(),
        });
    }

    /// Why steps cannot be smaller: the last one tried was not finite, or not good enough.
    fn too_small(&self, now: f64, size: f64, was_finite: bool) -> SolveError {
        let time = self.direction * now;
        if was_finite {
            return SolveError::StepUnderflow {
                time,
                step: self.direction * size,
            };
        }
        SolveError::NonFiniteDynamics { time }
    }
}
