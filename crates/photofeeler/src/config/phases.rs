use std::path::PathBuf;

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use crate::model::VoterInput;

/// Phase 1: the base network learns what photos get.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasePhaseConfig {
    /// Updates.
    pub steps: u64,
    /// Photos of an update.
    #[serde(default = "photos")]
    pub batch: usize,
    /// Learning rate.
    #[serde(default = "rate")]
    pub rate: f64,
    /// Share of kernels that an update takes away, times the learning rate.
    #[serde(default = "weight_decay")]
    pub weight_decay: f64,
    /// Share of the updates after which the rate drops.
    #[serde(default = "drop_after")]
    pub drop_after: f64,
    /// What it drops to, as a share of itself.
    #[serde(default = "drop_to")]
    pub drop_to: f64,
    /// Whether pictures are mirrored at random.
    #[serde(default = "yes")]
    pub flips: bool,
    /// Updates from one look at the validation photos to the next; 0: one pass over the photos.
    #[serde(default)]
    pub validate_every: u64,
    /// What weights are chosen by.
    #[serde(default)]
    pub choose: Choose,
    /// Weights of the backbone to begin with, as safetensors (see the README); random ones without.
    #[serde(default)]
    pub weights: Option<PathBuf>,
}

/// What weights are chosen by, of those that were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choose {
    /// The least loss on the validation photos.
    #[default]
    Loss,
    /// The highest correlation with the validation photos' labels.
    Pearson,
    /// The last ones.
    Last,
}

/// Phase 2: voters and the small network above the frozen base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VoterPhaseConfig {
    /// Votes of an update.
    pub batch: usize,
    /// Learning rate.
    pub rate: f64,
    /// Numbers that describe a voter.
    pub embedding: usize,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// What is seen of a photo.
    pub input: VoterInput,
    /// Updates from one look at the validation votes to the next; 0: one pass over the votes.
    pub validate_every: u64,
    /// Whether the base network goes on learning; ours, not the paper's.
    pub joint: bool,
    /// Folds whose outputs come from a base network that has not seen them; 0: one base network for all, as in the paper.
    pub cross_fit: u64,
}

impl Default for VoterPhaseConfig {
    fn default() -> Self {
        Self {
            batch: 128,
            rate: 3e-3,
            embedding: 8,
            hidden: vec![32, 32],
            input: VoterInput::default(),
            validate_every: 0,
            joint: false,
            cross_fit: 0,
        }
    }
}

fn photos() -> usize {
    64
}

fn rate() -> f64 {
    1e-3
}

fn weight_decay() -> f64 {
    1e-4
}

fn drop_after() -> f64 {
    0.7
}

fn drop_to() -> f64 {
    0.2
}

fn yes() -> bool {
    true
}

impl BasePhaseConfig {
    /// The learning rate of an update of the phase.
    pub fn rate_at(&self, age: u64) -> f64 {
        let has_dropped = age as f64 >= self.drop_after * self.steps as f64;
        if has_dropped {
            self.rate * self.drop_to
        } else {
            self.rate
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("phase_1");
        checks.at_least(1, "steps", self.steps)?;
        checks.at_least(2, "batch", self.batch)?;
        checks.positive("rate", self.rate)?;
        checks.not_negative("weight_decay", self.weight_decay)?;
        checks.share("drop_after", self.drop_after)?;
        checks.positive("drop_to", self.drop_to)
    }
}

impl VoterPhaseConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("phase_2");
        checks.at_least(1, "batch", self.batch)?;
        checks.positive("rate", self.rate)?;
        checks.at_least(1, "embedding", self.embedding)?;
        checks.at_most(1024, "embedding", self.embedding)?;
        checks.require(
            !self.hidden.is_empty(),
            "hidden",
            "needs a layer: what a voter says is no sum of both",
        )?;
        checks.require(!self.hidden.contains(&0), "hidden", "a layer needs a unit")?;
        checks.require(
            self.cross_fit != 1 && self.cross_fit <= 20,
            "cross_fit",
            format_args!("must be 0 or from 2 to 20, not {}", self.cross_fit),
        )
    }
}
