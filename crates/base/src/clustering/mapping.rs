use pathfinding::{kuhn_munkres::kuhn_munkres, matrix::Matrix};
use serde::{Deserialize, Serialize};

use super::{Assessment, ClusteringError, Contingency};

/// The class that each cluster stands for; None of a cluster that stands for no class, whose samples are all wrong.
///
/// [`Protocol`](super::Protocol) says on which split a mapping is learned, and how far its accuracy can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mapping(Vec<Option<usize>>);

impl Mapping {
    /// Each cluster stands for its most frequent class, of equally frequent ones the lowest; a cluster without samples
    /// for none. Several clusters may stand for one class.
    pub fn majority(fitting: &Contingency) -> Self {
        let mut classes = vec![None; fitting.clusters()];
        let mut largest = vec![0; fitting.clusters()];
        // Classes ascend within a cluster, so a later one has to be more frequent.
        for cell in fitting.cells() {
            if cell.count > largest[cell.cluster] {
                largest[cell.cluster] = cell.count;
                classes[cell.cluster] = Some(cell.class);
            }
        }
        Self(classes)
    }

    /// Known classes keep the cluster of their own index, used or not; every other cluster is as in
    /// [`Mapping::majority`], which may be a known class too.
    ///
    /// # Errors
    ///
    /// [`ClusteringError::Known`] of a class that does not exist, [`ClusteringError::Anchor`] of one without its cluster.
    pub fn anchored(fitting: &Contingency, known: &[usize]) -> Result<Self, ClusteringError> {
        let (clusters, classes) = (fitting.clusters(), fitting.classes());
        let mut mapping = Self::majority(fitting);
        for &class in known {
            if class >= classes {
                return Err(ClusteringError::Known { class, classes });
            }
            let anchor = mapping.0.get_mut(class);
            *anchor.ok_or(ClusteringError::Anchor { class, clusters })? = Some(class);
        }
        Ok(mapping)
    }

    /// One cluster for a class and one class for a cluster, with the most samples right ([`Contingency::matching`]).
    ///
    /// Clusters that are left over, or whose match no sample supports, stand for no class.
    pub fn hungarian(fitting: &Contingency) -> Self {
        let mut classes = fitting.matching();
        for (cluster, class) in classes.iter_mut().enumerate() {
            *class = class.filter(|&class| fitting.count(cluster, class) > 0);
        }
        Self(classes)
    }

    /// Cluster `i` stands for class `i`: predictions of a classifier, where there is nothing to map. Clusters beyond
    /// the classes stand for none.
    pub fn identity(clusters: usize, classes: usize) -> Self {
        Self(
            (0..clusters)
                .map(|cluster| (cluster < classes).then_some(cluster))
                .collect(),
        )
    }

    /// The class of every cluster.
    pub fn classes(&self) -> &[Option<usize>] {
        &self.0
    }

    /// The class of a cluster; None also of one that does not exist.
    pub fn class_of(&self, cluster: usize) -> Option<usize> {
        self.0.get(cluster).copied().flatten()
    }

    /// How right the mapped classes are on a split; `known` are the classes with labels, for the accuracy on those and
    /// on the rest.
    ///
    /// # Errors
    ///
    /// [`ClusteringError::MappedClusters`] or [`ClusteringError::MappedClass`] if the mapping is of other clusters or
    /// classes, [`ClusteringError::Known`] of a known class that does not exist.
    pub fn assess(&self, test: &Contingency, known: &[usize]) -> Result<Assessment, ClusteringError> {
        Assessment::of(self, test, known)
    }
}

impl From<Vec<Option<usize>>> for Mapping {
    fn from(classes: Vec<Option<usize>>) -> Self {
        Self(classes)
    }
}

impl Contingency {
    /// A class for each of as many clusters as can have one of their own, with the largest sum of counts: the linear
    /// assignment problem, solved by the Hungarian algorithm (Kuhn 1955, Munkres 1957).
    ///
    /// Of several best assignments it gives any, but always the same. It needs a table of all counts, and time that
    /// grows with the smaller of clusters and classes squared times the larger: a hundred of both take milliseconds.
    pub fn matching(&self) -> Vec<Option<usize>> {
        let mut classes = vec![None; self.clusters()];
        // The solver gives every row a column, so the fewer are its rows.
        if self.clusters() <= self.classes() {
            let weights = Matrix::from_fn(self.clusters(), self.classes(), |_| 0);
            let (_, of_clusters) = kuhn_munkres(&self.filled(weights, |cluster, class| (cluster, class)));
            for (cluster, class) in of_clusters.into_iter().enumerate() {
                classes[cluster] = Some(class);
            }
        } else {
            let weights = Matrix::from_fn(self.classes(), self.clusters(), |_| 0);
            let (_, of_classes) = kuhn_munkres(&self.filled(weights, |cluster, class| (class, cluster)));
            for (class, cluster) in of_classes.into_iter().enumerate() {
                classes[cluster] = Some(class);
            }
        }
        classes
    }

    fn filled(&self, mut weights: Matrix<i64>, place: impl Fn(usize, usize) -> (usize, usize)) -> Matrix<i64> {
        for cell in self.cells() {
            weights[place(cell.cluster, cell.class)] = cell.count as i64;
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(rows: &[&[usize]]) -> Contingency {
        let classes = rows[0].len();
        let samples = rows.iter().enumerate().flat_map(|(cluster, row)| {
            let of_class = move |(class, &count): (usize, &usize)| vec![(cluster, class); count];
            row.iter().enumerate().flat_map(of_class)
        });
        let (predicted, truth): (Vec<_>, Vec<_>) = samples.unzip();
        Contingency::new(&predicted, &truth, rows.len(), classes).unwrap()
    }

    fn total(table: &Contingency, classes: &[Option<usize>]) -> usize {
        let right = |(cluster, class): (usize, &Option<usize>)| class.map_or(0, |class| table.count(cluster, class));
        classes.iter().enumerate().map(right).sum()
    }

    /// The best of all ways to give clusters, from this one on, classes of their own or none.
    fn best(table: &Contingency, cluster: usize, taken: &mut Vec<usize>) -> usize {
        if cluster == table.clusters() {
            return 0;
        }
        let mut largest = best(table, cluster + 1, taken);
        for class in 0..table.classes() {
            if !taken.contains(&class) {
                taken.push(class);
                largest = largest.max(table.count(cluster, class) + best(table, cluster + 1, taken));
                taken.pop();
            }
        }
        largest
    }

    #[test]
    fn a_tied_vote_goes_to_the_lowest_class() {
        let mapping = Mapping::majority(&table(&[&[0, 3, 3], &[2, 1, 2], &[0, 0, 0], &[0, 1, 2]]));
        assert_eq!(mapping.classes(), [Some(1), Some(0), None, Some(2)]);
        assert_eq!(
            [1, 2, 4].map(|cluster| mapping.class_of(cluster)),
            [Some(0), None, None]
        );
    }

    #[test]
    fn anchored_classes_keep_their_cluster_used_or_not() {
        // By majority, cluster 0 would be class 2 and cluster 1 nothing.
        let fitting = table(&[&[0, 0, 5], &[0, 0, 0], &[4, 1, 0], &[3, 0, 0], &[0, 0, 0]]);
        let mapping = Mapping::anchored(&fitting, &[0, 1]).unwrap();
        assert_eq!(mapping.classes(), [Some(0), Some(1), Some(0), Some(0), None]);
        assert_eq!(Mapping::anchored(&fitting, &[]), Ok(Mapping::majority(&fitting)));
    }

    #[test]
    fn anchors_have_to_exist() {
        let fitting = table(&[&[1, 0, 1], &[0, 1, 0]]);
        let error = Mapping::anchored(&fitting, &[0, 3]).unwrap_err();
        assert_eq!(error, ClusteringError::Known { class: 3, classes: 3 });
        let error = Mapping::anchored(&fitting, &[2]).unwrap_err();
        assert_eq!(error, ClusteringError::Anchor { class: 2, clusters: 2 });
    }

    #[test]
    fn the_largest_count_is_not_always_matched() {
        let fitting = table(&[&[10, 9], &[9, 1]]);
        assert_eq!(Mapping::hungarian(&fitting).classes(), [Some(1), Some(0)]);
    }

    #[test]
    fn clusters_without_a_match_of_their_own_stand_for_nothing() {
        // Three clusters for two classes: the smallest of the first class is left over.
        let mapping = Mapping::hungarian(&table(&[&[2, 0], &[3, 0], &[0, 1]]));
        assert_eq!(mapping.classes(), [None, Some(0), Some(1)]);
        // The second cluster is matched with a class that it never met.
        let fitting = table(&[&[5, 0, 0], &[2, 0, 0]]);
        assert_eq!(Mapping::hungarian(&fitting).classes(), [Some(0), None]);
        assert!(fitting.matching().iter().all(Option::is_some));
    }

    #[test]
    fn identity_knows_no_class_beyond_the_last() {
        assert_eq!(Mapping::identity(3, 2).classes(), [Some(0), Some(1), None]);
        assert_eq!(Mapping::identity(1, 2).classes(), [Some(0)]);
    }

    #[test]
    fn a_mapping_is_a_list_in_json() {
        let mapping = Mapping::from(vec![Some(2), None]);
        let text = serde_json::to_string(&mapping).unwrap();
        assert_eq!(text, "[2,null]");
        assert_eq!(serde_json::from_str::<Mapping>(&text).unwrap(), mapping);
    }

    proptest! {
        #[test]
        fn matching_is_the_best_of_all(
            (clusters, classes, samples) in (1..6_usize, 1..6_usize).prop_flat_map(|(clusters, classes)| {
                (Just(clusters), Just(classes), prop::collection::vec((0..clusters, 0..classes), 1..25))
            }),
        ) {
            let (predicted, truth): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
            let table = Contingency::new(&predicted, &truth, clusters, classes).unwrap();
            let matching = table.matching();
            let mut matched: Vec<usize> = matching.iter().flatten().copied().collect();
            prop_assert_eq!(matched.len(), clusters.min(classes));
            matched.sort_unstable();
            matched.dedup();
            prop_assert_eq!(matched.len(), clusters.min(classes), "a class is given once");
            let best = best(&table, 0, &mut Vec::new());
            prop_assert_eq!(total(&table, &matching), best);
            prop_assert_eq!(total(&table, Mapping::hungarian(&table).classes()), best);
            prop_assert!(total(&table, Mapping::majority(&table).classes()) >= best);
        }
    }
}
