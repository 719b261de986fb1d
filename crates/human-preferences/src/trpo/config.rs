use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

/// Settings of TRPO. Discount, λ and entropy bonus are the paper's for robotics; the rest is common use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrpoConfig {
    /// What a reward is worth one step earlier, γ.
    pub discount: f64,
    /// How much of later rewards generalized advantage estimation lets through, λ: 0 trusts the value network after one
    /// step, 1 sums all rewards.
    pub lambda: f64,
    /// Weight of the policy's entropy (0.001 for the swimmer). The paper tuned it alone: under a reward that changes, a
    /// trust region may explore too little.
    pub entropy_bonus: f64,
    /// KL divergence from the old policy that a full step is expected to have, in nats per state, δ.
    pub max_kl: f64,
    /// Most iterations of conjugate gradients.
    pub conjugate_gradients: usize,
    /// Multiple of the identity that is added to the Fisher matrix.
    pub damping: f64,
    /// Every how many-th sample the Fisher matrix is averaged over; 1 takes all.
    pub fisher_every: usize,
    /// How often a step that is not accepted is halved.
    pub backtracks: usize,
    /// Passes over the samples in which the value network is fitted.
    pub value_epochs: usize,
    /// Samples of one step of that fit.
    pub value_batch: usize,
    /// Learning rate of that fit, which is Adam's.
    pub value_learning_rate: f64,
}

impl Default for TrpoConfig {
    fn default() -> Self {
        Self {
            discount: 0.995,
            lambda: 0.97,
            entropy_bonus: 0.01,
            max_kl: 0.01,
            conjugate_gradients: 10,
            damping: 0.1,
            fisher_every: 1,
            backtracks: 10,
            value_epochs: 5,
            value_batch: 128,
            value_learning_rate: 1e-3,
        }
    }
}

impl TrpoConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the key below `agent.trpo`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("agent.trpo");
        checks.share("discount", self.discount)?;
        checks.share("lambda", self.lambda)?;
        checks.not_negative("entropy_bonus", self.entropy_bonus)?;
        checks.not_negative("damping", self.damping)?;
        checks.positive("max_kl", self.max_kl)?;
        checks.positive("value_learning_rate", self.value_learning_rate)?;
        checks.at_least(1, "conjugate_gradients", self.conjugate_gradients)?;
        checks.at_least(1, "fisher_every", self.fisher_every)?;
        checks.at_least(1, "value_batch", self.value_batch)
    }
}
