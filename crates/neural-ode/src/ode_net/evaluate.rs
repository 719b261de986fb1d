//! What a network says about a whole set of pictures.

use burn::tensor::TensorReadError;
use papers_core::{Error, base::images::ImageSet, classification::Classification, data::pixels};

use super::model::Classifier;
use crate::{SolveError, Solver};

/// Pictures that are classified at once; the adaptive solvers choose one step for all of them.
const BATCH: usize = 128;

/// Classes of all pictures of a set, and what the ODE asked for.
#[derive(Debug, Clone)]
pub struct Classified {
    /// What the network says.
    pub classification: Classification,
    /// Evaluations of the dynamics of each batch.
    pub evaluations: Vec<usize>,
}

impl Classified {
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

impl From<TensorReadError> for EvaluateError {
    fn from(error: TensorReadError) -> Self {
        Self::device(error)
    }
}

/// Classifies every picture of a set.
///
/// # Errors
///
/// What the solver or the device reports.
pub fn classify(model: &Classifier, set: &ImageSet, solver: &Solver) -> Result<Classified, EvaluateError> {
    let device = model.stem.first.weight.device();
    let mut evaluations = Vec::new();
    let classification = Classification::of(set, BATCH, |batch| {
        let prediction = model
            .forward(pixels(set, batch, &device), solver)
            .map_err(SolveError::from)?;
        let solution = prediction.solution.as_ref();
        evaluations.push(solution.map_or(0, |solution| solution.statistics.evaluations));
        Ok::<_, EvaluateError>(prediction.logits)
    })?;
    Ok(Classified {
        classification,
        evaluations,
    })
}
