use std::collections::BTreeMap;

use serde::Serialize;

use super::ClusteringError;

/// Counts of samples by predicted cluster and true class.
///
/// Only pairs that occur take memory, so that thousands of clusters and classes are no burden. It serializes as
/// [`Contingency::rows`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "Vec<Vec<usize>>")]
pub struct Contingency {
    /// By cluster, then by class; no count is 0.
    cells: Vec<Cell>,
    cluster_sizes: Vec<usize>,
    class_sizes: Vec<usize>,
    samples: usize,
}

/// How many samples of a cluster are of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) cluster: usize,
    pub(super) class: usize,
    pub(super) count: usize,
}

impl Contingency {
    /// Counts samples, each with its predicted cluster below `clusters` and its true class below `classes`.
    ///
    /// Clusters and classes without samples are legal, and so is a single one of either.
    ///
    /// # Errors
    ///
    /// [`ClusteringError::Empty`], [`ClusteringError::Lengths`], and for the first index out of range
    /// [`ClusteringError::Cluster`] or [`ClusteringError::Class`].
    pub fn new(predicted: &[usize], truth: &[usize], clusters: usize, classes: usize) -> Result<Self, ClusteringError> {
        check(predicted, truth, clusters, classes)?;
        let pairs = predicted.iter().copied().zip(truth.iter().copied());
        Ok(Self::tally(pairs.map(|pair| (pair, 1)), clusters, classes))
    }

    /// The same samples with other clusters: `renamed` gives the new index, below `clusters`, of an old one, and may
    /// give it several times.
    pub(super) fn renamed(&self, clusters: usize, renamed: impl Fn(usize) -> usize) -> Self {
        let cells = self.cells.iter();
        let counts = cells.map(|cell| ((renamed(cell.cluster), cell.class), cell.count));
        Self::tally(counts, clusters, self.classes())
    }

    /// Adds up counts of pairs of cluster and class, all in range.
    fn tally(counts: impl Iterator<Item = ((usize, usize), usize)>, clusters: usize, classes: usize) -> Self {
        let (mut cluster_sizes, mut class_sizes) = (vec![0; clusters], vec![0; classes]);
        let mut cells = BTreeMap::<_, usize>::new();
        for ((cluster, class), count) in counts {
            *cells.entry((cluster, class)).or_default() += count;
            cluster_sizes[cluster] += count;
            class_sizes[class] += count;
        }
        Self {
            samples: cells.values().sum(),
            cells: (cells.into_iter())
                .map(|((cluster, class), count)| Cell { cluster, class, count })
                .collect(),
            cluster_sizes,
            class_sizes,
        }
    }

    /// Number of clusters, `K`, with those that no sample is in.
    pub fn clusters(&self) -> usize {
        self.cluster_sizes.len()
    }

    /// Number of classes, `C`, with those that do not occur.
    pub fn classes(&self) -> usize {
        self.class_sizes.len()
    }

    /// Number of samples, at least 1.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Samples in each cluster.
    pub fn cluster_sizes(&self) -> &[usize] {
        &self.cluster_sizes
    }

    /// Samples of each class.
    pub fn class_sizes(&self) -> &[usize] {
        &self.class_sizes
    }

    /// Number of clusters with samples.
    pub fn used_clusters(&self) -> usize {
        self.cluster_sizes.iter().filter(|&&size| size > 0).count()
    }

    /// Samples of a cluster that are of a class; 0 of indices out of range.
    pub fn count(&self, cluster: usize, class: usize) -> usize {
        self.cells
            .binary_search_by_key(&(cluster, class), |cell| (cell.cluster, cell.class))
            .map_or(0, |index| self.cells[index].count)
    }

    /// The whole table, `[clusters][classes]`.
    pub fn rows(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![vec![0; self.classes()]; self.clusters()];
        for cell in &self.cells {
            rows[cell.cluster][cell.class] = cell.count;
        }
        rows
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }
}

impl From<Contingency> for Vec<Vec<usize>> {
    fn from(contingency: Contingency) -> Self {
        contingency.rows()
    }
}

fn check(predicted: &[usize], truth: &[usize], clusters: usize, classes: usize) -> Result<(), ClusteringError> {
    if predicted.len() != truth.len() {
        return Err(ClusteringError::Lengths {
            predicted: predicted.len(),
            truth: truth.len(),
        });
    }
    if truth.is_empty() {
        return Err(ClusteringError::Empty);
    }
    for (sample, (&cluster, &class)) in predicted.iter().zip(truth).enumerate() {
        if cluster >= clusters {
            return Err(ClusteringError::Cluster {
                sample,
                cluster,
                clusters,
            });
        }
        if class >= classes {
            return Err(ClusteringError::Class { sample, class, classes });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_counted_by_cluster_and_class() {
        let table = Contingency::new(&[2, 0, 2, 2], &[1, 0, 1, 0], 4, 2).unwrap();
        assert_eq!(table.rows(), [[1, 0], [0, 0], [1, 2], [0, 0]]);
        assert_eq!(table.cluster_sizes(), [1, 0, 3, 0]);
        assert_eq!(table.class_sizes(), [2, 2]);
        assert_eq!((table.clusters(), table.classes(), table.samples()), (4, 2, 4));
        assert_eq!(table.used_clusters(), 2);
        assert_eq!(
            [(2, 1), (1, 1), (9, 0), (0, 9)].map(|(k, c)| table.count(k, c)),
            [2, 0, 0, 0]
        );
        let text = serde_json::to_string(&table).unwrap();
        assert_eq!(text, "[[1,0],[0,0],[1,2],[0,0]]");
    }

    #[test]
    fn renamed_clusters_add_up() {
        let table = Contingency::new(&[2, 0, 2, 2, 1], &[1, 0, 1, 0, 1], 3, 2).unwrap();
        let merged = table.renamed(2, |cluster| usize::from(cluster == 1));
        assert_eq!(merged.rows(), [[2, 2], [0, 1]]);
        assert_eq!((merged.cluster_sizes(), merged.samples()), (&[4, 1][..], 5));
    }

    #[test]
    fn bad_vectors_are_refused() {
        let of = |predicted: &[usize], truth: &[usize]| Contingency::new(predicted, truth, 3, 2).unwrap_err();
        assert_eq!(of(&[], &[]), ClusteringError::Empty);
        assert_eq!(of(&[0], &[0, 1]), ClusteringError::Lengths { predicted: 1, truth: 2 });
        assert_eq!(
            of(&[0, 3], &[0, 0]),
            ClusteringError::Cluster {
                sample: 1,
                cluster: 3,
                clusters: 3
            }
        );
        assert_eq!(
            of(&[0, 1], &[0, 2]),
            ClusteringError::Class {
                sample: 1,
                class: 2,
                classes: 2
            }
        );
        assert!(Contingency::new(&[0], &[0], 0, 1).is_err() && Contingency::new(&[0], &[0], 1, 0).is_err());
    }
}
