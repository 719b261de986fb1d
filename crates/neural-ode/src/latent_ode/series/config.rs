//! What a run on a table of series is made of.

use papers_core::base::config::{Checks, ConfigError, Preset, RunConfig, Schedule};
use serde::{Deserialize, Serialize};

use crate::{
    GradientMode,
    latent_ode::model::Sizes,
    settings::{OptimizerConfig, SolverConfig},
};

/// The experiments of this module.
pub const PRESETS: &[Preset] = &[Preset {
    name: "series",
    toml: include_str!("../../../experiments/series.toml"),
}];

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesConfig {
    /// Series of one update; fewer if there are not so many.
    pub batch: usize,
    /// The series.
    pub data: DataConfig,
    /// The networks.
    pub sizes: Sizes,
    /// The solver of training and forecasts: an explicit adaptive method, since every series has its own times.
    pub solver: SolverConfig,
    /// The rule of learning.
    pub optimizer: OptimizerConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// Which series, and what is asked of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A CSV file; without one, built-in pendulums.
    #[serde(default)]
    pub table: Option<String>,
    /// The column that names the series.
    pub id: String,
    /// The column of times, as numbers.
    pub time: String,
    /// Share of the span of each series, at its end, that is not trained on: forecasts are judged there.
    pub held_out: f64,
    /// How far beyond its last observation each series is forecast, as a share of its span.
    pub ahead: f64,
    /// Draws behind the bands of a forecast.
    pub draws: usize,
}

impl RunConfig for SeriesConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::top();
        checks.at_least(1, "batch", self.batch)?;
        checks.share_below_one("data.held_out", self.data.held_out)?;
        checks.positive("data.held_out", self.data.held_out)?;
        checks.positive("data.ahead", self.data.ahead)?;
        checks.at_least(20, "data.draws", self.data.draws)?;
        checks.at_least(1, "sizes.latent", self.sizes.latent)?;
        checks.at_least(1, "sizes.recurrent", self.sizes.recurrent)?;
        checks.at_least(1, "sizes.dynamics", self.sizes.dynamics)?;
        checks.at_least(1, "sizes.decoder", self.sizes.decoder)?;
        let method = self.solver.method;
        let has_tableau = method.tableau().is_some();
        let is_fit = method.is_adaptive() && has_tableau && !method.is_implicit();
        let problem = "must be an explicit adaptive method: every series has times of its own";
        checks.require(is_fit, "solver.method", problem)?;
        let is_fit = matches!(self.solver.gradient, GradientMode::Direct | GradientMode::Checkpointed);
        let problem = "must be `direct` or `checkpointed`: every series has steps of its own";
        checks.require(is_fit, "solver.gradient", problem)?;
        self.solver.validate()?;
        self.optimizer.validate()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
