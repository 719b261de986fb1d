use rand::Rng;

use super::{Candidates, Miner, Triplet};

/// The rule of the released program: an anchor with `p` positives gets its `p` nearest negatives that are no nearer than
/// `least`, one for each positive. Where there are fewer, the last one serves again; where there are none, all negatives
/// count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// Least distance of a negative.
    pub least: f64,
}

impl Default for Nearest {
    fn default() -> Self {
        Self { least: 0.5 }
    }
}

impl Miner for Nearest {
    fn mine(&self, candidates: Candidates<'_>, _: &mut dyn Rng) -> Vec<Triplet> {
        let mut triplets = Vec::new();
        for anchor in 0..candidates.labels.len() {
            let distance = |other: usize| candidates.distances.between(anchor, other);
            let mut negatives: Vec<usize> = candidates.negatives(anchor).collect();
            negatives.sort_by(|&one, &other| distance(one).total_cmp(&distance(other)));
            let first = negatives.iter().position(|&negative| distance(negative) >= self.least);
            let far = &negatives[first.unwrap_or(0)..];
            let Some(last) = far.len().checked_sub(1) else {
                continue;
            };
            let positives = candidates.positive_pairs().filter(|pair| pair[0] == anchor);
            let triplet = |(place, [anchor, positive]): (usize, [usize; 2])| [anchor, positive, far[place.min(last)]];
            triplets.extend(positives.enumerate().map(triplet));
        }
        triplets
    }
}
