//! Solving up to an event, and its gradients.

use burn::prelude::*;

use super::{
    EventSolution, Events, Occurrence,
    detect::{Crossing, Detector, lifted},
    trail::Trail,
};
use crate::{
    Dynamics, Failure, GradientMode, Solution, SolveError, Solver, State,
    gradient::{checkpointed::Record, parameters::flatten, times::moved},
    solver::{
        Task,
        dense::Segment,
        norm::{Tolerance, Tolerances},
        run::check_slope,
    },
};

impl Solver {
    /// Solves from `start` to the first terminal event, at most to `limit`.
    ///
    /// On an autodiff device, times and states of events have gradients with respect to the initial state, and to
    /// whatever the dynamics and the condition depend on: those of the very steps in which the events were found, which
    /// are made again on the tape. States between the ends of steps are interpolated, so that the dynamics may be
    /// evaluated past an event, as far as the step goes.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with any [`SolveError`]; [`SolveError::EventNotFound`] if there is no terminal event up to
    /// `limit`, [`SolveError::GrazingEvent`] where the condition crosses zero without a slope, so that the time has no
    /// gradient. What was solved so far has the states at the start, at the events found, and after the last step.
    pub fn solve_event<S, D, G>(
        &self,
        dynamics: &D,
        initial: S,
        start: f64,
        limit: f64,
        events: &Events<G>,
    ) -> Result<EventSolution<S>, Failure<S>>
    where
        S: State,
        D: Dynamics<S> + ?Sized,
        G: Fn(f64, S) -> Tensor<1>,
    {
        let is_lifted = initial.components().iter().any(Tensor::is_autodiff);
        let found = self.find(dynamics, &initial, [start, limit], events, is_lifted)?;
        if !is_lifted {
            return Ok(found.seen.plain(found.solution));
        }
        let solution = on_the_tape(&found.record, dynamics, initial, found.solution)?;
        found.seen.tracked(events, solution, &|time, state| {
            dynamics.evaluate(time, lifted(&state)).plain()
        })
    }

    /// [`solve_event`](Self::solve_event) of a module, with gradients of its parameters in the solver's gradient mode.
    ///
    /// # Errors
    ///
    /// As [`solve_event`](Self::solve_event).
    pub fn solve_event_module<S, M, G>(
        &self,
        module: &M,
        initial: S,
        start: f64,
        limit: f64,
        events: &Events<G>,
    ) -> Result<EventSolution<S>, Failure<S>>
    where
        S: State,
        M: Module + Dynamics<S> + 'static,
        G: Fn(f64, S) -> Tensor<1>,
    {
        let plain = module.valid();
        let parameters = flatten(module);
        let is_lifted = !parameters.is_empty() || initial.components().iter().any(Tensor::is_autodiff);
        let is_direct = self.gradient_mode() == GradientMode::Direct;
        if is_lifted && !is_direct {
            self.check_tracked(&initial, &parameters)?;
        }
        let is_implicit = self.method().is_implicit();
        let dynamics = |time: f64, state: S| match is_implicit {
            true => plain.evaluate(time, state),
            false => plain.evaluate(time, state.plain()),
        };
        let found = self.find(&dynamics, &initial, [start, limit], events, is_lifted)?;
        if !is_lifted {
            return Ok(found.seen.plain(found.solution));
        }
        let Found {
            seen,
            solution,
            record,
            segments,
        } = found;
        let solution = match is_direct {
            true => on_the_tape(&record, module, initial, solution)?,
            false => self.with_gradients(module, initial, solution, record, segments)?,
        };
        seen.tracked(events, solution, &|time, state| plain.evaluate(time, state))
    }

    /// Solves on plain tensors and finds the events.
    fn find<S, D, G>(
        &self,
        dynamics: &D,
        initial: &S,
        times: [f64; 2],
        events: &Events<G>,
        is_lifted: bool,
    ) -> Result<Found<S>, Failure<S>>
    where
        S: State,
        D: Dynamics<S> + ?Sized,
        G: Fn(f64, S) -> Tensor<1>,
    {
        let initial = initial.plain();
        self.check(&initial, &times)?;
        let lift = |state: S| if is_lifted { lifted(&state) } else { state };
        let is_implicit = self.method().is_implicit();
        let dynamics = |time: f64, state: S| {
            let slope = dynamics.evaluate(time, lift(state));
            // An implicit method finds Jacobians, and must know whose tape they would use up.
            if is_implicit { slope } else { slope.plain() }
        };
        let mut detector = Detector::new(
            self,
            events,
            &dynamics,
            self.event_tolerance(events, &initial),
            times[1],
            is_lifted,
        );
        detector.begin(times[0], &initial)?;
        let mut trail = Trail::new(self, times[0], &initial);
        let run = self.run(Task::new(&dynamics, initial, &times), &mut |step| {
            let seen = detector.observe(step);
            trail.add(step, seen.segment, &seen.crossings);
            seen.goes_on
        });
        let run = match run {
            Ok(run) => run,
            Err(Failure { error, partial }) => {
                let partial = partial.map(|partial| {
                    if let (Some(time), Some(state)) = (partial.times.last(), partial.states.last()) {
                        trail.reach(*time, &state.plain());
                    }
                    Box::new(trail.partial(partial.statistics))
                });
                return Err(Failure { error, partial });
            }
        };
        let crossings = std::mem::take(&mut detector.crossings);
        let last = crossings.last();
        let is_ended = last.is_some_and(|crossing: &Crossing<S>| events.is_terminal(crossing.component));
        let (end, evaluations, error) = detector.finish();
        let mut statistics = run.solution.statistics;
        statistics.evaluations += evaluations;
        let is_missing = events.has_terminal() && !is_ended;
        let error = error.or(is_missing.then_some(SolveError::EventNotFound { limit: times[1] }));
        if !is_ended || error.is_some() {
            trail.reach(end.0, &end.1);
        }
        if let Some(error) = error {
            let partial = Some(Box::new(trail.partial(statistics)));
            return Err(Failure { error, partial });
        }
        let (solution, places, record, segments) = trail.finish(times[1], statistics);
        let seen = Seen {
            crossings,
            places,
            is_ended,
        };
        Ok(Found {
            seen,
            solution,
            record,
            segments,
        })
    }

    fn event_tolerance<S: State, G>(&self, events: &Events<G>, state: &S) -> f64 {
        let default = Tolerances::default_for(state.components()[0].dtype());
        let tolerances = self.options.tolerances.as_ref().unwrap_or(&default);
        events
            .tolerance
            .unwrap_or(match (&tolerances.absolute, &default.absolute) {
                (Tolerance::Same(absolute), _) => *absolute,
                (Tolerance::PerTensor(absolute), _) => absolute.iter().copied().fold(f64::INFINITY, f64::min),
                (Tolerance::PerElement(_), Tolerance::Same(default)) => *default,
                (Tolerance::PerElement(_), _) => unreachable!("defaults are numbers"),
            })
    }
}

/// What a plain solve found.
struct Found<S> {
    seen: Seen<S>,
    /// The states at the start, at the events, and at the end unless an event ended it.
    solution: Solution<S>,
    /// The steps.
    record: Record<S>,
    /// What is between their ends, for the gradient mode that reads it.
    segments: Vec<Segment<S>>,
}

/// The solution with the steps made again on the tape.
fn on_the_tape<S: State, D: Dynamics<S> + ?Sized>(
    record: &Record<S>,
    dynamics: &D,
    initial: S,
    solution: Solution<S>,
) -> Result<Solution<S>, SolveError> {
    let stretch = record.run_all_again(dynamics, initial.clone())?;
    let later = stretch.outputs.into_iter().map(|(_, state)| state);
    Ok(Solution {
        states: std::iter::once(initial).chain(later).collect(),
        ..solution
    })
}

/// The events of a solve.
struct Seen<S> {
    crossings: Vec<Crossing<S>>,
    /// For each the index of its time in the solution.
    places: Vec<usize>,
    is_ended: bool,
}

impl<S: State> Seen<S> {
    fn plain(self, solution: Solution<S>) -> EventSolution<S> {
        let device = solution.last().components()[0].device();
        let occurrences = self.crossings.into_iter().map(|crossing| Occurrence {
            component: crossing.component,
            rises: crossing.rises,
            time: crossing.time,
            moment: moment(crossing.time, &crossing.state, &device),
            state: crossing.state,
        });
        finish(occurrences.collect(), self.is_ended, solution)
    }

    /// With the gradients of the states of `solution`.
    fn tracked<G: Fn(f64, S) -> Tensor<1>>(
        self,
        events: &Events<G>,
        solution: Solution<S>,
        slope_at: &dyn Fn(f64, S) -> S,
    ) -> Result<EventSolution<S>, Failure<S>> {
        let mut occurrences = Vec::new();
        for (crossing, place) in self.crossings.into_iter().zip(self.places) {
            let state = solution.states[place].clone();
            let value = (events.condition)(crossing.time, state.clone()).narrow(0, crossing.component, 1);
            // Zero, with the gradient of the implicit function.
            let shift = match value.is_autodiff() {
                // The gradient of a quotient by a number would be rounded to single precision.
                true => (value.clone() - value.detach()).mul_scalar(-crossing.rate.recip()),
                false => value.zeros_like().autodiff(),
            };
            let slope = check_slope(slope_at(crossing.time, state.plain()), &state)?;
            let device = shift.device();
            occurrences.push(Occurrence {
                component: crossing.component,
                rises: crossing.rises,
                time: crossing.time,
                moment: shift.clone() + moment(crossing.time, &state, &device),
                state: moved(&state, &slope, shift),
            });
        }
        Ok(finish(occurrences, self.is_ended, solution))
    }
}

fn finish<S: Clone>(events: Vec<Occurrence<S>>, is_ended: bool, solution: Solution<S>) -> EventSolution<S> {
    let (end, state) = match events.last() {
        Some(last) if is_ended => (last.time, last.state.clone()),
        _ => (solution.times[solution.times.len() - 1], solution.last().clone()),
    };
    EventSolution {
        events,
        end,
        state,
        statistics: solution.statistics,
        report: solution.report,
    }
}

fn moment(time: f64, like: &impl State, device: &Device) -> Tensor<1> {
    let dtype = like.components()[0].dtype();
    Tensor::from_data(TensorData::from([time]), (device, dtype))
}
