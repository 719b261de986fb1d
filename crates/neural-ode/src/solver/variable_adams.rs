//! Adams methods whose step and order vary (Shampine and Gordon 1975; Hairer, Nørsett, Wanner: Solving ODEs I, sec.
//! III.5): the kind of solver that the paper used.
//!
//! A step of order `k` predicts with the polynomial through the last `k` slopes, evaluates, corrects with the polynomial
//! that goes through the new slope, too, and evaluates again: two evaluations, whatever the order. The difference to the
//! correction of one order less is the error estimate.

use std::{collections::VecDeque, ops::ControlFlow};

use crate::{
    Dynamics, SolveError, VectorSpace,
    solver::{
        controller::StepControl,
        course::Course,
        dense,
        initial_step::Beginning,
        norm::{Norm, Tolerances},
        options::Options,
        run::{Observer, Progress},
        step::AcceptedStep,
    },
    tableau::{adams::MAX_ORDER, history},
};

/// The most a step grows at once: polynomials through very unequal steps are unstable.
const GROWTH: f64 = 2.0;
/// The most that the sizes of all weights may sum to, in units of the step: on equal steps those of order 12 do.
const LARGEST_WEIGHTS: f64 = 2e3;
/// A step after which order and size are left alone unless it grows at least so much.
const WORTHWHILE: f64 = 1.2;

/// The method with its control. Times inside are multiplied by the direction, so that they always grow.
pub(crate) struct VariableAdams {
    control: StepControl,
    tolerances: Tolerances,
    norm: Norm,
    min_step: f64,
    max_step: f64,
    max_order: usize,
    course: Course,
}

/// Slopes and their times, newest first.
struct History<S> {
    times: VecDeque<f64>,
    slopes: VecDeque<S>,
}

impl<S: VectorSpace> History<S> {
    fn new(time: f64, slope: S) -> Self {
        Self {
            times: VecDeque::from([time]),
            slopes: VecDeque::from([slope]),
        }
    }

    fn push(&mut self, time: f64, slope: S, most: usize) {
        self.times.push_front(time);
        self.slopes.push_front(slope);
        self.times.truncate(most);
        self.slopes.truncate(most);
    }

    fn len(&self) -> usize {
        self.times.len()
    }

    /// The newest times, after one that comes before them.
    fn times_after(&self, first: Option<f64>, count: usize) -> Vec<f64> {
        first
            .into_iter()
            .chain(self.times.iter().copied().take(count))
            .collect()
    }

    /// `Σ w_i f_i` of a slope that comes first and the newest ones.
    fn sum<'a>(&'a self, weights: &[f64], first: Option<&'a S>) -> Vec<(f64, &'a S)> {
        weights
            .iter()
            .copied()
            .zip(first.into_iter().chain(&self.slopes))
            .collect()
    }
}

/// The order, or a lower one if the weights of that are large with opposite signs: rounding of the slopes would count so
/// many times.
fn usable_order<S: VectorSpace>(history: &History<S>, order: usize, start: f64, end: f64) -> usize {
    let is_usable = |order: &usize| {
        let weights = history::weights(&history.times_after(None, *order), start, end);
        weights.iter().map(|weight| weight.abs()).sum::<f64>() <= LARGEST_WEIGHTS * (end - start)
    };
    (1..=order).rev().find(is_usable).unwrap_or(1)
}

/// Order, size and how long both have been what they are.
#[derive(Debug, Clone, Copy)]
struct Pace {
    order: usize,
    proposal: f64,
    /// Steps at this order.
    steps: usize,
    /// Whether nothing has gone wrong yet: the order rises with every step.
    is_starting: bool,
    /// Attempts rejected in a row.
    rejected: usize,
}

impl VariableAdams {
    pub(crate) fn new(options: &Options, tolerances: Tolerances, times: &[f64]) -> Self {
        Self {
            control: options.control(),
            tolerances,
            norm: options.norm.clone().unwrap_or_default(),
            min_step: options.min_step.unwrap_or(0.0),
            max_step: options.max_step.unwrap_or(f64::INFINITY),
            max_order: options.max_order.unwrap_or(MAX_ORDER),
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
        let direction = self.course.direction;
        let mut now = self.course.start;
        let mut first = self.course.first();
        let mut state = progress.states[0].clone();
        let slope = progress.evaluate(direction * first, state.clone())?;
        if !slope.is_finite()? {
            return Err(SolveError::NonFiniteDynamics { time: direction * now });
        }
        let proposal = match first_step {
            Some(step) => step,
            None => self.select_step(progress, &state, &slope)?,
        };
        let mut history = History::new(now, slope);
        let start = |proposal| Pace {
            order: 1,
            proposal,
            steps: 0,
            is_starting: true,
            rejected: 0,
        };
        let mut pace = start(proposal);
        let mut was_finite = true;

        while now < self.course.end {
            pace.proposal = pace.proposal.max(self.min_step).min(self.max_step);
            let trial = self.course.trial(now, pace.proposal);
            if trial.end <= now {
                return Err(self.course.too_small(now, trial.size, was_finite));
            }
            progress.begin_step()?;
            let span = self.course.span(now, first, &trial);
            pace.order = usable_order(&history, pace.order, now, trial.end);
            let order = pace.order;
            // Weights are integrals over the step in the direction of time.
            let signed = |weights: Vec<f64>| weights.into_iter().map(|weight| direction * weight).collect::<Vec<_>>();
            let bashforth = signed(history::weights(&history.times_after(None, order), now, trial.end));
            let predicted = state.add_scaled(&history.sum(&bashforth, None));
            let slope = progress.evaluate(span.last, predicted)?;
            let moulton = signed(history::weights(
                &history.times_after(Some(trial.end), order),
                now,
                trial.end,
            ));
            let next = state.add_scaled(&history.sum(&moulton, Some(&slope)));
            let ratio = self.error(&history, &slope, &state, &next, now, trial.end, order)?;
            was_finite = ratio.is_finite();
            if ratio.is_nan() || ratio > 1.0 {
                if trial.size > self.min_step {
                    progress.statistics.rejected += 1;
                    pace = self.after_rejection(pace, trial.size, ratio);
                    continue;
                }
                if !was_finite {
                    return Err(self.course.too_small(now, trial.size, was_finite));
                }
                progress.statistics.forced += 1;
            }
            progress.statistics.accepted += 1;
            let slope = progress.evaluate(span.last, next.clone())?;
            let nodes = history.times_after(None, order).into_iter().chain([trial.end]);
            let nodes: Vec<f64> = nodes.map(|time| direction * time).collect();
            let mut slopes: Vec<S> = history.slopes.iter().take(order).cloned().collect();
            slopes.push(slope.clone());
            let reached = progress.states.len();
            while let Some(time) = progress.due(span.end) {
                let output = dense::along_history(&nodes, &span, &state, &next, &slopes, time);
                progress.states.push(output);
            }
            progress.last = (span.end, next.clone());
            let goes_on = observe(&AcceptedStep {
                span,
                before: &state,
                stages: &slopes,
                nodes: &nodes,
                next: &next,
                outputs: reached..progress.states.len(),
            });
            if goes_on == ControlFlow::Break(()) {
                return Ok(pace.proposal);
            }
            let uncut = pace.proposal;
            pace = self.after_acceptance(pace, &history, &slope, &state, &next, (now, trial.end))?;
            if trial.is_cut {
                pace.proposal = pace.proposal.max(uncut);
            }
            (now, first, state) = (trial.end, trial.end, next);
            if trial.is_jump && now < self.course.end {
                first = now.next_up();
                let slope = progress.evaluate(direction * first, state.clone())?;
                history = History::new(now, slope);
                pace = start(pace.proposal);
            } else {
                history.push(now, slope, self.max_order + 1);
            }
        }
        Ok(pace.proposal)
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
        let initial = beginning.select_step(2, &self.tolerances, &self.norm, |time, state| {
            progress.evaluate(time, state)
        })?;
        Ok(initial.step)
    }

    /// The error of a step of some order in units of the tolerance: what one more slope changes in the correction.
    #[expect(clippy::too_many_arguments, reason = "a step has these parts")]
    fn error<S: VectorSpace>(
        &self,
        history: &History<S>,
        slope: &S,
        before: &S,
        next: &S,
        start: f64,
        end: f64,
        order: usize,
    ) -> Result<f64, SolveError> {
        let mut weights = history::weights(&history.times_after(Some(end), order), start, end);
        let lower = history::weights(&history.times_after(Some(end), order - 1), start, end);
        for (weight, lower) in weights.iter_mut().zip(lower) {
            *weight -= lower;
        }
        let (plain, slope) = (before.plain(), slope.plain());
        let past: Vec<S> = history.slopes.iter().take(order).map(VectorSpace::plain).collect();
        let terms: Vec<(f64, &S)> = weights.into_iter().zip(std::iter::once(&slope).chain(&past)).collect();
        let next = next.plain();
        // If the state is infinite, no error is large in comparison: let it be NaN.
        let zero_or_nan = S::weighted_sum(&[(1.0, &next), (-1.0, &next)]);
        let error = S::weighted_sum(&terms).add_scaled(&[(1.0, &zero_or_nan)]);
        self.tolerances.error_ratio(&self.norm, &error, &plain, &next)
    }

    fn after_rejection(&self, pace: Pace, size: f64, ratio: f64) -> Pace {
        let rejected = pace.rejected + 1;
        Pace {
            // Errors that do not shrink as they should are those of another order.
            order: if rejected > 2 { 1 } else { pace.order },
            proposal: size * self.factor(ratio, pace.order).min(self.control.safety),
            steps: 0,
            is_starting: false,
            rejected,
        }
    }

    /// The next step in units of this one, for an order.
    fn factor(&self, ratio: f64, order: usize) -> f64 {
        if !ratio.is_finite() {
            return self.control.min_factor;
        }
        let aimed = self.control.safety * ratio.powf(-1.0 / (order as f64 + 1.0));
        aimed.clamp(self.control.min_factor, self.control.max_factor.min(GROWTH))
    }

    /// The order, of this one and its neighbors, whose next step is the largest.
    fn after_acceptance<S: VectorSpace>(
        &self,
        pace: Pace,
        history: &History<S>,
        slope: &S,
        before: &S,
        next: &S,
        (start, end): (f64, f64),
    ) -> Result<Pace, SolveError> {
        let order = pace.order;
        let size = end - start;
        let can_rise = order < self.max_order && history.len() > order;
        if pace.is_starting && order < self.max_order && history.len() >= order {
            // As in Shampine and Gordon: up and twice as far, as long as the error allows both.
            let ratio = self.error(history, slope, before, next, start, end, order)?;
            let factor = self.factor(ratio, order);
            if factor >= GROWTH.min(self.control.max_factor) {
                return Ok(Pace {
                    order: order + 1,
                    proposal: size * factor,
                    steps: 0,
                    ..pace
                });
            }
        }
        let steps = pace.steps + 1;
        let mut best = (order, self.error(history, slope, before, next, start, end, order)?);
        if steps > order {
            let lower = (order > 1).then(|| order - 1);
            let higher = can_rise.then(|| order + 1);
            for other in lower.into_iter().chain(higher) {
                let ratio = self.error(history, slope, before, next, start, end, other)?;
                let advance = |(order, ratio): (usize, f64)| {
                    let aimed = ratio.max(f64::MIN_POSITIVE).powf(-1.0 / (order as f64 + 1.0));
                    if aimed.is_nan() { 0.0 } else { aimed }
                };
                if advance((other, ratio)) > 1.05 * advance(best) {
                    best = (other, ratio);
                }
            }
        }
        let factor = self.factor(best.1, best.0);
        let is_kept = best.0 == order && (1.0..WORTHWHILE).contains(&factor);
        Ok(Pace {
            order: best.0,
            proposal: if is_kept { size } else { size * factor },
            steps: if best.0 == order { steps } else { 0 },
            is_starting: false,
            rejected: 0,
        })
    }
}
