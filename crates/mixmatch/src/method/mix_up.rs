use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{Losses, Step};
use crate::{Classifier, StepError, objective::cross_entropy};

/// MixUp for semi-supervised learning: labeled examples are blended with each other, unlabeled ones likewise with their
/// predictions as labels. There is no warm-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixUp {
    /// `α` of the Beta distribution of blends; 0.25 on SVHN.
    pub alpha: f64,
    /// Weight of the cross-entropy of unlabeled examples.
    pub weight: f64,
}

impl Default for MixUp {
    fn default() -> Self {
        Self {
            alpha: 0.75,
            weight: 1.0,
        }
    }
}

impl MixUp {
    pub(super) fn validate(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        checks.positive("alpha", self.alpha)?;
        checks.not_negative("weight", self.weight)
    }

    pub(super) fn losses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Result<Losses, StepError> {
        let mixing = step.reversed_mixing("mix-up/labeled/lambda", self.alpha)?;
        let (inputs, targets) = (step.batch.labeled.clone(), step.batch.targets.clone());
        let labeled = step.labeled_loss_of(mixing.apply(inputs), mixing.apply(targets));

        let unlabeled = step.batch.unlabeled[0].clone();
        let predicted = step.predicted(unlabeled.clone());
        let mixing = step.reversed_mixing("mix-up/unlabeled/lambda", self.alpha)?;
        let student = step.student(mixing.apply(unlabeled));
        let loss = cross_entropy(student, mixing.apply(predicted.clone())).mean();
        Ok(Losses::labeled(labeled).unlabeled(loss, self.weight, predicted))
    }
}
