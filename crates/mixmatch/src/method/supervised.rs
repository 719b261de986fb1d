use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{Losses, Step};
use crate::{Classifier, StepError};

/// Labeled examples alone. With all labels and MixUp it is the paper's fully supervised baseline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supervised {
    /// `α` of MixUp with the reversed batch; none for no MixUp. The paper's fully supervised runs use 0.5.
    pub alpha: Option<f64>,
}

impl Supervised {
    pub(super) fn validate(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        self.alpha.map_or(Ok(()), |alpha| checks.positive("alpha", alpha))
    }

    pub(super) fn losses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Result<Losses, StepError> {
        let Some(alpha) = self.alpha else {
            return Ok(Losses::labeled(step.labeled_loss()));
        };
        let mixing = step.reversed_mixing("supervised/lambda", alpha)?;
        let (inputs, targets) = (step.batch.labeled.clone(), step.batch.targets.clone());
        Ok(Losses::labeled(
            step.labeled_loss_of(mixing.apply(inputs), mixing.apply(targets)),
        ))
    }
}
