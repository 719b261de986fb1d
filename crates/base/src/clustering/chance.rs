//! Mutual information of partitions that have nothing to do with each other.

use std::collections::BTreeMap;

use super::Contingency;

/// Probabilities below this share of the largest one are left out of an expectation: all of them together are far less
/// than a rounding.
const NEGLIGIBLE: f64 = 1e-30;

impl Contingency {
    /// Adjusted mutual information (AMI), at most 1: mutual information less what chance gives, over the arithmetic
    /// mean of the entropies less the same (Vinh, Epps and Bailey 2010).
    ///
    /// 0 on average of random clusters of the same sizes, whatever their number; below 0 of worse ones. 1 of
    /// partitions that are the same, also if both are of one part; 0 of a single cluster against several classes.
    pub fn adjusted_mutual_information(&self) -> f64 {
        if self.is_one_to_one() {
            return 1.0;
        }
        let expected = self.expected_mutual_information();
        let largest = f64::midpoint(self.cluster_entropy(), self.class_entropy());
        ((self.mutual_information() - expected) / (largest - expected)).min(1.0)
    }

    /// Mean of [`Contingency::mutual_information`] over all ways to deal the samples into clusters of these sizes, in
    /// nats (Vinh, Epps and Bailey 2010, theorem 1, the hypergeometric model).
    pub fn expected_mutual_information(&self) -> f64 {
        // Large partitions have few different sizes, and a pair of sizes always has the same share.
        let (clusters, classes) = (multiplicities(self.cluster_sizes()), multiplicities(self.class_sizes()));
        let mut expected = 0.0;
        for (&cluster, &alike) in &clusters {
            for (&class, &also_alike) in &classes {
                expected += alike as f64 * also_alike as f64 * expected_share(cluster, class, self.samples());
            }
        }
        expected
    }
}

/// How often each size occurs.
fn multiplicities(sizes: &[usize]) -> BTreeMap<usize, usize> {
    let mut multiplicities = BTreeMap::new();
    for &size in sizes.iter().filter(|&&size| size > 0) {
        *multiplicities.entry(size).or_default() += 1;
    }
    multiplicities
}

/// Mean of `n/N ln(n N / (a b))` where `n` counts those of the class, of size `b`, in a random cluster of size `a`.
///
/// Probabilities of `n` come from their ratios, beginning at the largest and divided by their sum in the end:
/// differences of logarithms of factorials would lose ten digits where there are many samples.
fn expected_share(cluster: usize, class: usize, samples: usize) -> f64 {
    let (lowest, highest) = ((cluster + class).saturating_sub(samples), cluster.min(class));
    let (a, b, all) = (cluster as f64, class as f64, samples as f64);
    let share = |n: usize| match n {
        0 => 0.0,
        _ => n as f64 / all * (n as f64 * all / (a * b)).ln(),
    };
    // p(n + 1) / p(n)
    let ratio = |n: usize| {
        let beyond = (samples + n + 1 - cluster - class) as f64;
        (cluster - n) as f64 * (class - n) as f64 / ((n + 1) as f64 * beyond)
    };
    let mode = (((a + 1.0) * (b + 1.0) / (all + 2.0)) as usize).clamp(lowest, highest);

    let (mut total, mut mean) = (1.0, share(mode));
    let mut probability = 1.0;
    for n in mode + 1..=highest {
        probability *= ratio(n - 1);
        if probability < NEGLIGIBLE {
            break;
        }
        total += probability;
        mean += probability * share(n);
    }
    probability = 1.0;
    for n in (lowest..mode).rev() {
        probability /= ratio(n);
        if probability < NEGLIGIBLE {
            break;
        }
        total += probability;
        mean += probability * share(n);
    }
    mean / total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clustering::Normalization, metrics};

    fn permutations(values: &[usize]) -> Vec<Vec<usize>> {
        if values.is_empty() {
            return vec![Vec::new()];
        }
        let first_of = |index: usize| {
            let mut rest = values.to_vec();
            let first = rest.remove(index);
            permutations(&rest)
                .into_iter()
                .map(move |rest| [vec![first], rest].concat())
        };
        (0..values.len()).flat_map(first_of).collect()
    }

    #[test]
    fn expectation_is_the_mean_over_all_deals() {
        for (predicted, truth) in [
            ([0, 0, 1, 1, 2, 3], [0, 0, 0, 1, 1, 2]),
            ([0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1]),
            ([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 5]),
            ([0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1]),
        ] {
            let deals = permutations(&truth);
            let of = |truth: &Vec<usize>| Contingency::new(&predicted, truth, 4, 6).unwrap();
            let mean = |value: fn(&Contingency) -> f64| {
                let values: Vec<f64> = deals.iter().map(|truth| value(&of(truth))).collect();
                metrics::mean(&values)
            };
            let expected = of(&truth.to_vec()).expected_mutual_information();
            assert!(
                (expected - mean(Contingency::mutual_information)).abs() < 1e-12,
                "{predicted:?}"
            );
            assert!(
                mean(Contingency::adjusted_mutual_information).abs() < 1e-12,
                "{predicted:?}"
            );
            assert!(mean(Contingency::adjusted_rand_index).abs() < 1e-12, "{predicted:?}");
        }
    }

    /// SplitMix64: labels without any pattern that would last.
    fn random_labels(seed: u64, count: usize, classes: usize) -> Vec<usize> {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) % classes as u64) as usize
        };
        (0..count).map(|_| draw()).collect()
    }

    #[test]
    fn random_clusters_agree_by_chance_only() {
        let mut adjusted = Vec::new();
        for seed in 0..20 {
            let (predicted, truth) = (random_labels(seed, 300, 40), random_labels(seed + 1000, 300, 5));
            let table = Contingency::new(&predicted, &truth, 40, 5).unwrap();
            assert!(table.normalized_mutual_information(Normalization::Arithmetic) > 0.08);
            assert!(table.adjusted_mutual_information().abs() < 0.05 && table.adjusted_rand_index().abs() < 0.05);
            adjusted.push(table.adjusted_mutual_information());
        }
        assert!(metrics::mean(&adjusted).abs() < 0.01, "{adjusted:?}");
    }

    #[test]
    fn many_samples_cost_no_digits() {
        // Twice the samples times the information of chance tends to the degrees of freedom, 9 * 9.
        let samples = 100_000;
        let predicted: Vec<usize> = (0..samples).map(|sample| sample % 10).collect();
        let truth: Vec<usize> = (0..samples).map(|sample| sample / 10 % 10).collect();
        let table = Contingency::new(&predicted, &truth, 10, 10).unwrap();
        let freedom = 2.0 * samples as f64 * table.expected_mutual_information();
        assert!((freedom - 81.0).abs() < 0.05, "{freedom}");
        assert!(table.mutual_information() < 1e-12);
    }
}
