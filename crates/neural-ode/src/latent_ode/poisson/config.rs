//! What a run on times of events is made of.

use papers_core::base::config::{Checks, ConfigError, Preset, RunConfig, Schedule};
use serde::{Deserialize, Serialize};

use crate::settings::{OptimizerConfig, SolverConfig};

/// The experiments of this module.
pub const PRESETS: &[Preset] = &[Preset {
    name: "poisson",
    toml: include_str!("../../../experiments/poisson.toml"),
}];

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoissonConfig {
    /// Sequences of one update.
    pub batch: usize,
    /// The sequences.
    pub data: DataConfig,
    /// The networks.
    pub sizes: Sizes,
    /// The solver of training and evaluation.
    pub solver: SolverConfig,
    /// The rule of learning.
    pub optimizer: OptimizerConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// Which sequences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Sequences to train on.
    pub train: usize,
    /// Sequences on which anything is selected.
    pub validation: usize,
    /// Sequences used for nothing but the numbers reported.
    pub test: usize,
    /// They are observed from 0 to this time.
    pub end: f64,
}

/// Sizes of the networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Dimension of the latent state.
    pub latent: usize,
    /// Units of both hidden layers of the dynamics.
    pub dynamics: usize,
}

impl RunConfig for PoissonConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::top();
        checks.at_least(1, "batch", self.batch)?;
        checks.at_least(1, "data.train", self.data.train)?;
        checks.at_least(1, "data.validation", self.data.validation)?;
        checks.at_least(1, "data.test", self.data.test)?;
        checks.positive("data.end", self.data.end)?;
        checks.at_least(1, "sizes.latent", self.sizes.latent)?;
        checks.at_least(1, "sizes.dynamics", self.sizes.dynamics)?;
        checks.at_most(self.data.train, "batch", self.batch)?;
        self.solver.validate()?;
        self.optimizer.validate()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
