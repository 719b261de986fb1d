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
            let triplet = |(place, positive): (usize, usize)| [anchor, positive, far[place.min(last)]];
            triplets.extend(candidates.positives(anchor).enumerate().map(triplet));
        }
        triplets
    }
}

#[cfg(test)]
mod tests {
    use papers_core::random::Streams;

    use super::*;
    use crate::distance::Distances;

    /// Triples of the anchor 0, whose class has the first `positives + 1` points on a line.
    fn negatives(places: &[f64], positives: usize, least: f64) -> Vec<[usize; 2]> {
        let count = places.len();
        let values = places
            .iter()
            .flat_map(|one| places.iter().map(move |other| (one - other).abs()));
        let distances = Distances::new(values.collect(), count);
        let labels: Vec<usize> = (0..count).map(|index| usize::from(index > positives)).collect();
        let candidates = Candidates {
            distances: &distances,
            labels: &labels,
            width: 1,
        };
        let triplets = Nearest { least }.mine(candidates, &mut Streams::new(0).at("x", 0, 0));
        let of_first = triplets.into_iter().filter(|triplet| triplet[0] == 0);
        of_first.map(|[_, positive, negative]| [positive, negative]).collect()
    }

    #[test]
    fn the_nearest_beyond_the_least_distance_are_taken_one_for_each_positive() {
        // The negatives 3 to 6 are at 0.3, 0.9, 0.5 and 0.7.
        let places = [0.0, 0.1, 0.2, 0.3, 0.9, 0.5, 0.7];
        assert_eq!(negatives(&places, 2, 0.5), [[1, 5], [2, 6]]);
        assert_eq!(negatives(&places, 2, 0.0), [[1, 3], [2, 5]]);
        assert_eq!(negatives(&places, 2, 0.8), [[1, 4], [2, 4]], "the last one again");
        assert_eq!(
            negatives(&places, 2, 2.0),
            [[1, 3], [2, 5]],
            "all count if none is so far"
        );
        assert!(negatives(&places, 6, 0.5).is_empty(), "a class without another");
    }
}
