//! Which triples of a batch a loss learns from. A miner knows distances and labels, and no loss.

mod distance_weighted;
mod nearest;
mod random;
mod semi_hard;

pub use distance_weighted::DistanceWeighted;
pub use nearest::Nearest;
pub use random::Random;
pub use semi_hard::SemiHard;

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
        let count = self.labels.len();
        let pairs = (0..count).flat_map(move |anchor| (0..count).map(move |positive| [anchor, positive]));
        pairs.filter(|&[anchor, positive]| anchor != positive && self.labels[anchor] == self.labels[positive])
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

/// Chooses triples of a batch.
pub trait Miner {
    /// The triples, which are random for some miners. None for a batch of one class.
    fn mine(&self, candidates: Candidates<'_>, random: &mut dyn Rng) -> Vec<Triplet>;
}

/// The miners by name.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MinerKind {
    /// [`SemiHard`].
    SemiHard,
    /// [`DistanceWeighted`] with its defaults.
    DistanceWeighted,
    /// [`Nearest`], the rule of the released program.
    Nearest,
    /// [`Random`].
    Random,
}

impl Miner for MinerKind {
    fn mine(&self, candidates: Candidates<'_>, random: &mut dyn Rng) -> Vec<Triplet> {
        match self {
            Self::SemiHard => SemiHard.mine(candidates, random),
            Self::DistanceWeighted => DistanceWeighted::default().mine(candidates, random),
            Self::Nearest => Nearest::default().mine(candidates, random),
            Self::Random => Random.mine(candidates, random),
        }
    }
}
