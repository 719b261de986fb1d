//! What a network says about a whole set of pictures.

use std::time::{Duration, Instant};

use burn::{prelude::*, tensor::activation::softmax};
use papers_core::{Error, base::images::ImageSet, data::pixels, metrics};

use super::model::Classifier;
use crate::{SolveError, Solver};

/// Pictures that are classified at once; the adaptive solvers choose one step for all of them.
const BATCH: usize = 128;

/// Classes of all pictures of a set.
#[derive(Debug, Clone)]
pub struct Classification {
    /// The likeliest class of each picture.
    pub classes: Vec<usize>,
    /// Its probability, according to the network.
    pub confidences: Vec<f64>,
    /// Evaluations of the dynamics of each batch.
    pub evaluations: Vec<usize>,
    /// What it took.
    pub duration: Duration,
}

impl Classification {
    /// Share of the pictures whose class is another.
    pub fn error_rate(&self, set: &ImageSet) -> f64 {
        let truth: Vec<usize> = set.labels.iter().map(|&label| usize::from(label)).collect();
        metrics::error_rate(&self.classes, &truth)
    }

    /// Evaluations of the dynamics per batch.
    pub fn mean_evaluations(&self) -> f64 {
        self.evaluations.iter().sum::<usize>() as f64 / self.evaluations.len() as f64
    }
}

/// Why pictures could not be classified, or an ODE not be studied.
#[derive(Debug)]
pub struct EvaluateError(String);

impl EvaluateError {
    /// The error of a run after so many updates.
    pub fn at_step(self, step: u64) -> Error {
        Error::Step { step, message: self.0 }
    }
}

impl EvaluateError {
    pub(super) fn device(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl From<SolveError> for EvaluateError {
    fn from(error: SolveError) -> Self {
        Self(error.to_string())
    }
}

/// Classifies every picture of a set.
///
/// # Errors
///
/// What the solver or the device reports.
pub fn classify(model: &Classifier, set: &ImageSet, solver: &Solver) -> Result<Classification, EvaluateError> {
    let device = model.stem.first.weight.device();
    let started = Instant::now();
    let mut classification = Classification {
        classes: Vec::with_capacity(set.len()),
        confidences: Vec::with_capacity(set.len()),
        evaluations: Vec::new(),
        duration: Duration::ZERO,
    };
    let indices: Vec<usize> = (0..set.len()).collect();
    for batch in indices.chunks(BATCH) {
        let prediction = model
            .forward(pixels(set, batch, &device), solver)
            .map_err(SolveError::from)?;
        let probabilities = softmax(prediction.logits, 1)
            .try_into_data()
            .map_err(EvaluateError::device)?;
        for row in probabilities.iter::<f64>().collect::<Vec<_>>().chunks(set.classes) {
            let class = largest(row);
            classification.classes.push(class);
            classification.confidences.push(row[class]);
        }
        let evaluations = prediction
            .solution
            .map_or(0, |solution| solution.statistics.evaluations);
        classification.evaluations.push(evaluations);
    }
    classification.duration = started.elapsed();
    Ok(classification)
}

/// The place of the largest number of each row.
///
/// # Shapes
///
/// - values: `[rows, columns]`
///
/// # Errors
///
/// What the device reports.
pub(super) fn argmax(values: Tensor<2>) -> Result<Vec<usize>, EvaluateError> {
    let columns = values.dims()[1];
    let data = values.try_into_data().map_err(EvaluateError::device)?;
    Ok(data
        .iter::<f64>()
        .collect::<Vec<_>>()
        .chunks(columns)
        .map(largest)
        .collect())
}

/// The first place of the largest number; 0 where nothing is a number.
fn largest(row: &[f64]) -> usize {
    (0..row.len()).fold(0, |best, place| if row[place] > row[best] { place } else { best })
}
