use papers_core::base::journal::Scalars;

use super::{step::Improved, value_fit::Quality};

/// What one update of TRPO did and measured.
#[derive(Debug, Clone, PartialEq)]
pub struct TrpoReport {
    /// `KL(old || new)` of the step that was taken, in nats per state; 0 if none was.
    pub kl: f64,
    /// By how much the surrogate grew.
    pub improvement: f64,
    /// By how much the gradient promised the full step to make it grow.
    pub expected: f64,
    /// Number of the step that was taken: how often the full step was halved.
    pub accepted: Option<usize>,
    /// Updates in a row, this one included, in which no step was taken.
    pub rejections: u64,
    /// Entropy of the policy after the update, in nats per state.
    pub entropy: f64,
    /// Norm of the surrogate's gradient.
    pub gradient_norm: f64,
    /// Norm of the change of the parameters.
    pub step_norm: f64,
    /// Products with the Fisher matrix.
    pub fisher_products: usize,
    /// Mean squared error of the values before the update.
    pub value_loss_before: f64,
    /// And after it.
    pub value_loss: f64,
    /// `1 - Var(returns - values) / Var(returns)` before the update; nothing where all returns are equal.
    pub explained_variance: Option<f64>,
    /// Mean of what the value network is fitted to.
    pub mean_return: f64,
    /// What a reader of the run should know.
    pub warning: Option<TrpoWarning>,
}

/// Why the policy did not change.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrpoWarning {
    /// All advantages are equal, and the entropy has no weight.
    #[error("the gradient is zero, so the policy stays as it is; is the reward constant?")]
    ZeroGradient,
    /// The Fisher matrix has a direction without curvature, or numbers that are none.
    #[error("the Fisher matrix is not positive definite, so the policy stays as it is; raise `trpo.damping`")]
    NotPositiveDefinite,
    /// Too many updates without a step.
    #[error(
        "no step was accepted in the last {0} updates, so the policy stays as it is; lower `trpo.max_kl`, or use more samples"
    )]
    Rejections(u64),
}

impl TrpoReport {
    pub(super) fn new<P>(improved: &Improved<P>, before: &Quality, after: &Quality) -> Self {
        Self {
            kl: improved.kl,
            improvement: improved.improvement,
            expected: improved.expected,
            accepted: improved.accepted,
            rejections: improved.rejections,
            entropy: improved.entropy,
            gradient_norm: improved.gradient_norm,
            step_norm: improved.step_norm,
            fisher_products: improved.fisher_products,
            value_loss_before: before.loss,
            value_loss: after.loss,
            explained_variance: before.explained_variance,
            mean_return: before.mean_return,
            warning: improved.warning,
        }
    }

    /// The numbers for a run's journal, warning left out.
    pub fn scalars(&self) -> Scalars {
        let mut scalars: Scalars = [
            ("kl", self.kl),
            ("improvement", self.improvement),
            ("expected_improvement", self.expected),
            ("accepted", f64::from(u8::from(self.accepted.is_some()))),
            ("entropy", self.entropy),
            ("gradient_norm", self.gradient_norm),
            ("step_norm", self.step_norm),
            ("value_loss_before", self.value_loss_before),
            ("value_loss", self.value_loss),
            ("mean_return", self.mean_return),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let optional = [
            ("backtracks", self.accepted.map(|index| index as f64)),
            ("explained_variance", self.explained_variance),
        ];
        scalars.extend(
            optional
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?))),
        );
        scalars
    }
}
