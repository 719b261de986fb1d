//! Gradients of batches whose samples have steps of their own: exact for the steps that were made.

use burn::prelude::*;
use papers_core::vjp;

use super::{SampleDynamics, SampleSolution, SampleTimes, replay::Record, rows, table_of};
use crate::{
    SolveError, Solver, Statistics,
    gradient::{
        BackwardReport, BackwardStatistics,
        parameters::{Leaf, LocalModule, flatten, is_tracked},
    },
};

/// The solution with every operation of the accepted steps on the tape.
pub(super) fn on_the_tape<const D: usize>(
    dynamics: &(impl SampleDynamics<D> + ?Sized),
    initial: Tensor<D>,
    solved: SampleSolution<D>,
    record: &Record,
) -> Result<SampleSolution<D>, SolveError> {
    let shape = initial.dims();
    let flat = table_of(&initial);
    let rounds = record.rounds();
    if rounds == 0 {
        return Ok(solved);
    }
    let start = flat.clone().select(0, rows::indices(&record.lanes(0), &flat.device()));
    let (_, table) = record.run(dynamics, shape, start, 0..rounds)?;
    let counts: Vec<usize> = solved.times.iter().map(Vec::len).collect();
    let later = table
        .states(&flat, &counts)
        .into_iter()
        .map(|state| state.reshape(shape));
    let failed: Vec<bool> = solved.errors.iter().map(Option::is_some).collect();
    let mut states = vec![initial];
    // What failed keeps the values of the plain solve.
    states.extend(later.zip(&solved.states[1..]).map(|(state, plain)| {
        let plain = table_of(plain).autodiff();
        rows::choose(&failed, plain, table_of(&state)).reshape(shape)
    }));
    Ok(SampleSolution { states, ..solved })
}

/// The solution of a module with every operation of the accepted steps on the tape.
pub(super) fn direct<const D: usize, M: Module + SampleDynamics<D>>(
    solver: &Solver,
    module: &M,
    initial: Tensor<D>,
    times: SampleTimes,
) -> Result<SampleSolution<D>, SolveError> {
    let is_tracked = !flatten(module).is_empty() || is_tracked(&initial);
    let plain = initial.clone().without_autodiff();
    let (solved, record) = solver.run_samples(&module.valid(), &plain, times, is_tracked)?;
    match record {
        Some(record) => on_the_tape(module, initial.autodiff(), solved, &record),
        None => Ok(solved),
    }
}

/// The solution of a module with one node on the tape, which makes the accepted steps again, stretch by stretch from
/// the last to the first.
pub(super) fn checkpointed<const D: usize, M: Module + SampleDynamics<D> + 'static>(
    solver: &Solver,
    module: &M,
    initial: Tensor<D>,
    times: SampleTimes,
) -> Result<SampleSolution<D>, SolveError> {
    let parameters = flatten(module);
    let is_tracked = !parameters.is_empty() || is_tracked(&initial);
    if is_tracked {
        solver.check_tracked(&initial, &parameters)?;
    }
    let plain = initial.clone().without_autodiff();
    let (mut solved, record) = solver.run_samples(&module.valid(), &plain, times, is_tracked)?;
    let Some(record) = record else {
        return Ok(solved);
    };
    let shape = plain.dims();
    let pull = Pull {
        local: LocalModule::new(module, &plain),
        start: table_of(&plain),
        shape,
        record,
        every: solver.options.checkpoint_every,
    };
    let size = plain.shape().num_elements();
    let inputs = [initial.clone().reshape([size])].into_iter().chain(parameters);
    let input = Tensor::cat(inputs.map(Tensor::autodiff).collect(), 0);
    let outputs = solved.states[1..]
        .iter()
        .map(|state| state.clone().reshape([size]))
        .collect();
    let report = BackwardReport::default();
    let filled = report.clone();
    let values = input.clone().inner();
    let outputs = vjp::outputs(input, outputs, move |cotangents| match pull.gradient(cotangents) {
        Ok((gradient, evaluations)) => {
            filled.set(BackwardStatistics {
                statistics: Statistics {
                    evaluations,
                    ..Statistics::default()
                },
                ..BackwardStatistics::default()
            });
            // Without parameters their gradient is a stand-in of one element.
            gradient.narrow(0, 0, values.dims()[0])
        }
        Err(error) => {
            log::warn!("the backward solve failed, gradients are NaN: {error}");
            filled.set(BackwardStatistics {
                error: Some(error),
                ..BackwardStatistics::default()
            });
            values.full_like(f64::NAN)
        }
    });
    solved.states = vec![initial];
    solved
        .states
        .extend(outputs.into_iter().map(|state| state.reshape(shape)));
    solved.report = report;
    Ok(solved)
}

/// What the backward step needs.
struct Pull<M, const D: usize> {
    local: LocalModule<M>,
    /// The initial states, `[samples, features]`.
    start: Tensor<2>,
    shape: [usize; D],
    record: Record,
    /// Rounds between two states that are kept, if that was asked for.
    every: Option<usize>,
}

impl<const D: usize, M: Module + SampleDynamics<D> + 'static> Pull<M, D> {
    /// The gradients with respect to the initial states and the parameters, flat in one, and the evaluations it took.
    fn gradient(&self, cotangents: Vec<Option<Tensor<1>>>) -> Result<(Tensor<1>, usize), SolveError> {
        let calls = std::cell::Cell::new(0);
        let dynamics = |at: &super::Samples<'_>, state: Tensor<D>| {
            calls.set(calls.get() + 1);
            self.local.module().evaluate(at, state)
        };
        let stretches = self.checkpoints(&dynamics)?;
        let cotangents = self.by_requested_time(cotangents);
        let mut parameters = self.local.zeros();
        let mut carried: Option<Tensor<2>> = None;
        for (state, rounds) in stretches.into_iter().rev() {
            let leaf = Leaf::new(&state);
            let (end, table) = self.record.run(&dynamics, self.shape, leaf.state.clone(), rounds)?;
            let products = table.pieces().map(|(owners, piece)| {
                let samples = self.shape[0];
                let rows: Vec<usize> = owners
                    .iter()
                    .map(|(sample, output)| output * samples + sample)
                    .collect();
                let cotangent = cotangents.clone().select(0, rows::indices(&rows, &cotangents.device()));
                (piece.clone() * cotangent.autodiff()).sum()
            });
            let carried_on = carried.take().map(|carried| (end * carried.autodiff()).sum());
            let terms = products.chain(carried_on).filter(is_tracked);
            let gradient = match terms.reduce(|sum, term| sum + term) {
                Some(loss) => {
                    let gradients = loss.backward();
                    parameters = parameters + self.local.gradient(&gradients);
                    leaf.gradient(&gradients).swap_remove(0)
                }
                None => None,
            };
            carried = Some(gradient.map_or_else(|| state.zeros_like(), |flat| flat.reshape(state.dims())));
        }
        let initial = match carried {
            Some(carried) => spread(carried, &self.record.lanes(0), &self.start),
            None => self.start.zeros_like(),
        };
        let size = initial.shape().num_elements();
        Ok((Tensor::cat(vec![initial.reshape([size]), parameters], 0), calls.get()))
    }

    /// About as many stretches of rounds as rounds in each, with the states before them.
    fn checkpoints(
        &self,
        dynamics: &impl SampleDynamics<D>,
    ) -> Result<Vec<(Tensor<2>, std::ops::Range<usize>)>, SolveError> {
        let rounds = self.record.rounds();
        let every = self.every.unwrap_or((rounds as f64).sqrt().ceil().max(1.0) as usize);
        let lanes = rows::indices(&self.record.lanes(0), &self.start.device());
        let mut state = self.start.clone().select(0, lanes);
        let mut stretches = Vec::new();
        for start in (0..rounds).step_by(every) {
            let stretch = start..(start + every).min(rounds);
            let before = state.clone();
            if stretch.end < rounds {
                let lifted = state.autodiff();
                let (end, _) = self.record.run(dynamics, self.shape, lifted, stretch.clone())?;
                state = end.without_autodiff();
            }
            stretches.push((before, stretch));
        }
        Ok(stretches)
    }

    /// The gradients as rows: `[times · samples, features]`. What flows to repeated last states goes to the last ones.
    fn by_requested_time(&self, cotangents: Vec<Option<Tensor<1>>>) -> Tensor<2> {
        let zeros = self.start.zeros_like();
        let mut parts = vec![zeros.clone()];
        for cotangent in cotangents {
            parts.push(cotangent.map_or_else(|| zeros.clone(), |flat| flat.reshape(zeros.dims())));
        }
        for index in (1..parts.len()).rev() {
            let is_repeated: Vec<bool> = self.record.times.iter().map(|times| times.len() <= index).collect();
            if is_repeated.contains(&true) {
                let repeated = rows::choose(&is_repeated, parts[index].clone(), zeros.clone());
                parts[index - 1] = parts[index - 1].clone() + repeated;
            }
        }
        Tensor::cat(parts, 0)
    }
}

/// The rows of some samples in a table of all, zeros elsewhere.
fn spread(rows: Tensor<2>, samples: &[usize], all: &Tensor<2>) -> Tensor<2> {
    let count = all.dims()[0];
    let missing = rows.dims()[0];
    let padded = Tensor::cat(vec![rows, all.clone().narrow(0, 0, 1).zeros_like()], 0);
    let mut positions = vec![missing; count];
    for (position, &sample) in samples.iter().enumerate() {
        positions[sample] = position;
    }
    padded.select(0, rows::indices(&positions, &all.device()))
}
