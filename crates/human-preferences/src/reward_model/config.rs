use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use crate::{preference::ERROR_SHARE, reward_network::RewardNetworkConfig};

/// How the reward is learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RewardConfig {
    /// Networks of the ensemble (appendix A: 3).
    pub members: usize,
    /// Each network's form.
    pub network: RewardNetworkConfig,
    /// Step size of Adam.
    pub learning_rate: f64,
    /// Comparisons of one minibatch.
    pub batch: usize,
    /// Share of answers that are assumed to be random.
    pub error_share: f64,
    /// What is fitted.
    pub objective: Objective,
    /// Only so many of the latest comparisons are learned from; 0 for all (Atari: 3,000).
    pub window: usize,
    /// Weight decay that adapts itself to the held-out comparisons.
    pub l2: L2Config,
    /// The scale of predicted rewards.
    pub normalization: NormalizationConfig,
}

impl Default for RewardConfig {
    fn default() -> Self {
        Self {
            members: 3,
            network: RewardNetworkConfig::default(),
            learning_rate: 1e-3,
            batch: 64,
            error_share: ERROR_SHARE,
            objective: Objective::default(),
            window: 0,
            l2: L2Config::default(),
            normalization: NormalizationConfig::default(),
        }
    }
}

/// What the networks are fitted to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The comparisons, by cross-entropy (equation 1).
    #[default]
    Preference,
    /// The clips' true returns, by squared error: the paper's ablation `target`.
    Return,
}

/// Penalty on squared weights, adapted so that the loss of held-out comparisons stays between 1.1 and 1.5 times that of
/// the others (section 2.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct L2Config {
    /// Whether there is a penalty at all.
    pub enabled: bool,
    /// Its coefficient, at first.
    pub initial: f64,
    /// Whether it adapts itself; otherwise it stays as it is.
    pub adapt: bool,
    /// Held-out comparisons below which it is not adapted.
    pub fewest_held_out: usize,
}

impl Default for L2Config {
    fn default() -> Self {
        Self {
            enabled: true,
            initial: 1e-4,
            adapt: true,
            fewest_held_out: 20,
        }
    }
}

/// How predicted rewards are scaled before reinforcement learning: to mean 0 and a fixed deviation, by the statistics of
/// the latest batches of the policy (section 2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NormalizationConfig {
    /// Standard deviation of the ensemble's members (appendix A: 1 for robotics, 0.05 for Atari).
    pub deviation: f64,
    /// Batches of the policy that the statistics are of.
    pub batches: usize,
}

impl Default for NormalizationConfig {
    fn default() -> Self {
        Self {
            deviation: 1.0,
            batches: 10,
        }
    }
}

impl RewardConfig {
    /// Refuses what cannot be learned with.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming a key below `reward`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("reward");
        checks.at_least(1, "members", self.members)?;
        checks.at_least(1, "batch", self.batch)?;
        checks.at_least(1, "normalization.batches", self.normalization.batches)?;
        checks.positive("learning_rate", self.learning_rate)?;
        checks.positive("l2.initial", self.l2.initial)?;
        checks.positive("normalization.deviation", self.normalization.deviation)?;
        checks.share_below_one("error_share", self.error_share)?;
        self.network.validate()
    }
}
