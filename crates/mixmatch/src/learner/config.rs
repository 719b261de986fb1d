use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

/// The rule of learning, the same for all methods: Adam, then the average of the weights, then the decay of kernels.
/// Defaults are the paper's for CIFAR-10.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearnerConfig {
    /// Adam's rate, constant over the run; the average does what a falling rate does elsewhere.
    pub learning_rate: f64,
    /// `wd` of the released programs: each update multiplies kernels by `1 - weight_decay·learning_rate`, with the
    /// defaults by `1 - 4e-5`. (The paper prints ten times as much.)
    pub weight_decay: f64,
    /// What is kept of the average of the weights in each update. Runs of less than 5,000 updates need less, such as
    /// 0.99, or the average lags behind.
    pub ema: f64,
}

impl Default for LearnerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 0.002,
            weight_decay: 0.02,
            ema: 0.999,
        }
    }
}

impl LearnerConfig {
    /// What an update leaves of a kernel.
    pub fn kernel_factor(&self) -> f64 {
        1.0 - self.weight_decay * self.learning_rate
    }

    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the key below `learner`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("learner");
        checks.positive("learning_rate", self.learning_rate)?;
        checks.share("ema", self.ema)?;
        let decay = self.weight_decay;
        let problem = format_args!("must be 0 or more and at most 1 / `learner.learning_rate`, not {decay}");
        checks.require(decay >= 0.0 && self.kernel_factor() >= 0.0, "weight_decay", problem)
    }
}
