use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{Losses, Step};
use crate::{Classifier, objective::brier};

/// Π-Model (Laine and Aila 2017): the predictions for two augmentations of an example should be equal. The first is a
/// constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PiModel {
    /// Weight of the squared distance after the warm-up; 5 on SVHN.
    pub weight: f64,
    /// Part of the run over which the weight grows from 0.
    pub warm_up: f64,
}

impl Default for PiModel {
    fn default() -> Self {
        Self {
            weight: 20.0,
            warm_up: 0.4,
        }
    }
}

impl PiModel {
    pub(super) fn validate(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        checks.not_negative("weight", self.weight)?;
        checks.share("warm_up", self.warm_up)
    }

    pub(super) fn losses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Losses {
        let labeled = step.labeled_loss();
        let predicted = step.predicted(step.batch.unlabeled[0].clone());
        let student = step.student(step.batch.unlabeled[1].clone());
        let distance = brier(student, predicted.clone()).mean();
        Losses::labeled(labeled).unlabeled(distance, self.weight * step.warm_up(self.warm_up), predicted)
    }
}
