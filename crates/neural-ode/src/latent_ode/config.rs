//! What a run on the spirals is made of.

use papers_core::base::config::{Checks, ConfigError, Preset, RunConfig, Schedule};
use serde::{Deserialize, Serialize};

use super::{model::Sizes, spirals::WINDOW};
use crate::settings::{OptimizerConfig, SolverConfig};

/// The experiments of this module.
pub const PRESETS: &[Preset] = papers_core::base::presets!["spirals", "spirals-paper"];

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentOdeConfig {
    /// The model.
    pub model: ModelKind,
    /// Spirals of one update.
    pub batch: usize,
    /// The spirals.
    pub data: DataConfig,
    /// The networks.
    pub sizes: Sizes,
    /// The solver of training and evaluation.
    pub solver: SolverConfig,
    /// The rule of learning, Adam.
    pub optimizer: OptimizerConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// The models of the paper's table 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// The latent ODE.
    LatentOde,
    /// A recurrent network that predicts the next observation.
    Rnn,
    /// The same, with the time until then in its input.
    RnnDt,
}

impl ModelKind {
    /// All models.
    pub const ALL: [Self; 3] = [Self::LatentOde, Self::Rnn, Self::RnnDt];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::LatentOde => "latent-ode",
            Self::Rnn => "rnn",
            Self::RnnDt => "rnn-dt",
        }
    }
}

/// Which spirals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Spirals to train on.
    pub train: usize,
    /// Spirals on which anything is selected.
    pub validation: usize,
    /// Spirals used for nothing but the numbers reported.
    pub test: usize,
    /// Observed times of each, out of 100.
    pub observations: usize,
    /// Standard deviation of the noise on every coordinate, also that of the latent ODE's likelihood.
    pub noise: f64,
}

impl RunConfig for LatentOdeConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::top();
        checks.at_least(1, "batch", self.batch)?;
        checks.at_least(1, "data.train", self.data.train)?;
        checks.at_least(1, "data.validation", self.data.validation)?;
        checks.at_least(1, "data.test", self.data.test)?;
        checks.at_least(1, "sizes.latent", self.sizes.latent)?;
        checks.at_least(1, "sizes.recurrent", self.sizes.recurrent)?;
        checks.at_least(1, "sizes.dynamics", self.sizes.dynamics)?;
        checks.at_least(1, "sizes.decoder", self.sizes.decoder)?;
        checks.require(
            self.batch <= self.data.train,
            "batch",
            format_args!("must not be larger than `data.train`, {}", self.data.train),
        )?;
        // The baselines predict the second observation from the first.
        checks.require(
            (2..=WINDOW).contains(&self.data.observations),
            "data.observations",
            format_args!("must be from 2 to {WINDOW}, the times of a window"),
        )?;
        checks.positive("data.noise", self.data.noise)?;
        self.solver.validate()?;
        self.optimizer.validate()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

#[cfg(test)]
mod tests {
    use papers_core::base::config;

    use super::*;

    fn preset(name: &str, sets: &[&str]) -> Result<LatentOdeConfig, papers_core::base::Error> {
        config::experiment(PRESETS, name, sets)
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (set, key) in [
            ("data.observations=1", "data.observations"),
            ("data.observations=101", "data.observations"),
            ("data.noise=0.0", "data.noise"),
            ("data.test=0", "data.test"),
            ("sizes.latent=0", "sizes.latent"),
            ("batch=5000", "batch"),
            ("solver.step_size=-0.1", "solver.step_size"),
            ("solver.rtol=-1.0", "solver.rtol"),
            ("optimizer.drops=[1.5]", "optimizer.drops"),
        ] {
            let error = preset("spirals", &[set]).expect_err(set).to_string();
            assert!(error.contains(&format!("`{key}`")), "{set}: {error}");
        }
    }

    #[test]
    fn names_are_those_of_the_configuration() {
        for model in ModelKind::ALL {
            assert_eq!(serde_json::to_value(model).expect("a name"), model.name());
        }
    }
}
