use rand::{Rng, RngExt};

use super::{Candidates, Miner, Triplet};

/// For every ordered pair of a class a negative drawn with a weight that makes all distances from the anchor equally
/// likely (Wu et al. 2017, "Sampling Matters", section 4.1).
///
/// On the sphere of `n` dimensions distances have the density `q(d) ∝ d^(n-2) (1 - d²/4)^((n-3)/2)`, and the weight is
/// `1/q`. It is normalized in logarithms and per anchor, over its valid negatives alone: a maximum over all pairs would
/// let the weights of negatives underflow from `n = 64` on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DistanceWeighted {
    /// Smaller distances weigh as much as this one.
    pub cutoff: f64,
    /// Negatives at this distance or beyond are not drawn, unless an anchor has no others.
    pub nonzero_loss_cutoff: f64,
}

impl Default for DistanceWeighted {
    fn default() -> Self {
        Self {
            cutoff: 0.5,
            nonzero_loss_cutoff: 1.4,
        }
    }
}

/// What keeps the logarithm finite for opposite points.
const LEAST: f64 = 1e-8;

impl DistanceWeighted {
    /// `ln(1/q)` of a distance on the sphere of `width` dimensions, up to a constant.
    pub fn log_weight(&self, distance: f64, width: usize) -> f64 {
        let (distance, dimensions) = (distance.max(self.cutoff), width as f64);
        let rest = (1.0 - distance * distance / 4.0).max(LEAST);
        (2.0 - dimensions) * distance.ln() - (dimensions - 3.0) / 2.0 * rest.ln()
    }

    /// Whether a negative at this distance may be drawn.
    pub fn is_valid(&self, distance: f64) -> bool {
        distance < self.nonzero_loss_cutoff
    }

    /// Probability of each example to be an anchor's negative: all zero if there is no negative; the same for all of them
    /// if none is valid.
    pub fn probabilities(&self, candidates: Candidates<'_>, anchor: usize) -> Vec<f64> {
        let distance = |other: usize| candidates.distances.between(anchor, other);
        let mut probabilities = vec![0.0; candidates.labels.len()];
        let valid: Vec<usize> = candidates
            .negatives(anchor)
            .filter(|&negative| self.is_valid(distance(negative)))
            .collect();
        if valid.is_empty() {
            let count = candidates.negatives(anchor).count() as f64;
            candidates
                .negatives(anchor)
                .for_each(|negative| probabilities[negative] = 1.0 / count);
            return probabilities;
        }
        let weight = |negative: usize| self.log_weight(distance(negative), candidates.width);
        let largest = valid
            .iter()
            .map(|&negative| weight(negative))
            .fold(f64::NEG_INFINITY, f64::max);
        for &negative in &valid {
            probabilities[negative] = (weight(negative) - largest).exp();
        }
        let sum: f64 = probabilities.iter().sum();
        probabilities.iter_mut().for_each(|probability| *probability /= sum);
        probabilities
    }
}

impl Miner for DistanceWeighted {
    fn mine(&self, candidates: Candidates<'_>, random: &mut dyn Rng) -> Vec<Triplet> {
        let mut triplets = Vec::new();
        for anchor in 0..candidates.labels.len() {
            if candidates.negatives(anchor).next().is_none() {
                continue;
            }
            let probabilities = self.probabilities(candidates, anchor);
            for positive in candidates.positives(anchor) {
                triplets.push([anchor, positive, draw(&probabilities, random)]);
            }
        }
        triplets
    }
}

/// An index with its probability.
fn draw(probabilities: &[f64], random: &mut dyn Rng) -> usize {
    let mut left = random.random::<f64>();
    let mut last = 0;
    for (index, &probability) in probabilities
        .iter()
        .enumerate()
        .filter(|(_, probability)| **probability > 0.0)
    {
        last = index;
        left -= probability;
        if left < 0.0 {
            break;
        }
    }
    last
}
