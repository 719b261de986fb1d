use burn::prelude::*;

use crate::{Losses, StepError};

/// What one update measured before it changed the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Loss of the labeled examples.
    pub loss_x: f64,
    /// Loss of the unlabeled examples before its weight; 0 for methods without one.
    pub loss_u: f64,
    /// Weight of that loss in this update.
    pub weight: f64,
    /// Mean entropy of the predictions that VAT minimizes besides.
    pub entropy: Option<f64>,
    /// The sum that was minimized.
    pub loss: f64,
    /// What the method takes for the truth about the unlabeled examples.
    pub guesses: Option<Guesses>,
}

/// Probabilities of classes, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Guesses {
    /// All rows, one after the other.
    pub probabilities: Vec<f32>,
    /// Numbers of a row.
    pub classes: usize,
}

impl Guesses {
    /// The probabilities of each example.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.probabilities.chunks_exact(self.classes.max(1))
    }
}

impl Report {
    /// Reads everything from the device at once.
    pub(super) fn read(losses: &Losses, step: u64) -> Result<Self, StepError> {
        let mut parts = vec![losses.labeled.clone()];
        parts.extend(losses.unlabeled.clone());
        parts.extend(losses.entropy.clone());
        if let Some(guesses) = &losses.guesses {
            parts.push(guesses.clone().reshape([guesses.shape().num_elements()]));
        }
        let parts = parts.into_iter().map(Tensor::without_autodiff).collect();
        let data = Tensor::<1>::cat(parts, 0).try_into_data();
        let data = data.map_err(|error| StepError::Device(error.to_string()))?;
        Self::from_numbers(losses, step, &mut data.iter::<f64>())
    }

    fn from_numbers(losses: &Losses, step: u64, numbers: &mut dyn Iterator<Item = f64>) -> Result<Self, StepError> {
        // A number that is missing is none.
        let mut next = || numbers.next().unwrap_or(f64::NAN);
        let loss_x = next();
        let loss_u = losses.unlabeled.as_ref().map_or(0.0, |_| next());
        let entropy = losses.entropy.as_ref().map(|_| next());
        let loss = loss_x + losses.weight * loss_u + losses.entropy_weight * entropy.unwrap_or(0.0);
        let guesses = losses.guesses.as_ref().map(|guesses| Guesses {
            probabilities: numbers.map(|number| number as f32).collect(),
            classes: guesses.dims()[1],
        });
        let are_finite = guesses
            .iter()
            .all(|guesses| guesses.probabilities.iter().all(|value| value.is_finite()));
        // The weight may be 0 and hide an infinite loss.
        if !(loss.is_finite() && loss_u.is_finite() && are_finite) {
            return Err(StepError::NonFinite {
                step,
                loss_x,
                loss_u,
                weight: losses.weight,
            });
        }
        Ok(Self {
            loss_x,
            loss_u,
            weight: losses.weight,
            entropy,
            loss,
            guesses,
        })
    }
}
