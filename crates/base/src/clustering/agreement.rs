use super::Contingency;

/// What mutual information is divided by to lie in `[0, 1]`: a mean of the entropies of clusters and classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Normalization {
    /// Their smaller; 1 as soon as one partition refines the other.
    Min,
    /// The root of their product: scikit-learn's default before version 0.22.
    Geometric,
    /// Half their sum: `2 I / (H(clusters) + H(classes))`, what papers on metric learning report.
    #[default]
    Arithmetic,
    /// Their larger.
    Max,
}

impl Normalization {
    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Min => one.min(other),
            Self::Geometric => (one * other).sqrt(),
            Self::Arithmetic => f64::midpoint(one, other),
            Self::Max => one.max(other),
        }
    }
}

/// Agreement of the partition into clusters with that into classes.
///
/// No name of a cluster matters, except to [`Contingency::cohen_kappa`]. Clusters and classes without samples change
/// nothing.
impl Contingency {
    /// Entropy of the clusters, in nats: `H(K) = -Σ p(k) ln p(k)`, in `[0, ln clusters]`.
    pub fn cluster_entropy(&self) -> f64 {
        entropy(self.cluster_sizes(), self.samples())
    }

    /// Entropy of the classes, in nats: `H(C)`, in `[0, ln classes]`.
    pub fn class_entropy(&self) -> f64 {
        entropy(self.class_sizes(), self.samples())
    }

    /// Mutual information of cluster and class, in nats: `I = Σ p(k, c) ln(p(k, c) / (p(k) p(c)))`, in
    /// `[0, min(H(K), H(C))]`.
    pub fn mutual_information(&self) -> f64 {
        let samples = self.samples() as f64;
        let information: f64 = self
            .cells()
            .iter()
            .map(|cell| {
                let independent = self.cluster_sizes()[cell.cluster] as f64 * self.class_sizes()[cell.class] as f64;
                let count = cell.count as f64;
                count / samples * (count * samples / independent).ln()
            })
            .sum();
        // Rounding may put independent partitions a little below.
        information.max(0.0)
    }

    /// Normalized mutual information (NMI), in `[0, 1]`: [`Contingency::mutual_information`] over a mean of the
    /// entropies.
    ///
    /// 1 of partitions that are the same, also if both are of one part; 0 of a single cluster against several classes.
    /// It grows with the number of clusters; see [`Contingency::adjusted_mutual_information`].
    pub fn normalized_mutual_information(&self, normalization: Normalization) -> f64 {
        if self.is_one_to_one() {
            return 1.0;
        }
        let normalizer = normalization.of(self.cluster_entropy(), self.class_entropy());
        if normalizer == 0.0 {
            return 0.0;
        }
        (self.mutual_information() / normalizer).min(1.0)
    }

    /// Homogeneity, in `[0, 1]`: `1 - H(C|K) / H(C)`, 1 if every cluster is of one class (Rosenberg and Hirschberg 2007,
    /// "V-Measure"). 1 of a single class.
    pub fn homogeneity(&self) -> f64 {
        share(self.mutual_information(), self.class_entropy())
    }

    /// Completeness, in `[0, 1]`: `1 - H(K|C) / H(K)`, 1 if every class is in one cluster (Rosenberg and Hirschberg
    /// 2007). 1 of a single cluster.
    pub fn completeness(&self) -> f64 {
        share(self.mutual_information(), self.cluster_entropy())
    }

    /// V-measure, in `[0, 1]`: the harmonic mean of homogeneity and completeness, 0 if both are (Rosenberg and
    /// Hirschberg 2007). It is the arithmetic NMI under another name.
    pub fn v_measure(&self) -> f64 {
        let (homogeneity, completeness) = (self.homogeneity(), self.completeness());
        if homogeneity + completeness == 0.0 {
            return 0.0;
        }
        2.0 * homogeneity * completeness / (homogeneity + completeness)
    }

    /// Adjusted Rand index (ARI), in `[-0.5, 1]`: pairs of samples that are together in both partitions, less what
    /// chance puts together, over the most that there could be less the same (Hubert and Arabie 1985).
    ///
    /// 0 on average of random clusters of the same sizes, 1 of partitions that are the same.
    pub fn adjusted_rand_index(&self) -> f64 {
        if self.is_one_to_one() {
            return 1.0;
        }
        let pairs = |count: usize| count as f64 * (count as f64 - 1.0) / 2.0;
        let pairs_in = |sizes: &[usize]| sizes.iter().map(|&size| pairs(size)).sum::<f64>();
        let together: f64 = self.cells().iter().map(|cell| pairs(cell.count)).sum();
        let (in_clusters, in_classes) = (pairs_in(self.cluster_sizes()), pairs_in(self.class_sizes()));
        let expected = in_clusters * in_classes / pairs(self.samples());
        (together - expected) / (f64::midpoint(in_clusters, in_classes) - expected)
    }

    /// Cohen's kappa, in `[-1, 1]`, of predictions that are classes: cluster `i` is read as class `i`, and a cluster
    /// beyond the classes is always wrong. `(accuracy - chance) / (1 - chance)`, where chance is the accuracy of
    /// guesses with the same frequencies (Cohen 1960).
    ///
    /// 1 where both sides know one and the same class only, which leaves the formula undefined.
    pub fn cohen_kappa(&self) -> f64 {
        let samples = self.samples() as f64;
        let agreed: usize = (self.cells().iter().filter(|cell| cell.cluster == cell.class))
            .map(|cell| cell.count)
            .sum();
        let by_chance: f64 = (self.cluster_sizes().iter().zip(self.class_sizes()))
            .map(|(&predicted, &actual)| predicted as f64 / samples * (actual as f64 / samples))
            .sum();
        if by_chance == 1.0 {
            return 1.0;
        }
        (agreed as f64 / samples - by_chance) / (1.0 - by_chance)
    }

    /// Whether each used cluster is one class and each class that occurs is one cluster.
    pub(super) fn is_one_to_one(&self) -> bool {
        let occurring = self.class_sizes().iter().filter(|&&size| size > 0).count();
        self.cells().len() == self.used_clusters() && self.cells().len() == occurring
    }
}

fn entropy(sizes: &[usize], samples: usize) -> f64 {
    let samples = samples as f64;
    (sizes.iter().filter(|&&size| size > 0))
        .map(|&size| size as f64 / samples * (samples / size as f64).ln())
        .sum()
}

/// Part of an entropy that is explained; all of it where there is none.
fn share(information: f64, entropy: f64) -> f64 {
    if entropy == 0.0 {
        return 1.0;
    }
    (information / entropy).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clustering::laws::{NORMALIZATIONS, assert_close};

    fn table(predicted: &[usize], truth: &[usize]) -> Contingency {
        Contingency::new(predicted, truth, 6, 6).unwrap()
    }

    #[test]
    fn information_is_that_of_a_hand_worked_example() {
        // The first and the last cluster are pure, so each gives 2/6 ln 2; the middle one tells nothing.
        let table = table(&[0, 0, 1, 1, 2, 2], &[0, 0, 0, 1, 1, 1]);
        assert_close(table.cluster_entropy(), 3.0_f64.ln());
        assert_close(table.class_entropy(), 2.0_f64.ln());
        assert_close(table.mutual_information(), 2.0 / 3.0 * 2.0_f64.ln());
        assert_close(table.homogeneity(), 2.0 / 3.0);
        let [min, geometric, arithmetic, max] = NORMALIZATIONS.map(|by| table.normalized_mutual_information(by));
        assert_close(min, 2.0 / 3.0);
        assert!(min > geometric && geometric > arithmetic && arithmetic > max);
        assert_eq!(
            table.normalized_mutual_information(Normalization::default()),
            arithmetic
        );
    }

    #[test]
    fn rand_index_is_that_of_hand_worked_examples() {
        // Of 6 pairs, one is together, 1 in clusters, 2 in classes: 1/3 by chance, 3/2 at most.
        assert_close(table(&[0, 0, 1, 2], &[0, 0, 1, 1]).adjusted_rand_index(), 4.0 / 7.0);
        // None is together, 2 in both: 2/3 by chance, 2 at most.
        assert_close(table(&[0, 1, 0, 1], &[0, 0, 1, 1]).adjusted_rand_index(), -0.5);
    }

    #[test]
    fn kappa_is_that_of_hand_worked_examples() {
        // 20 and 15 of 50 agree, 0.7; chance is 0.5 * 0.6 + 0.5 * 0.4.
        let counts = [(0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15)];
        let samples = counts.iter().flat_map(|&(k, c, count)| vec![(k, c); count]);
        let (predicted, truth): (Vec<_>, Vec<_>) = samples.unzip();
        assert_close(table(&predicted, &truth).cohen_kappa(), 0.4);
        // Half agree; chance is 0.5 * 0.75, as the third cluster is no class.
        let beyond = Contingency::new(&[0, 2, 0, 2], &[0, 1, 0, 0], 3, 2).unwrap();
        assert_close(beyond.cohen_kappa(), (0.5 - 0.375) / 0.625);
    }

    #[test]
    fn kappa_of_constant_predictions_is_chance_or_certainty() {
        assert_eq!(table(&[2; 3], &[2; 3]).cohen_kappa(), 1.0);
        assert_eq!(table(&[2; 3], &[1; 3]).cohen_kappa(), 0.0);
        assert_eq!(table(&[2; 3], &[1, 2, 2]).cohen_kappa(), 0.0);
    }
}
