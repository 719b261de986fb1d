use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

/// Settings of A2C, as the paper has them for Atari games; the weight of the value loss is common use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct A2cConfig {
    /// What a reward is worth one step earlier, γ.
    pub discount: f64,
    /// Weight of the policy's entropy.
    pub entropy_bonus: f64,
    /// Weight of the value network's loss.
    pub value_coefficient: f64,
    /// Norm to which longer gradients of all parameters together are cut.
    pub gradient_norm: f64,
    /// Learning rate at first.
    pub learning_rate: f64,
    /// Steps of all environments together over which the rate falls to 0 in a line; 0 leaves it as it is.
    pub learning_rate_steps: u64,
    /// What makes steps from gradients.
    pub optimizer: A2cOptimizer,
    /// What the optimizer's average of squared gradients keeps of itself in an update.
    pub decay: f64,
    /// What the optimizer adds to the root of that average.
    pub epsilon: f64,
}

/// What makes steps from gradients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum A2cOptimizer {
    /// That of most A2C programs, with the decay and ε that the paper gives.
    #[default]
    RmsProp,
    /// That which the paper names; its average of gradients keeps 0.9 of itself.
    Adam,
}

impl Default for A2cConfig {
    fn default() -> Self {
        Self {
            discount: 0.99,
            entropy_bonus: 0.01,
            value_coefficient: 0.5,
            gradient_norm: 0.5,
            learning_rate: 7e-4,
            learning_rate_steps: 80_000_000,
            optimizer: A2cOptimizer::RmsProp,
            decay: 0.99,
            epsilon: 1e-5,
        }
    }
}

impl A2cConfig {
    /// The learning rate after so many steps of all environments together.
    pub fn rate_after(&self, steps: u64) -> f64 {
        if self.learning_rate_steps == 0 {
            return self.learning_rate;
        }
        let left = 1.0 - steps as f64 / self.learning_rate_steps as f64;
        self.learning_rate * left.max(0.0)
    }

    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the key below `agent.a2c`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("agent.a2c");
        checks.share("discount", self.discount)?;
        checks.share_below_one("decay", self.decay)?;
        checks.not_negative("entropy_bonus", self.entropy_bonus)?;
        checks.not_negative("value_coefficient", self.value_coefficient)?;
        checks.positive("gradient_norm", self.gradient_norm)?;
        checks.positive("learning_rate", self.learning_rate)?;
        checks.positive("epsilon", self.epsilon)
    }
}
