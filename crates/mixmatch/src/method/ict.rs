use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{Losses, Step};
use crate::{Classifier, StepError, objective::brier};

/// Interpolation Consistency Training (Verma et al. 2019): the prediction for a blend of two examples should be the blend
/// of the averaged network's predictions for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ict {
    /// Weight of the squared distance after the warm-up; 20 on SVHN.
    pub weight: f64,
    /// `α` of the Beta distribution of blends; 0.5 on SVHN.
    pub alpha: f64,
    /// Part of the run over which the weight grows from 0.
    pub warm_up: f64,
}

impl Default for Ict {
    fn default() -> Self {
        Self {
            weight: 1000.0,
            alpha: 0.75,
            warm_up: 0.4,
        }
    }
}

impl Ict {
    pub(super) fn validate(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        checks.not_negative("weight", self.weight)?;
        checks.positive("alpha", self.alpha)?;
        checks.share("warm_up", self.warm_up)
    }

    pub(super) fn losses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Result<Losses, StepError> {
        let labeled = step.labeled_loss();
        let unlabeled = step.batch.unlabeled[0].clone();
        let taught = step.taught(unlabeled.clone());
        let mixing = step.reversed_mixing("ict/lambda", self.alpha)?;
        let student = step.student(mixing.apply(unlabeled));
        let distance = brier(student, mixing.apply(taught.clone())).mean();
        let weight = self.weight * step.warm_up(self.warm_up);
        Ok(Losses::labeled(labeled).unlabeled(distance, weight, taught))
    }
}
