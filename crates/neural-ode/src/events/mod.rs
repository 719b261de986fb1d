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
mod solve;
mod trail;

use burn::prelude::*;

use crate::{BackwardStatistics, SolveError, Statistics, gradient::BackwardReport, solver::options::invalid};

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

    /// How exactly times are found. By default the absolute tolerance of the solver, the least one of several
    /// tensors, or what it is by default if there is one for each element; but at least four units in the
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
    /// What finding the events took. `Direct` gradients make the accepted steps a second time, which is not in it.
    pub statistics: Statistics,
    report: BackwardReport,
}

impl<S> EventSolution<S> {
    /// What differentiating took, as of [`Solution::backward`](crate::Solution::backward).
    pub fn backward(&self) -> Option<BackwardStatistics> {
        self.report.get()
    }
}
