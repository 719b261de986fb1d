//! Which triples of a batch a loss learns from. A miner knows distances and labels, and no loss.

mod distance_weighted;
mod nearest;
mod random;
mod semi_hard;

pub use distance_weighted::DistanceWeighted;
pub use nearest::Nearest;
pub use random::Random;
pub use semi_hard::SemiHard;

use std::{fmt, sync::Arc};

use papers_core::base::config::{Checks, ConfigError};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::distance::Distances;

/// Anchor, positive (of the anchor's class) and negative (of another class), by their places in the batch.
pub type Triplet = [usize; 3];

/// What a miner chooses from.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    /// Euclidean distances on the unit sphere.
    pub distances: &'a Distances,
    /// Class of each example.
    pub labels: &'a [usize],
    /// Numbers of an embedding: `d`, or `d / K` of a learner.
    pub width: usize,
}

impl Candidates<'_> {
    /// All ordered pairs of a class, by anchor, then by positive.
    pub fn positive_pairs(&self) -> impl Iterator<Item = [usize; 2]> {
        let of = move |anchor: usize| self.positives(anchor).map(move |positive| [anchor, positive]);
        (0..self.labels.len()).flat_map(of)
    }

    /// Other examples of the anchor's class, in order.
    pub fn positives(&self, anchor: usize) -> impl Iterator<Item = usize> {
        let is_positive = move |&other: &usize| other != anchor && self.labels[other] == self.labels[anchor];
        (0..self.labels.len()).filter(is_positive)
    }

    /// Examples of other classes, in order.
    pub fn negatives(&self, anchor: usize) -> impl Iterator<Item = usize> {
        (0..self.labels.len()).filter(move |&other| self.labels[other] != self.labels[anchor])
    }

    /// Whether some example has one of another class.
    pub fn has_negatives(&self) -> bool {
        self.labels.iter().any(|label| label != &self.labels[0])
    }
}

/// Chooses triples of a batch. Any type can, of which a loss is told by `with_miner`.
pub trait Miner: fmt::Debug + Send + Sync {
    /// The triples, which are random for some miners. None for a batch of one class.
    fn mine(&self, candidates: Candidates<'_>, random: &mut dyn Rng) -> Vec<Triplet>;
}

/// The miners by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MinerKind {
    /// [`SemiHard`].
    SemiHard,
    /// [`DistanceWeighted`].
    DistanceWeighted,
    /// [`Nearest`], the rule of the released program.
    Nearest,
    /// [`Random`].
    Random,
}

/// Limits that miners keep to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MiningConfig {
    /// [`DistanceWeighted::cutoff`].
    pub cutoff: f64,
    /// [`DistanceWeighted::nonzero_loss_cutoff`]; 2 and more bars no negative.
    pub nonzero_loss_cutoff: f64,
    /// [`Nearest::least`].
    pub least: f64,
}

impl Default for MiningConfig {
    fn default() -> Self {
        let weighted = DistanceWeighted::default();
        Self {
            cutoff: weighted.cutoff,
            nonzero_loss_cutoff: weighted.nonzero_loss_cutoff,
            least: Nearest::default().least,
        }
    }
}

impl MiningConfig {
    /// Refuses limits that make no sense, and those of a miner that is not `miner`. `table` is where they stand.
    ///
    /// # Errors
    ///
    /// The setting.
    pub fn validate(&self, table: &str, miner: MinerKind) -> Result<(), ConfigError> {
        let checks = Checks::of(table);
        checks.positive("cutoff", self.cutoff)?;
        let problem = format_args!("must be below `nonzero_loss_cutoff`, {}", self.nonzero_loss_cutoff);
        checks.require(self.cutoff < self.nonzero_loss_cutoff, "cutoff", problem)?;
        // No two points of the unit sphere are farther from each other.
        checks.at_most(2.0, "cutoff", self.cutoff)?;
        checks.at_most(4.0, "nonzero_loss_cutoff", self.nonzero_loss_cutoff)?;
        checks.not_negative("least", self.least)?;
        checks.at_most(2.0, "least", self.least)?;
        let usual = Self::default();
        let is_used = |is_usual: bool, kind| is_usual || miner == kind;
        let problem = "is for `miner = 'distance-weighted'` only";
        let is_weighted = MinerKind::DistanceWeighted;
        checks.require(is_used(self.cutoff == usual.cutoff, is_weighted), "cutoff", problem)?;
        let far = self.nonzero_loss_cutoff == usual.nonzero_loss_cutoff;
        checks.require(is_used(far, is_weighted), "nonzero_loss_cutoff", problem)?;
        let problem = "is for `miner = 'nearest'` only";
        checks.require(is_used(self.least == usual.least, MinerKind::Nearest), "least", problem)
    }
}

impl MinerKind {
    /// The miner with this name, within these limits.
    pub fn within(self, limits: &MiningConfig) -> Arc<dyn Miner> {
        match self {
            Self::SemiHard => Arc::new(SemiHard),
            Self::DistanceWeighted => Arc::new(DistanceWeighted {
                cutoff: limits.cutoff,
                nonzero_loss_cutoff: limits.nonzero_loss_cutoff,
            }),
            Self::Nearest => Arc::new(Nearest { least: limits.least }),
            Self::Random => Arc::new(Random),
        }
    }
}

impl Miner for MinerKind {
    fn mine(&self, candidates: Candidates<'_>, random: &mut dyn Rng) -> Vec<Triplet> {
        self.within(&MiningConfig::default()).mine(candidates, random)
    }
}
