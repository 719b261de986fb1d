use rand::{Rng, RngExt};

use super::{Candidates, Miner, Triplet};

/// For every ordered pair of a class any negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Random;

impl Miner for Random {
    fn mine(&self, candidates: Candidates<'_>, random: &mut dyn Rng) -> Vec<Triplet> {
        let mut triplets = Vec::new();
        for anchor in 0..candidates.labels.len() {
            let negatives: Vec<usize> = candidates.negatives(anchor).collect();
            if negatives.is_empty() {
                continue;
            }
            let triplet = |positive| [anchor, positive, negatives[random.random_range(0..negatives.len())]];
            triplets.extend(candidates.positives(anchor).map(triplet));
        }
        triplets
    }
}

#[cfg(test)]
mod tests {
    use papers_core::random::Streams;

    use super::*;
    use crate::distance::Distances;

    #[test]
    fn every_pair_gets_any_negative_and_all_are_equally_likely() {
        let labels = [0, 0, 1, 1, 2];
        let distances = Distances::new(vec![0.0; 25], 5);
        let candidates = Candidates {
            distances: &distances,
            labels: &labels,
            width: 1,
        };
        let random = &mut Streams::new(0).at("mine", 0, 0);
        let mut counts = [0; 5];
        for _ in 0..3000 {
            let triplets = Random.mine(candidates, random);
            let pairs: Vec<[usize; 2]> = triplets.iter().map(|triplet| [triplet[0], triplet[1]]).collect();
            assert_eq!(pairs, [[0, 1], [1, 0], [2, 3], [3, 2]]);
            assert!(triplets.iter().all(|triplet| labels[triplet[0]] != labels[triplet[2]]));
            counts[triplets[0][2]] += 1;
        }
        assert_eq!(counts[..2], [0, 0]);
        // A thousand each; the standard deviation is 26.
        assert!(
            counts[2..].iter().all(|count| (890..1110).contains(count)),
            "{counts:?}"
        );
        let one_class = Candidates {
            labels: &[0; 5],
            ..candidates
        };
        assert!(Random.mine(one_class, random).is_empty());
    }
}
