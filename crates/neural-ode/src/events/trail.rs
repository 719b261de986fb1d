//! What a solve that looks for events leaves behind: its steps, and the states at what was found.

use super::detect::Crossing;
use crate::{
    Solution, Solver, State, Statistics,
    gradient::{BackwardReport, GradientMode, checkpointed::Record},
    solver::{dense::Segment, step::AcceptedStep},
};

/// The steps of a solve, and the times and states of the events in them.
pub(super) struct Trail<S> {
    /// The start, the events, each time once, and in the end the end.
    times: Vec<f64>,
    states: Vec<S>,
    /// For each event the index of its time.
    places: Vec<usize>,
    record: Record<S>,
    segments: Vec<Segment<S>>,
    keeps_segments: bool,
}

impl<S: State> Trail<S> {
    pub(super) fn new(solver: &Solver, start: f64, initial: &S) -> Self {
        Self {
            times: vec![start],
            states: vec![initial.clone()],
            places: Vec::new(),
            record: Record::new(solver, initial, Vec::new()),
            segments: Vec::new(),
            keeps_segments: solver.gradient_mode() == GradientMode::InterpolatedAdjoint,
        }
    }

    /// An accepted step with the events in it.
    pub(super) fn add(&mut self, step: &AcceptedStep<'_, S>, segment: Option<Segment<S>>, crossings: &[Crossing<S>]) {
        let first = self.times.len();
        for crossing in crossings {
            self.reach(crossing.time, &crossing.state);
            self.places.push(self.times.len() - 1);
        }
        self.record
            .push(step.span, &step.before.plain(), first..self.times.len());
        if self.keeps_segments {
            self.segments.extend(segment);
        }
    }

    /// A time after all others, unless it is the last of them.
    pub(super) fn reach(&mut self, time: f64, state: &S) {
        if self.times.last() != Some(&time) {
            self.times.push(time);
            self.states.push(state.clone());
        }
    }

    /// What there is of a solution.
    pub(super) fn partial(self, statistics: Statistics) -> Solution<S> {
        Solution {
            times: self.times,
            states: self.states,
            statistics,
            report: BackwardReport::default(),
        }
    }

    /// The solution of a solve that might have gone to `limit`, for each event the index of its time, and what gradients need.
    pub(super) fn finish(
        self,
        limit: f64,
        statistics: Statistics,
    ) -> (Solution<S>, Vec<usize>, Record<S>, Vec<Segment<S>>) {
        let record = self.record.found(self.times.clone(), limit);
        let solution = Solution {
            times: self.times,
            states: self.states,
            statistics,
            report: BackwardReport::default(),
        };
        (solution, self.places, record, self.segments)
    }
}
