//! Making the accepted steps of all samples again: the first steps of all, then the second ones and so on.

use std::ops::Range;

use burn::prelude::*;

use super::{
    SampleDynamics,
    rows::{self, Lanes, RowStep},
    sample::RecordedStep,
    table::Table,
};
use crate::{SolveError, solver::step::Span, tableau::Tableau};

/// The accepted steps of every sample; none of those that failed.
pub(super) struct Record {
    pub(super) tableau: &'static Tableau,
    pub(super) steps: Vec<Vec<RecordedStep>>,
    pub(super) times: Vec<Vec<f64>>,
}

impl Record {
    /// The most steps of a sample.
    pub(super) fn rounds(&self) -> usize {
        self.steps.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// The samples that take part in a round.
    pub(super) fn lanes(&self, round: usize) -> Vec<usize> {
        (0..self.steps.len())
            .filter(|&sample| self.steps[sample].len() > round)
            .collect()
    }

    /// Makes the steps of some rounds, from the states `[lanes, features]` of the samples of the first of them. The
    /// states of the samples of the round after, if there are any, and the states at requested times.
    pub(super) fn run<const D: usize, F: SampleDynamics<D> + ?Sized>(
        &self,
        dynamics: &F,
        shape: [usize; D],
        mut state: Tensor<2>,
        rounds: Range<usize>,
    ) -> Result<(Tensor<2>, Table), SolveError> {
        let mut table = Table::default();
        let mut lanes = Lanes {
            dynamics,
            indices: self.lanes(rounds.start),
        };
        // The slopes at the ends of the steps before, and the times of their evaluation.
        let mut carried: Option<(Vec<f64>, Tensor<2>)> = None;
        for round in rounds {
            let steps: Vec<&RecordedStep> = lanes.indices.iter().map(|&sample| &self.steps[sample][round]).collect();
            let spans: Vec<Span> = steps.iter().map(|step| step.span).collect();
            let firsts: Vec<f64> = spans.iter().map(|span| span.first).collect();
            let first = match carried.take() {
                Some((times, slope)) if times == firsts => slope,
                _ => lanes.evaluate(&firsts, state.clone(), shape)?,
            };
            let mut step = rows::take(self.tableau, &spans, &state, first, |times, state| {
                lanes.evaluate(times, state, shape)
            })?;
            let ends: Vec<f64> = spans.iter().map(|span| span.last).collect();
            if !self.tableau.is_fsal {
                step.stages.push(lanes.evaluate(&ends, step.next.clone(), shape)?);
            }
            let (mut requests, mut owners) = (Vec::new(), Vec::new());
            for (lane, step) in steps.iter().enumerate() {
                let sample = lanes.indices[lane];
                for output in step.outputs.clone() {
                    requests.push((lane, self.times[sample][output]));
                    owners.push((sample, output));
                }
            }
            collect(&mut table, self.tableau, &spans, &state, &step, &requests, &owners);
            let slope = step.stages.pop().expect("a step has stages");
            state = step.next;

            let kept: Vec<usize> = (0..steps.len())
                .filter(|&lane| self.steps[lanes.indices[lane]].len() > round + 1)
                .collect();
            carried = Some((ends, slope));
            if kept.len() < steps.len() && !kept.is_empty() {
                let rows = rows::indices(&kept, &state.device());
                state = state.select(0, rows.clone());
                carried = carried.map(|(ends, slope)| {
                    let ends = kept.iter().map(|&lane| ends[lane]).collect();
                    (ends, slope.select(0, rows))
                });
                lanes.indices = kept.iter().map(|&lane| lanes.indices[lane]).collect();
            }
        }
        Ok((state, table))
    }
}

/// Adds the states of lanes at requested times in their steps.
pub(super) fn collect(
    table: &mut Table,
    tableau: &Tableau,
    spans: &[Span],
    before: &Tensor<2>,
    step: &RowStep,
    requests: &[(usize, f64)],
    owners: &[(usize, usize)],
) {
    let is_end = |&(lane, time): &(usize, f64)| time == spans[lane].end;
    let part = |ends: bool| -> (Vec<_>, Vec<_>) {
        let pairs = requests.iter().copied().zip(owners.iter().copied());
        pairs.filter(|(request, _)| is_end(request) == ends).unzip()
    };
    let (ends, end_owners) = part(true);
    if !ends.is_empty() {
        let lanes: Vec<usize> = ends.iter().map(|(lane, _)| *lane).collect();
        let rows = rows::indices(&lanes, &step.next.device());
        table.push(end_owners, step.next.clone().select(0, rows));
    }
    let (inside, inside_owners) = part(false);
    if !inside.is_empty() {
        let states = rows::interpolate(tableau, spans, before, &step.stages, &inside);
        table.push(inside_owners, states);
    }
}
