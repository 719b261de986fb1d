//! What a run is made of.

mod data;
mod labels;
mod sources;

use papers_core::base::{
    config::{Checks, ConfigError, Preset, RunConfig, Schedule},
    presets,
};
use serde::{Deserialize, Serialize};

pub use data::DataConfig;
pub use labels::{LabelRule, PriorRule, Regime};
pub use sources::{FolderConfig, SyntheticConfig, TableConfig};

use crate::{
    data::BatchSizes,
    head::HeadKind,
    learner::LearnerConfig,
    model::{Sizes, bound::KlMode},
    network::ModelKind,
    objective::ObjectiveConfig,
};

/// The experiments.
pub const PRESETS: &[Preset] = presets![
    "digits",
    "synthetic",
    "fashion-reduced",
    "mnist-reduced",
    "fashion-5",
    "fashion-2",
    "fashion-unsupervised",
    "mnist-unsupervised",
    "table",
    "folder"
];

/// Rows of a batch, at most.
const MOST_ROWS: usize = 1 << 20;

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemiUnsupervisedConfig {
    /// Which model learns.
    #[serde(default)]
    pub model: ModelKind,
    /// Rows of an update.
    pub batch: BatchSizes,
    /// The examples, and which have labels.
    pub data: DataConfig,
    /// Sizes of the networks.
    pub sizes: Sizes,
    /// What is minimized.
    #[serde(default)]
    pub objective: ObjectiveConfig,
    /// The rule of learning.
    #[serde(default)]
    pub learner: LearnerConfig,
    /// How M1 names examples.
    #[serde(default)]
    pub head: HeadKind,
    /// What only VaDE needs.
    #[serde(default)]
    pub vade: VadeConfig,
    /// Beginnings to choose from.
    #[serde(default)]
    pub restarts: RestartsConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// How VaDE begins (section 3; Jiang et al. 2017).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VadeConfig {
    /// First updates, in which the networks learn to reconstruct without noise; the mixture is then fitted to what they make of
    /// the examples. Without them all points end in one cluster.
    pub pretraining: u64,
    /// Examples that the mixture is fitted to, at most.
    pub fitted: usize,
    /// Passes of that fit, at most.
    pub passes: usize,
}

impl Default for VadeConfig {
    fn default() -> Self {
        Self {
            pretraining: 500,
            fitted: 5000,
            passes: 200,
        }
    }
}

/// Several beginnings, of which the best goes on. It is chosen without labels, by the bound of the validation examples, or of
/// training examples where there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestartsConfig {
    /// Beginnings, each from other random weights.
    pub count: u64,
    /// Updates of each; together they are the first ones of the run.
    pub steps: u64,
}

impl Default for RestartsConfig {
    fn default() -> Self {
        Self { count: 1, steps: 0 }
    }
}

impl RestartsConfig {
    /// Updates of all beginnings.
    pub fn all_steps(&self) -> u64 {
        self.count.saturating_mul(self.steps)
    }
}

impl RunConfig for SemiUnsupervisedConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        self.data.validate()?;
        let sizes = Checks::of("sizes");
        sizes.at_least(1, "latent", self.sizes.latent)?;
        sizes.at_least(1, "auxiliary", self.sizes.auxiliary)?;
        sizes.require(!self.sizes.hidden.contains(&0), "hidden", "a layer needs a unit")?;
        sizes.require(
            self.sizes.prior_mean_init_std.is_finite() && self.sizes.prior_mean_init_std >= 0.0,
            "prior_mean_init_std",
            "must be at least 0",
        )?;
        self.validate_objective()?;
        self.validate_learner()?;
        for (name, rows) in [("labeled", self.batch.labeled), ("unlabeled", self.batch.unlabeled)] {
            let problem = format_args!("must be at most {MOST_ROWS}, not {rows}");
            Checks::of("batch").require(rows <= MOST_ROWS, name, problem)?;
        }
        if self.data.regime.has_labeled() {
            Checks::of("batch").at_least(1, "labeled", self.batch.labeled)?;
        }
        if self.data.regime.has_unlabeled() {
            Checks::of("batch").at_least(1, "unlabeled", self.batch.unlabeled)?;
        }
        let vade = Checks::of("vade");
        vade.at_least(1, "fitted", self.vade.fitted)?;
        vade.at_least(1, "passes", self.vade.passes)?;
        let (key, steps) = match self.restarts.count {
            0 | 1 => ("schedule.steps", self.schedule.steps),
            _ => ("restarts.steps", self.restarts.steps),
        };
        let pretraining = self.vade.pretraining;
        vade.require(
            self.model != ModelKind::Vade || (1..steps).contains(&pretraining),
            "pretraining",
            format_args!(
                "must be from 1 to less than `{key}`, {steps}, not {pretraining}: the components are fitted after it"
            ),
        )?;
        self.validate_restarts()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

impl SemiUnsupervisedConfig {
    fn validate_objective(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("objective");
        let objective = &self.objective;
        for (name, value) in [
            ("alpha", objective.alpha),
            ("weight_prior", objective.weight_prior),
            ("balance", objective.balance),
            ("free_bits", objective.free_bits),
        ] {
            checks.require(
                value.is_finite() && value >= 0.0,
                name,
                format_args!("must be at least 0, not {value}"),
            )?;
        }
        checks.require(
            objective.free_bits == 0.0 || objective.kl == KlMode::Analytic,
            "free_bits",
            "is for `objective.kl='analytic'` only: of single draws even those of no divergence are often above it",
        )?;
        checks.at_least(1, "samples", objective.samples)
    }

    /// Settings that the model makes no use of, and that are not what they are by default.
    pub fn unused(&self) -> Vec<&'static str> {
        let (objective, default) = (&self.objective, ObjectiveConfig::default());
        let has_classes = self.model.of_classes().is_some();
        let settings = [
            ("objective.alpha", has_classes, objective.alpha != default.alpha),
            ("objective.balance", has_classes, objective.balance != default.balance),
            (
                "objective.weighting",
                has_classes,
                objective.weighting != default.weighting,
            ),
            ("objective.kl", has_classes, objective.kl != default.kl),
            ("objective.warm_up", has_classes, objective.warm_up != default.warm_up),
            (
                "objective.samples",
                self.model != ModelKind::Vade,
                objective.samples != default.samples,
            ),
            ("head", self.model == ModelKind::M1, self.head != HeadKind::default()),
        ];
        let unused = settings.into_iter().filter(|&(_, is_used, is_set)| is_set && !is_used);
        unused.map(|(name, _, _)| name).collect()
    }

    fn validate_learner(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("learner");
        checks.positive("rate", self.learner.rate)?;
        checks.positive("decay", self.learner.decay)?;
        checks.require(
            (0.0..=1.0).contains(&self.learner.least),
            "least",
            "must be from 0 to 1",
        )?;
        checks.require(
            self.learner.clip.is_finite() && self.learner.clip >= 0.0,
            "clip",
            "must be at least 0",
        )
    }

    fn validate_restarts(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("restarts");
        checks.at_least(1, "count", self.restarts.count as usize)?;
        if self.restarts.count > 1 {
            checks.at_least(1, "steps", self.restarts.steps as usize)?;
        }
        let problem = "of more than one beginning would be ended by `schedule.early_stop` before the best one goes on; leave one of both out";
        checks.require(
            self.restarts.count == 1 || self.schedule.early_stop.is_none(),
            "count",
            problem,
        )?;
        checks.require(
            self.restarts.count == 1 || self.restarts.all_steps() < self.schedule.steps,
            "steps",
            format_args!(
                "{} beginnings of {} updates leave none of `schedule.steps`, {}, for the best one to go on",
                self.restarts.count, self.restarts.steps, self.schedule.steps
            ),
        )
    }
}
