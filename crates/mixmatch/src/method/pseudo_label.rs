use burn::tensor::activation::softmax;
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{Losses, Step};
use crate::{Classifier, objective::pseudo_label};

/// Pseudo-Label (Lee 2013): the likeliest class of a confident prediction is taken for the label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PseudoLabel {
    /// Weight of the cross-entropy after the warm-up; 2 on SVHN.
    pub weight: f64,
    /// The probability that a prediction must exceed.
    pub threshold: f64,
    /// Part of the run over which the weight grows from 0.
    pub warm_up: f64,
}

impl Default for PseudoLabel {
    fn default() -> Self {
        Self {
            weight: 1.0,
            threshold: 0.95,
            warm_up: 0.4,
        }
    }
}

impl PseudoLabel {
    pub(super) fn validate(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        checks.not_negative("weight", self.weight)?;
        checks.share("threshold", self.threshold)?;
        checks.share("warm_up", self.warm_up)
    }

    pub(super) fn losses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Losses {
        let labeled = step.labeled_loss();
        let logits = step.student(step.batch.unlabeled[0].clone());
        let guesses = softmax(logits.clone().without_autodiff(), 1);
        let loss = pseudo_label(logits, self.threshold).mean();
        Losses::labeled(labeled).unlabeled(loss, self.weight * step.warm_up(self.warm_up), guesses)
    }
}
