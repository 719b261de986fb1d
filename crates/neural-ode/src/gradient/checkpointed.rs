//! Re-running accepted steps backwards, stretch by stretch.

use std::{
    cell::Cell,
    ops::{ControlFlow, Range},
};

use burn::prelude::*;

use super::{
    BackwardStatistics, Cotangent, Pullback, Pulled,
    parameters::{Leaf, LocalModule, pairing},
};
use crate::{
    Dynamics, Failure, Solution, SolveError, Solver, State, Statistics,
    solver::{Replay, Task, dense::Segment, step::Span},
};

/// An accepted step, without its states.
#[derive(Debug, Clone)]
struct RecordedStep {
    span: Span,
    /// Which of the requested times lie in it.
    outputs: Range<usize>,
}

/// What it takes to run the accepted steps again.
pub(crate) struct Record<S> {
    solver: Solver,
    times: Vec<f64>,
    steps: Vec<RecordedStep>,
    checkpoints: Checkpoints<S>,
    /// Of a solve that looked for events: how far it might have gone. Its times are those that were found.
    limit: Option<f64>,
}

/// States before some of the steps.
struct Checkpoints<S> {
    /// Steps between two of them.
    every: usize,
    /// Whether `every` grows, so that there are about as many of them as steps between two of them.
    is_growing: bool,
    states: Vec<S>,
}

impl<S: State> Checkpoints<S> {
    fn new(every: Option<usize>) -> Self {
        Self {
            every: every.unwrap_or(1),
            is_growing: every.is_none(),
            states: Vec::new(),
        }
    }

    fn offer(&mut self, step: usize, before: &S) {
        if step.is_multiple_of(self.every) {
            self.states.push(before.clone());
        }
        if self.is_growing && self.states.len() > 2 * self.every {
            self.every *= 2;
            let mut index = 0;
            self.states.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }

    /// The stretches of steps between checkpoints, in the order of the steps.
    fn stretches(&self, steps: usize) -> impl DoubleEndedIterator<Item = (&S, Range<usize>)> {
        self.states.iter().enumerate().map(move |(index, state)| {
            let start = index * self.every;
            (state, start..(start + self.every).min(steps))
        })
    }
}

/// Solves on plain tensors and remembers the accepted steps.
pub(super) fn record<S: State, M: Dynamics<S>>(
    solver: &Solver,
    module: &M,
    initial: S,
    times: &[f64],
) -> Result<(Solution<S>, Record<S>), Failure<S>> {
    let mut record = Record::new(solver, &initial, times.to_vec());
    if solver.is_multistep() {
        return Ok((solver.solve(module, initial, times)?, record));
    }
    let run = solver.run(Task::new(module, initial, times), &mut |step| {
        record.push(step.span, step.before, step.outputs.clone());
        ControlFlow::Continue(())
    })?;
    Ok((run.solution, record))
}

/// Runs the accepted steps again, stretch by stretch from the last to the first, each on a tape of its own.
pub(super) struct Checkpointed<M, S> {
    local: LocalModule<M>,
    record: Record<S>,
}

/// What a stretch gives when it is run again.
pub(crate) struct Stretch<S> {
    /// States at requested times, by their index.
    pub(crate) outputs: Vec<(usize, S)>,
    end: S,
}

impl<M: Module, S: State> Checkpointed<M, S> {
    pub(super) fn new(local: LocalModule<M>, record: Record<S>) -> Self {
        Self { local, record }
    }
}

impl<S: State, M: Module + Dynamics<S> + 'static> Pullback<S> for Checkpointed<M, S> {
    fn pull(self: Box<Self>, cotangents: Vec<Cotangent>) -> Result<Pulled, SolveError> {
        let Self { local, record } = *self;
        let evaluations = Cell::new(0);
        let dynamics = |time: f64, state: S| {
            evaluations.set(evaluations.get() + 1);
            local.module().evaluate(time, state)
        };
        // With respect to the state at the end of the stretch.
        let mut carried: Option<Cotangent> = None;
        let mut parameters = local.zeros();
        for (start, steps) in record.checkpoints.stretches(record.steps.len()).rev() {
            let leaf = Leaf::new(start);
            let stretch = record.run_again(&dynamics, leaf.state.clone(), steps)?;
            let at_outputs = stretch
                .outputs
                .iter()
                .map(|(index, state)| (state, &cotangents[*index - 1]));
            let pairs = at_outputs.chain(carried.iter().map(|carried| (&stretch.end, carried)));
            let terms = pairs.filter_map(|(state, cotangent)| pairing(state, cotangent));
            // Without a term, the loss depends on nothing from here on.
            if let Some(loss) = terms.reduce(|sum, term| sum + term) {
                let gradients = loss.backward();
                carried = Some(leaf.gradient(&gradients));
                parameters = parameters + local.gradient(&gradients);
            }
        }
        let tensors = record.checkpoints.states[0].components().len();
        Ok(Pulled {
            initial: carried.unwrap_or_else(|| vec![None; tensors]),
            parameters,
            report: BackwardStatistics {
                statistics: Statistics {
                    evaluations: evaluations.get(),
                    ..Statistics::default()
                },
                ..BackwardStatistics::default()
            },
        })
    }
}

impl<S: State> Record<S> {
    /// Of a solve from a state, with no steps yet.
    pub(crate) fn new(solver: &Solver, initial: &S, times: Vec<f64>) -> Self {
        let mut checkpoints = Checkpoints::new(solver.options.checkpoint_every);
        if solver.is_multistep() {
            // Its steps depend on each other, so that all of them are one stretch.
            checkpoints.states.push(initial.clone());
        }
        Self {
            solver: solver.clone(),
            times,
            steps: Vec::new(),
            checkpoints,
            limit: None,
        }
    }

    /// An accepted step.
    pub(crate) fn push(&mut self, span: Span, before: &S, outputs: Range<usize>) {
        if !self.solver.is_multistep() {
            self.checkpoints.offer(self.steps.len(), before);
        }
        self.steps.push(RecordedStep { span, outputs });
    }

    /// What a solve that might have gone to `limit` found: `times`, of which the last step holds all that no other does.
    pub(crate) fn found(mut self, times: Vec<f64>, limit: f64) -> Self {
        if let Some(last) = self.steps.last_mut() {
            last.outputs.end = times.len();
        }
        self.times = times;
        self.limit = Some(limit);
        self
    }

    /// Makes all steps again, on the tape of `start` and of what the dynamics hold.
    pub(crate) fn run_all_again<D: Dynamics<S> + ?Sized>(
        &self,
        dynamics: &D,
        start: S,
    ) -> Result<Stretch<S>, SolveError> {
        self.run_again(dynamics, start, 0..self.steps.len())
    }

    fn run_again<D: Dynamics<S> + ?Sized>(
        &self,
        dynamics: &D,
        start: S,
        steps: Range<usize>,
    ) -> Result<Stretch<S>, SolveError> {
        let replay = Replay::new(&self.solver, &self.times);
        let replay = match (replay, self.limit) {
            (Some(replay), None) => replay,
            (Some(replay), Some(_)) => replay.exact(),
            (None, None) => return self.solve_again(dynamics, start),
            (None, Some(limit)) => return self.step_again(dynamics, start, limit),
        };
        let mut stretch = Stretch {
            outputs: Vec::new(),
            end: start,
        };
        let mut slope = None;
        for RecordedStep { span, outputs } in &self.steps[steps] {
            let times = &self.times[outputs.clone()];
            let step = replay.step(dynamics, span, &stretch.end, slope, times)?;
            stretch.outputs.extend(outputs.clone().zip(step.states));
            stretch.end = step.next;
            slope = step.end_slope;
        }
        Ok(stretch)
    }

    /// A multistep method runs on its fixed grid again.
    fn solve_again<D: Dynamics<S> + ?Sized>(&self, dynamics: &D, start: S) -> Result<Stretch<S>, SolveError> {
        let solution = self.solver.solve(dynamics, start, &self.times)?;
        Ok(Stretch {
            end: solution.last().clone(),
            outputs: solution.states.into_iter().enumerate().skip(1).collect(),
        })
    }

    /// A multistep method that looked for events makes the same choices again, up to its last step: they depend on values
    /// only.
    fn step_again<D: Dynamics<S> + ?Sized>(
        &self,
        dynamics: &D,
        start: S,
        limit: f64,
    ) -> Result<Stretch<S>, SolveError> {
        let curve = self.solver.curve();
        let mut stretch = Stretch {
            outputs: Vec::new(),
            end: start.clone(),
        };
        let mut steps = self.steps.iter();
        self.solver
            .run(Task::new(dynamics, start, &[self.times[0], limit]), &mut |step| {
                let Some(recorded) = steps.next() else {
                    return ControlFlow::Break(());
                };
                stretch.end = step.next.clone();
                if !recorded.outputs.is_empty() {
                    let mut segment = Segment::of(step);
                    if self.solver.needs_end_slope() {
                        segment.set_end_slope(dynamics.evaluate(step.span.last, step.next.clone()));
                    }
                    let states = recorded
                        .outputs
                        .clone()
                        .map(|index| (index, segment.at(curve, self.times[index])));
                    stretch.outputs.extend(states);
                }
                match steps.as_slice() {
                    [] => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            })?;
        Ok(stretch)
    }
}
