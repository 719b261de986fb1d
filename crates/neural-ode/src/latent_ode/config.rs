//! What a run on the spirals is made of.

use papers_core::base::config::{ConfigError, Preset, RunConfig, Schedule};
use serde::{Deserialize, Serialize};

use super::{model::Sizes, spirals::WINDOW};
use crate::settings::{OptimizerConfig, SolverConfig, is_positive};

/// The experiments of this module.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "spirals",
        toml: include_str!("../../experiments/spirals.toml"),
    },
    Preset {
        name: "spirals-paper",
        toml: include_str!("../../experiments/spirals-paper.toml"),
    },
];

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
        let positive = |count: usize, key: &str| require(count > 0, key, "must be at least 1");
        positive(self.batch, "batch")?;
        positive(self.data.train, "data.train")?;
        positive(self.data.validation, "data.validation")?;
        positive(self.data.test, "data.test")?;
        positive(self.sizes.latent, "sizes.latent")?;
        positive(self.sizes.recurrent, "sizes.recurrent")?;
        positive(self.sizes.dynamics, "sizes.dynamics")?;
        positive(self.sizes.decoder, "sizes.decoder")?;
        require(
            self.batch <= self.data.train,
            "batch",
            "must not be larger than `data.train`",
        )?;
        // The baselines predict the second observation from the first.
        let observations = 2..=WINDOW;
        let problem = format!("must be from 2 to {WINDOW}, the times of a window");
        require(
            observations.contains(&self.data.observations),
            "data.observations",
            &problem,
        )?;
        is_positive("data.noise", self.data.noise)?;
        self.solver.validate()?;
        self.optimizer.validate()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

fn require(holds: bool, key: &str, problem: &str) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError::invalid(key, problem))
    }
}

#[cfg(test)]
mod tests {
    use papers_core::base::config;

    use super::*;

    fn preset(name: &str, sets: &[&str]) -> Result<LatentOdeConfig, papers_core::base::Error> {
        let preset = PRESETS.iter().find(|preset| preset.name == name).expect("a preset");
        let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
        config::resolve(preset.toml, None, &sets)
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
