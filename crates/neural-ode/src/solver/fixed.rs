//! The loop of the methods with a given grid.

use crate::{
    Dynamics, Method, SolveError, Statistics, VectorSpace,
    solver::{
        adams::Adams,
        dense::{Curve, Segment},
        implicit::{Newton, Outcome},
        norm::Tolerances,
        options::{Options, invalid},
        run::{self, Observer, Progress},
        step::{self, AcceptedStep, Span, Step},
    },
    tableau::Tableau,
};

/// After how many steps their finiteness is read from the device, at once.
const STEPS_PER_READ: usize = 4;

/// A method with its grid.
pub(crate) struct Fixed<S> {
    stepper: Stepper<S>,
    grid: Grid,
    curve: Curve,
    resolution: f64,
}

impl<S: VectorSpace> Fixed<S> {
    pub(crate) fn new(
        method: Method,
        options: &Options,
        tolerances: &Tolerances,
        times: &[f64],
    ) -> Result<Self, SolveError> {
        let stepper = match method.tableau() {
            Some(tableau) if tableau.is_implicit() => Stepper::Implicit(tableau, Newton::new(options)),
            Some(tableau) => Stepper::RungeKutta(tableau),
            None => Stepper::Adams(Adams::new(method, options, tolerances)),
        };
        Ok(Self {
            stepper,
            grid: Grid::new(options, times)?,
            curve: run::curve(method, options),
            resolution: resolution(times),
        })
    }

    /// Steps along the grid.
    pub(crate) fn run<D: Dynamics<S> + ?Sized>(
        mut self,
        progress: &mut Progress<'_, S, D>,
        observe: &mut Observer<'_, S>,
    ) -> Result<(), SolveError> {
        let mut watch = Watch::default();
        let outcome = self.run_watched(progress, &mut watch, observe);
        // That a state is not finite comes before any other failure: it was first.
        watch.check(progress)?;
        outcome
    }

    fn run_watched<D: Dynamics<S> + ?Sized>(
        &mut self,
        progress: &mut Progress<'_, S, D>,
        watch: &mut Watch<S>,
        observe: &mut Observer<'_, S>,
    ) -> Result<(), SolveError> {
        let mut state = progress.states[0].clone();
        for index in 0..self.grid.steps() {
            let span = self.grid.span(index);
            if progress.direction * span.size <= 0.0 {
                return Err(SolveError::StepUnderflow {
                    time: span.start,
                    step: span.size,
                });
            }
            progress.begin_step()?;
            let first = progress.evaluate(span.first, state.clone())?;
            if index == 0 && !first.is_finite()? {
                return Err(SolveError::NonFiniteDynamics { time: span.start });
            }
            let step = self.stepper.take(progress, &span, &state, first)?;
            progress.statistics.accepted += 1;
            watch.add(&span, &state, &step.next);
            if watch.is_full() {
                watch.check(progress)?;
            }
            let reached = progress.states.len();
            collect(progress, self.curve, self.resolution, &span, &state, &step)?;
            progress.last = (span.end, step.next.clone());
            let next = observe(&AcceptedStep {
                span,
                before: &state,
                stages: &step.stages,
                nodes: &[],
                next: &step.next,
                outputs: reached..progress.states.len(),
            });
            if next.is_break() {
                return Ok(());
            }
            state = step.next;
        }
        Ok(())
    }
}

/// Distance below which a requested time is a grid point.
pub(crate) fn resolution(times: &[f64]) -> f64 {
    let largest = times[0].abs().max(times[times.len() - 1].abs());
    8.0 * f64::EPSILON * largest
}

/// Adds the states at the requested times in the step.
fn collect<S: VectorSpace, D: Dynamics<S> + ?Sized>(
    progress: &mut Progress<'_, S, D>,
    curve: Curve,
    resolution: f64,
    span: &Span,
    before: &S,
    step: &Step<S>,
) -> Result<(), SolveError> {
    while let Some(time) = progress.due(span.end + progress.direction * resolution) {
        let state = if (time - span.end).abs() <= resolution {
            step.next.clone()
        } else {
            // Each of them costs an evaluation, even two in one step: the count is part of the reference.
            let mut slopes = vec![step.stages[0].clone()];
            if matches!(curve, Curve::Cubic) {
                slopes.push(progress.evaluate(span.last, step.next.clone())?);
            }
            curve.interpolate(span, before, &step.next, &slopes, time)
        };
        progress.states.push(state);
    }
    Ok(())
}

/// Leaves of every segment the slopes at its ends, as the cubic needs them.
pub(crate) fn add_end_slopes<S: VectorSpace, D: Dynamics<S> + ?Sized>(
    segments: &mut [Segment<S>],
    dynamics: &D,
    statistics: &mut Statistics,
) {
    let mut end = None;
    for segment in segments.iter_mut().rev() {
        let end_slope = end.take().unwrap_or_else(|| {
            statistics.evaluations += 1;
            dynamics.evaluate(segment.span.last, segment.next.clone())
        });
        end = segment.slopes.first().cloned();
        segment.set_end_slope(end_slope);
    }
}

/// What makes a step.
enum Stepper<S> {
    RungeKutta(&'static Tableau),
    Implicit(&'static Tableau, Newton),
    Adams(Adams<S>),
}

impl<S: VectorSpace> Stepper<S> {
    fn take<D: Dynamics<S> + ?Sized>(
        &mut self,
        progress: &mut Progress<'_, S, D>,
        span: &Span,
        before: &S,
        first: S,
    ) -> Result<Step<S>, SolveError> {
        match self {
            Self::RungeKutta(tableau) => step::take(tableau, span, before, first, |time, state| {
                progress.evaluate(time, state)
            }),
            Self::Implicit(tableau, newton) => {
                let mut evaluate = |time, state| progress.evaluate(time, state);
                let made = S::implicit_step(tableau, span, before, first, newton, &mut evaluate)?;
                match made.outcome {
                    // A state that is not finite is told of by the loop.
                    Outcome::Solved | Outcome::NotFinite => Ok(made.step),
                    Outcome::Unsolved => Err(SolveError::NoConvergence {
                        time: span.start,
                        step: span.size,
                    }),
                }
            }
            Self::Adams(adams) => adams.take(progress, span, before, first),
        }
    }
}

/// The ends of the steps.
#[derive(Debug, PartialEq)]
enum Grid {
    Uniform {
        start: f64,
        size: f64,
        end: f64,
        steps: usize,
    },
    Points(Vec<f64>),
}

impl Grid {
    fn new(options: &Options, times: &[f64]) -> Result<Self, SolveError> {
        let (start, end) = (times[0], times[times.len() - 1]);
        if let Some(size) = options.step_size {
            let count = (end - start).abs() / size;
            // A rounding error must not add a step.
            let is_whole = (count - count.round()).abs() <= 1e-12 * count.max(1.0);
            let steps = if is_whole { count.round() } else { count.ceil() };
            return Ok(Self::Uniform {
                start,
                size: size * (end - start).signum(),
                end,
                steps: (steps as usize).max(1),
            });
        }
        let Some(points) = &options.grid else {
            return Ok(Self::Points(times.to_vec()));
        };
        let direction = (end - start).signum();
        let is_monotone = points.windows(2).all(|pair| direction * (pair[1] - pair[0]) > 0.0);
        if points.len() < 2 || points[0] != start || points[points.len() - 1] != end || !is_monotone {
            let problem = format!("it must lead from {start} to {end} and be strictly monotone");
            return Err(invalid("grid", problem));
        }
        Ok(Self::Points(points.clone()))
    }

    fn steps(&self) -> usize {
        match self {
            Self::Uniform { steps, .. } => *steps,
            Self::Points(points) => points.len() - 1,
        }
    }

    fn span(&self, index: usize) -> Span {
        let (start, end) = (self.point(index), self.point(index + 1));
        Span::new(start, end - start, end)
    }

    fn point(&self, index: usize) -> f64 {
        match self {
            Self::Uniform { end, steps, .. } if index == *steps => *end,
            Self::Uniform { start, size, .. } => start + index as f64 * size,
            Self::Points(points) => points[index],
        }
    }
}

/// Finds the first step whose result is not finite, without reading the device after each.
struct Watch<S> {
    steps: Vec<Watched<S>>,
}

struct Watched<S> {
    span: Span,
    before: S,
    next: S,
}

impl<S> Default for Watch<S> {
    fn default() -> Self {
        Self { steps: Vec::new() }
    }
}

impl<S: VectorSpace> Watch<S> {
    fn add(&mut self, span: &Span, before: &S, next: &S) {
        self.steps.push(Watched {
            span: *span,
            before: before.clone(),
            next: next.clone(),
        });
    }

    fn is_full(&self) -> bool {
        self.steps.len() >= STEPS_PER_READ
    }

    /// Fails, and takes back what was done since, if a result was not finite.
    fn check<D: Dynamics<S> + ?Sized>(&mut self, progress: &mut Progress<'_, S, D>) -> Result<(), SolveError> {
        let steps = std::mem::take(&mut self.steps);
        let states: Vec<&S> = steps.iter().map(|step| &step.next).collect();
        let Some(index) = S::first_not_finite(&states)? else {
            return Ok(());
        };
        let failed = &steps[index];
        let is_good = |time: f64| progress.direction * (time - failed.span.start) <= resolution(progress.times);
        let good = progress.times.iter().take_while(|time| is_good(**time)).count();
        progress.states.truncate(good.max(1));
        let undone = steps.len() - index;
        progress.statistics.accepted -= undone;
        progress.statistics.attempts -= undone - 1;
        progress.last = (failed.span.start, failed.before.clone());
        Err(SolveError::NonFiniteDynamics { time: failed.span.end })
    }
}
