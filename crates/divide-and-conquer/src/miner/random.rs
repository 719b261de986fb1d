use rand::{Rng, RngExt};

use super::{Candidates, Miner, Triplet};

/// For every ordered pair of a class any negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Random;

impl Miner for Random {
    fn mine(&self, candidates: Candidates<'_>, random: &mut dyn Rng) -> Vec<Triplet> {
        let mut triplets = Vec::new();
        for [anchor, positive] in candidates.positive_pairs() {
            let negatives: Vec<usize> = candidates.negatives(anchor).collect();
            if !negatives.is_empty() {
                triplets.push([anchor, positive, negatives[random.random_range(0..negatives.len())]]);
            }
        }
        triplets
    }
}
