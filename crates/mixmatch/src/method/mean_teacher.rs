use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{Losses, Step};
use crate::{Classifier, objective::brier};

/// Mean Teacher (Tarvainen and Valpola 2017): a prediction should be that of the averaged weights for another
/// augmentation. The teacher uses the statistics of its batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeanTeacher {
    /// Weight of the squared distance after the warm-up; 150 on SVHN, 180 with its extra part.
    pub weight: f64,
    /// Part of the run over which the weight grows from 0.
    pub warm_up: f64,
}

impl Default for MeanTeacher {
    fn default() -> Self {
        Self {
            weight: 50.0,
            warm_up: 0.4,
        }
    }
}

impl MeanTeacher {
    pub(super) fn validate(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        checks.not_negative("weight", self.weight)?;
        checks.share("warm_up", self.warm_up)
    }

    pub(super) fn losses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Losses {
        let labeled = step.labeled_loss();
        let taught = step.taught(step.batch.unlabeled[0].clone());
        let student = step.student(step.batch.unlabeled[1].clone());
        let distance = brier(student, taught.clone()).mean();
        Losses::labeled(labeled).unlabeled(distance, self.weight * step.warm_up(self.warm_up), taught)
    }
}
