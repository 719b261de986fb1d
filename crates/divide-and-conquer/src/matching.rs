//! Which new cluster goes to which learner.
//!
//! The numbers of k-means mean nothing: after each division a cluster goes to the learner that held most of it. The
//! largest overlap in all is the least L1 distance of memberships, since that is `|new| + |old| - 2·overlap` for a pair.

use papers_core::base::clustering::{Contingency, Mapping};

/// Clusters up to which the best permutation is found by trying all sets of learners.
const MOST_EXACT: usize = 16;

/// How many examples of each new cluster each learner had: `[new][old]`.
///
/// # Panics
///
/// If the assignments are of different lengths, or of clusters beyond `clusters`.
pub fn overlap(new: &[usize], old: &[usize], clusters: usize) -> Vec<Vec<usize>> {
    assert_eq!(new.len(), old.len(), "both are assignments of the same examples");
    let mut table = vec![vec![0; clusters]; clusters];
    for (&new, &old) in new.iter().zip(old) {
        table[new][old] += 1;
    }
    table
}

/// The learner of each new cluster: the permutation with the largest overlap in all.
///
/// Of several with the same overlap, the lexicographically smallest for up to 16 clusters; for more, one of them, by the
/// Hungarian algorithm.
///
/// # Panics
///
/// If the table is not square.
pub fn learners_of(overlap: &[Vec<usize>]) -> Vec<usize> {
    let clusters = overlap.len();
    assert!(
        overlap.iter().all(|row| row.len() == clusters),
        "as many clusters as learners"
    );
    if clusters > MOST_EXACT {
        hungarian(overlap)
    } else {
        smallest(overlap)
    }
}

/// `best[used]` is what the clusters that come after `|used|` others can still overlap with the other learners.
fn smallest(overlap: &[Vec<usize>]) -> Vec<usize> {
    let clusters = overlap.len();
    let mut best = vec![0_usize; 1 << clusters];
    let unused = |used: usize| (0..clusters).filter(move |learner| used & (1 << learner) == 0);
    for used in (0..(1_usize << clusters) - 1).rev() {
        let cluster = used.count_ones() as usize;
        let totals = unused(used).map(|learner| overlap[cluster][learner] + best[used | (1 << learner)]);
        best[used] = totals.max().expect("a learner is left");
    }
    let mut used = 0;
    let learner = |cluster: usize| {
        let is_best = |learner: &usize| overlap[cluster][*learner] + best[used | (1 << learner)] == best[used];
        let learner = unused(used).find(is_best).expect("one of them is the best");
        used |= 1 << learner;
        learner
    };
    (0..clusters).map(learner).collect()
}

fn hungarian(overlap: &[Vec<usize>]) -> Vec<usize> {
    let clusters = overlap.len();
    let pairs = overlap.iter().enumerate().flat_map(|(new, row)| {
        let repeated = move |(old, &count): (usize, &usize)| std::iter::repeat_n((new, old), count);
        row.iter().enumerate().flat_map(repeated)
    });
    let (new, old): (Vec<usize>, Vec<usize>) = pairs.unzip();
    let mapping = Contingency::new(&new, &old, clusters, clusters).map(|counts| Mapping::hungarian(&counts));
    // Nothing overlaps at all: every permutation is as good.
    let mut learners = mapping.map_or_else(|_| vec![None; clusters], |mapping| mapping.classes().to_vec());
    let mut free = (0..clusters)
        .filter(|&learner| !learners.contains(&Some(learner)))
        .collect::<Vec<_>>()
        .into_iter();
    for learner in &mut learners {
        *learner = learner.or_else(|| free.next());
    }
    learners.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use papers_core::random::Streams;
    use rand::RngExt;

    use super::*;

    fn total(overlap: &[Vec<usize>], learners: &[usize]) -> usize {
        learners
            .iter()
            .enumerate()
            .map(|(cluster, &learner)| overlap[cluster][learner])
            .sum()
    }

    #[test]
    fn both_ways_find_the_largest_overlap() {
        let mut random = Streams::new(0).at("overlap", 0, 0);
        for clusters in [1, 2, 5, 9, 12] {
            let row = |_| (0..clusters).map(|_| random.random_range(0..30)).collect();
            let table: Vec<Vec<usize>> = (0..clusters).map(row).collect();
            let (exact, other) = (smallest(&table), hungarian(&table));
            assert_eq!(total(&table, &exact), total(&table, &other));
            for learners in [exact, other] {
                let mut sorted = learners.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..clusters).collect::<Vec<_>>(), "a permutation");
            }
        }
    }

    #[test]
    fn many_clusters_without_overlap_still_get_a_learner_each() {
        let mut learners = learners_of(&vec![vec![0; 20]; 20]);
        learners.sort_unstable();
        assert_eq!(learners, (0..20).collect::<Vec<_>>());
    }
}
