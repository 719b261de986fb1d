//! What a solve returns.

use crate::gradient::{BackwardReport, BackwardStatistics};

/// The states at the requested times.
#[derive(Debug, Clone)]
pub struct Solution<S> {
    /// The times, as requested.
    pub times: Vec<f64>,
    /// One state per time; the first is the initial one.
    pub states: Vec<S>,
    /// What the solve took.
    pub statistics: Statistics,
    pub(crate) report: BackwardReport,
}

impl<S> Solution<S> {
    /// What differentiating took: of a solve of a module in another gradient mode than `Direct`, after `backward()` of
    /// a loss that depends on a state after the first.
    pub fn backward(&self) -> Option<BackwardStatistics> {
        self.report.get()
    }

    /// The state at the last time.
    ///
    /// # Panics
    ///
    /// If `states` was emptied; a solve returns at least one.
    pub fn last(&self) -> &S {
        self.states.last().expect("a solution has its initial state")
    }

    /// The state at the last time.
    ///
    /// # Panics
    ///
    /// If `states` was emptied; a solve returns at least one.
    pub fn into_last(mut self) -> S {
        self.states.pop().expect("a solution has its initial state")
    }
}

/// Counts of one solve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Calls of the dynamics (NFE).
    pub evaluations: usize,
    /// Steps tried.
    pub attempts: usize,
    /// Steps made.
    pub accepted: usize,
    /// Steps tried again smaller.
    pub rejected: usize,
    /// Steps accepted only because they could not be smaller than `min_step`.
    pub forced: usize,
    /// Steps of implicit Adams whose correction did not converge.
    pub unconverged: usize,
    /// Whether the relative tolerance was raised to ten units in the last place of the state's precision.
    pub is_tolerance_raised: bool,
}
