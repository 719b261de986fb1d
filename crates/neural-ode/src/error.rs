//! What can go wrong in a solve. Errors are values: bad input never panics.

use crate::{Solution, method::UnknownMethod};

/// Why there is no solution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SolveError {
    /// Fewer than two times, times that are not strictly monotone or not finite, or a time outside a dense solution.
    #[error("invalid times: {problem}")]
    InvalidTimes {
        /// What is wrong with them.
        problem: String,
    },
    /// A tolerance that is negative or not finite, both zero, or tolerances that do not fit the state.
    #[error("invalid tolerance: {problem}")]
    InvalidTolerance {
        /// What is wrong with it.
        problem: String,
    },
    /// An initial state without elements.
    #[error("the initial state has no elements (shapes {shapes:?})")]
    InvalidState {
        /// The shapes of its tensors.
        shapes: Vec<Vec<usize>>,
    },
    /// An initial state with NaN or infinite elements.
    #[error("the initial state is not finite")]
    NonFiniteInitialState,
    /// An option out of range, or one that the method does not have.
    #[error("invalid option `{option}`: {problem}")]
    InvalidOption {
        /// Name of the builder's function.
        option: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A name that no method has.
    #[error(transparent)]
    UnknownMethod(#[from] UnknownMethod),
    /// The dynamics return another shape than that of the state.
    #[error("the dynamics return shapes {got:?} for a state of shapes {expected:?}")]
    ShapeMismatch {
        /// The shapes of the state.
        expected: Vec<Vec<usize>>,
        /// The shapes of the result.
        got: Vec<Vec<usize>>,
    },
    /// The dynamics give NaN or infinity here, or the state has grown out of range.
    #[error("the dynamics are not finite at t = {time}")]
    NonFiniteDynamics {
        /// The time of the last finite state, of the first that is not with a fixed step.
        time: f64,
    },
    /// The step needed is too small to advance the time: the solution blows up, or the equation is stiff.
    #[error("the step {step:e} needed at t = {time} is too small; the solution may blow up, or the equation be stiff")]
    StepUnderflow {
        /// The time reached.
        time: f64,
        /// The step that did not advance it.
        step: f64,
    },
    /// An implicit method whose stages have no solution that Newton's method finds.
    #[error(
        "Newton's method does not converge at t = {time} with a step of {step:e}; take smaller steps, or allow more with `max_iterations`"
    )]
    NoConvergence {
        /// Where the step begins.
        time: f64,
        /// The step, the smallest that was tried.
        step: f64,
    },
    /// The whole solve takes more steps than allowed.
    #[error("the end is not reached in {steps} steps, only t = {time}; allow more with `max_steps`")]
    MaxSteps {
        /// The time reached.
        time: f64,
        /// The steps attempted.
        steps: usize,
    },
    /// No terminal event before the limit.
    #[error("no terminal event up to t = {limit}")]
    EventNotFound {
        /// The limit.
        limit: f64,
    },
    /// A condition that crosses zero without a slope: the time of the event has no gradient.
    #[error(
        "component {component} of the event grazes zero at t = {time}: its time is not defined by a change of sign"
    )]
    GrazingEvent {
        /// Where.
        time: f64,
        /// Which component.
        component: usize,
    },
    /// A condition that is NaN or infinite.
    #[error("the condition of the event is not finite at t = {time}")]
    NonFiniteEvent {
        /// Near which time.
        time: f64,
    },
    /// The device could not compute or be read.
    #[error("the device failed: {problem}")]
    Device {
        /// What it reports.
        problem: String,
    },
}

impl SolveError {
    /// The time at which the solve failed, if it failed on its way.
    pub fn time(&self) -> Option<f64> {
        match self {
            Self::NonFiniteDynamics { time }
            | Self::StepUnderflow { time, .. }
            | Self::NoConvergence { time, .. }
            | Self::MaxSteps { time, .. }
            | Self::GrazingEvent { time, .. }
            | Self::NonFiniteEvent { time } => Some(*time),
            _ => None,
        }
    }
}

/// A solve that failed, and how far it came.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Failure<S> {
    /// Why.
    #[source]
    pub error: SolveError,
    /// The states at the times that were reached, then the state after the last accepted step, and the statistics of
    /// the run; `None` if it never began.
    pub partial: Option<Box<Solution<S>>>,
}

impl<S> From<SolveError> for Failure<S> {
    fn from(error: SolveError) -> Self {
        Self { error, partial: None }
    }
}

impl<S> From<Failure<S>> for SolveError {
    fn from(failure: Failure<S>) -> Self {
        failure.error
    }
}
