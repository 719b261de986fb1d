use rand::Rng;

use super::{Candidates, Miner, Triplet};

/// For every ordered pair of a class the nearest negative that is strictly farther than the positive; if there is none,
/// the farthest negative. Ties go to the first (Schroff et al. 2015, "FaceNet", section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SemiHard;

impl Miner for SemiHard {
    fn mine(&self, candidates: Candidates<'_>, _: &mut dyn Rng) -> Vec<Triplet> {
        let negative = |[anchor, positive]: [usize; 2]| {
            let (negative, _) = semi_hard_negative(candidates, anchor, positive)?;
            Some([anchor, positive, negative])
        };
        candidates.positive_pairs().filter_map(negative).collect()
    }
}

/// The negative of a pair, and whether it is farther than the positive.
pub(super) fn semi_hard_negative(candidates: Candidates<'_>, anchor: usize, positive: usize) -> Option<(usize, bool)> {
    let distance = |other: usize| candidates.distances.between(anchor, other);
    let least = distance(positive);
    let mut outside: Option<usize> = None;
    let mut farthest: Option<usize> = None;
    for negative in candidates.negatives(anchor) {
        let found = distance(negative);
        if found > least && outside.is_none_or(|best| found < distance(best)) {
            outside = Some(negative);
        }
        if farthest.is_none_or(|best| found > distance(best)) {
            farthest = Some(negative);
        }
    }
    outside
        .map(|negative| (negative, true))
        .or_else(|| farthest.map(|negative| (negative, false)))
}
