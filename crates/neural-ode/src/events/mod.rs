//! Events: where a function of time and state changes its sign.
//!
//! ```
//! use burn::prelude::*;
//! use neural_ode::{Direction, Events, Method, Solver};
//!
//! // A ball falls from a height of 10: when does it reach the ground?
//! let fall = |_: f64, state: Tensor<1>| {
//!     let speed = state.clone().narrow(0, 1, 1);
//!     Tensor::cat(vec![speed, state.narrow(0, 1, 1) * 0.0 - 9.8], 0)
//! };
//! let device = Device::flex().autodiff();
//! let start = Tensor::<1>::from_floats([10.0, 0.0], &device).require_grad();
//! let ground = Events::new(|_: f64, state: Tensor<1>| state.narrow(0, 0, 1)).direction(Direction::Falling);
//! let fallen = Solver::new(Method::Tsit5).solve_event(&fall, start.clone(), 0.0, 5.0, &ground)?;
//! let event = &fallen.events[0];
//! assert!((event.time - (2.0f64 * 10.0 / 9.8).sqrt()).abs() < 1e-4);
//! // How does the time depend on the height? dt/dh = 1 / |v|.
//! let gradient = start.grad(&event.moment.clone().backward()).unwrap().into_data();
//! assert!((gradient.iter::<f64>().next().unwrap() - 1.0 / 14.0).abs() < 1e-4);
//! # Ok::<(), neural_ode::SolveError>(())
//! ```

mod detect;

use burn::prelude::*;

use crate::{
    Dynamics, Failure, Solution, SolveError, Solver, State, Statistics,
    gradient::{parameters::flatten, times::moved},
    solver::{Task, norm::Tolerance, options::invalid, run::check_slope},
};
use detect::{Crossing, Detector};

/// Which changes of sign are events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both.
    #[default]
    Any,
    /// From negative to positive.
    Rising,
    /// From positive to negative.
    Falling,
}

impl Direction {
    fn allows(self, rises: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Rising => rises,
            Self::Falling => !rises,
        }
    }
}

/// A condition `g(t, y)` with one or several components, and what their changes of sign mean.
///
/// Signs are compared at the end of every accepted step and at some points inside it. A component that is zero in the
/// beginning is armed by its first sign. By default every component ends the solve, in both directions.
#[derive(Debug, Clone)]
pub struct Events<G> {
    condition: G,
    directions: Vec<Direction>,
    terminal: Vec<bool>,
    interior: usize,
    tolerance: Option<f64>,
}

impl<G> Events<G> {
    /// Events where a component of `condition`, a function of the time and the state, is zero.
    pub fn new(condition: G) -> Self {
        Self {
            condition,
            directions: vec![Direction::Any],
            terminal: vec![true],
            interior: 4,
            tolerance: None,
        }
    }

    /// The direction of all components.
    #[must_use]
    pub fn direction(self, direction: Direction) -> Self {
        self.directions([direction])
    }

    /// The direction of each component.
    #[must_use]
    pub fn directions(mut self, directions: impl Into<Vec<Direction>>) -> Self {
        self.directions = directions.into();
        self
    }

    /// Events of all components are recorded, and the solve goes on.
    #[must_use]
    pub fn recorded(self) -> Self {
        self.terminal([false])
    }

    /// For each component whether its event ends the solve; those of the others are recorded.
    #[must_use]
    pub fn terminal(mut self, terminal: impl Into<Vec<bool>>) -> Self {
        self.terminal = terminal.into();
        self
    }

    /// At how many points inside every step signs are compared, besides its end; 4 by default. Two changes of sign
    /// between two of them are not seen.
    #[must_use]
    pub fn interior_points(mut self, points: usize) -> Self {
        self.interior = points;
        self
    }

    /// How exactly times are found. By default the absolute tolerance of the solver, but at least four units in the
    /// last place of the time.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// Whether the options fit a condition of so many components.
    fn check(&self, components: usize) -> Result<(), SolveError> {
        if components == 0 {
            return Err(invalid("events", "the condition has no components".to_owned()));
        }
        let fits = |count: usize| count == 1 || count == components;
        if !fits(self.directions.len()) {
            let problem = format!("{} for {components} components", self.directions.len());
            return Err(invalid("directions", problem));
        }
        if !fits(self.terminal.len()) {
            let problem = format!("{} for {components} components", self.terminal.len());
            return Err(invalid("terminal", problem));
        }
        match self.tolerance {
            Some(tolerance) if !(tolerance >= 0.0 && tolerance.is_finite()) => Err(invalid(
                "tolerance",
                format!("{tolerance} is not a number of at least 0"),
            )),
            _ => Ok(()),
        }
    }

    fn direction_of(&self, component: usize) -> Direction {
        self.directions[component % self.directions.len()]
    }

    fn is_terminal(&self, component: usize) -> bool {
        self.terminal[component % self.terminal.len()]
    }

    fn has_terminal(&self) -> bool {
        self.terminal.contains(&true)
    }
}

/// One event.
#[derive(Debug, Clone)]
pub struct Occurrence<S> {
    /// Which component of the condition is zero.
    pub component: usize,
    /// Whether it rises.
    pub rises: bool,
    /// When.
    pub time: f64,
    /// The time as a tensor, `[1]`, with the gradient of the implicit function:
    /// `dt/d· = -(∂g/∂y · ∂y/∂· + ∂g/∂·) / (∂g/∂t + ∂g/∂y · f)`.
    pub moment: Tensor<1>,
    /// The state there; its gradient includes that of the time.
    pub state: S,
}

/// A solve up to an event.
#[derive(Debug, Clone)]
pub struct EventSolution<S> {
    /// All events in the order of their times. The last one ended the solve, if one of them is terminal.
    pub events: Vec<Occurrence<S>>,
    /// The time of the terminal event, or the limit if all events are only recorded.
    pub end: f64,
    /// The state there.
    pub state: S,
    /// What finding the events took. Gradients make the accepted steps a second time, which is not in it.
    pub statistics: Statistics,
}

impl Solver {
    /// Solves from `start` to the first terminal event, at most to `limit`.
    ///
    /// On an autodiff device, times and states of events have gradients with respect to the initial state, and to
    /// whatever the dynamics and the condition depend on. States between the ends of steps are interpolated, so that
    /// the dynamics may be evaluated past an event, as far as the step goes.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with any [`SolveError`]; [`SolveError::EventNotFound`] if there is no terminal event up to
    /// `limit`, [`SolveError::GrazingEvent`] where the condition only touches zero, so that the time has no gradient.
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
            return found.plain(events);
        }
        let (solver, times) = self.again(&found, [start, limit]);
        let solution = solver.solve(dynamics, initial, &times)?;
        found.tracked(events, solution, &|time, state| {
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
        let has_tracked = !flatten(module).is_empty();
        let is_lifted = has_tracked || initial.components().iter().any(Tensor::is_autodiff);
        let dynamics = |time: f64, state: S| plain.evaluate(time, state.plain());
        let found = self.find(&dynamics, &initial, [start, limit], events, is_lifted)?;
        if !is_lifted {
            return found.plain(events);
        }
        let (solver, times) = self.again(&found, [start, limit]);
        let solution = solver.solve_module(module, initial, &times)?;
        found.tracked(events, solution, &|time, state| plain.evaluate(time, state))
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
        let dynamics = |time: f64, state: S| dynamics.evaluate(time, lift(state)).plain();
        let condition = |time: f64, state: S| (events.condition)(time, lift(state)).without_autodiff();
        let mut detector = Detector::new(
            events,
            &condition,
            &dynamics,
            self.curve(),
            self.method().is_adaptive(),
            self.event_tolerance(events),
        );
        detector.begin(times[0], &initial)?;
        let run = self.run(Task::new(&dynamics, initial, &times), &mut |step| {
            detector.observe(step)
        })?;
        let (crossings, end, evaluations) = detector.finish()?;
        let mut statistics = run.solution.statistics;
        statistics.evaluations += evaluations;
        let found = Found {
            crossings,
            end,
            statistics,
        };
        if events.has_terminal() && !found.is_ended(events) {
            return Err(Failure {
                error: SolveError::EventNotFound { limit: times[1] },
                partial: Some(Box::new(run.solution)),
            });
        }
        Ok(found)
    }

    /// The solver and the times with which a solve up to the last event is made again: with the same steps where they do not vary, while
    /// an adaptive method chooses them anew.
    fn again<S>(&self, found: &Found<S>, [start, limit]: [f64; 2]) -> (Self, Vec<f64>) {
        let end = found.end.0;
        let mut times = vec![start];
        for time in found.crossings.iter().map(|crossing| crossing.time).chain([end]) {
            if times.last() != Some(&time) {
                times.push(time);
            }
        }
        let mut solver = self.clone();
        if !self.method().is_adaptive() && self.options.step_size.is_none() {
            let grid = self.options.grid.clone().unwrap_or_else(|| vec![start, limit]);
            let direction = (limit - start).signum();
            let made = grid.into_iter().filter(|point| direction * point <= direction * end);
            solver.options.grid = Some(made.collect());
        }
        (solver, times)
    }

    fn event_tolerance<G>(&self, events: &Events<G>) -> f64 {
        let absolute = self.options.tolerances.as_ref().map(|tolerances| &tolerances.absolute);
        events.tolerance.unwrap_or(match absolute {
            Some(Tolerance::Same(absolute)) => *absolute,
            _ => 1e-8,
        })
    }
}

/// The events of a plain solve.
struct Found<S> {
    crossings: Vec<Crossing<S>>,
    /// The end of the last step that was made, and the state there.
    end: (f64, S),
    statistics: Statistics,
}

impl<S: State> Found<S> {
    fn is_ended<G>(&self, events: &Events<G>) -> bool {
        let last = self.crossings.last();
        last.is_some_and(|crossing| events.is_terminal(crossing.component))
    }

    fn plain<G>(self, events: &Events<G>) -> Result<EventSolution<S>, Failure<S>> {
        let is_ended = self.is_ended(events);
        let device = self.end.1.components()[0].device();
        let occurrences: Vec<_> = self
            .crossings
            .into_iter()
            .map(|crossing| Occurrence {
                component: crossing.component,
                rises: crossing.rises,
                time: crossing.time,
                moment: moment(crossing.time, &crossing.state, &device),
                state: crossing.state,
            })
            .collect();
        Ok(finish(occurrences, is_ended, self.end, self.statistics))
    }

    /// With the gradients of a solution at the times of the events.
    fn tracked<G: Fn(f64, S) -> Tensor<1>>(
        self,
        events: &Events<G>,
        solution: Solution<S>,
        slope_at: &dyn Fn(f64, S) -> S,
    ) -> Result<EventSolution<S>, Failure<S>> {
        let is_ended = self.is_ended(events);
        let state_at = |time: f64| {
            let index = solution.times.iter().position(|&requested| requested == time);
            solution.states[index.expect("every event is requested")].clone()
        };
        let mut occurrences = Vec::new();
        for crossing in self.crossings {
            let state = state_at(crossing.time);
            let value = (events.condition)(crossing.time, state.clone()).narrow(0, crossing.component, 1);
            // Zero, with the gradient of the implicit function.
            let shift = match value.is_autodiff() {
                true => (value.clone() - value.detach()).div_scalar(-crossing.rate),
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
        let end = (self.end.0, solution.into_last());
        Ok(finish(occurrences, is_ended, end, self.statistics))
    }
}

fn finish<S: Clone>(
    events: Vec<Occurrence<S>>,
    is_ended: bool,
    end: (f64, S),
    statistics: Statistics,
) -> EventSolution<S> {
    let (end, state) = match events.last() {
        Some(last) if is_ended => (last.time, last.state.clone()),
        _ => end,
    };
    EventSolution {
        events,
        end,
        state,
        statistics,
    }
}

fn moment(time: f64, like: &impl State, device: &Device) -> Tensor<1> {
    let dtype = like.components()[0].dtype();
    Tensor::from_data(TensorData::from([time]), (device, dtype))
}

/// The state on the autodiff device.
fn lifted<S: State>(state: &S) -> S {
    let components: Vec<_> = state.components().into_iter().map(Tensor::autodiff).collect();
    state.rebuild(&mut components.into_iter())
}
