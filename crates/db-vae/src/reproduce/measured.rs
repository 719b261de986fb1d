//! What runs measured by their end.

use papers_core::{
    Result,
    base::{
        journal::{self, Event, scalar},
        metrics::mean,
    },
    reproduce::{FinishedRun, of_row},
};

/// Evaluations at the end of a run whose mean is its number.
const LAST: usize = 3;

/// The means over the last evaluations of a run.
pub(super) struct Measured(Vec<Vec<(String, f64)>>);

impl Measured {
    pub(super) fn of(run: &FinishedRun) -> Result<Self> {
        let mut evaluations = Vec::new();
        for record in journal::read(&run.folder)? {
            if let Event::Evaluation { scalars, .. } = record.event {
                evaluations.push(scalars);
            }
        }
        Ok(Self(evaluations.split_off(evaluations.len().saturating_sub(LAST))))
    }

    pub(super) fn mean(&self, metric: &str) -> Option<f64> {
        let values: Vec<f64> = self.0.iter().filter_map(|scalars| scalar(scalars, metric)).collect();
        (!values.is_empty()).then(|| mean(&values))
    }
}

pub(super) fn measured(runs: &[FinishedRun], row: &str) -> Result<Vec<Measured>> {
    of_row(runs, row).into_iter().map(Measured::of).collect()
}

/// A metric of each run of a row, times `scale`.
pub(super) fn values(runs: &[Measured], metric: &str, scale: f64) -> Vec<f64> {
    runs.iter()
        .filter_map(|run| run.mean(metric))
        .map(|value| value * scale)
        .collect()
}
