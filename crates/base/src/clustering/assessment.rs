use serde::Serialize;

use super::{ClusteringError, Contingency, Mapping};

/// How right clusters are on a split once a [`Mapping`] says which class each stands for.
///
/// Shares are in `[0, 1]`; a share of no samples is None. Samples of clusters without a class are wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// Share of samples whose cluster stands for their class.
    pub accuracy: f64,
    /// The same among samples of the known classes.
    pub accuracy_on_known: Option<f64>,
    /// The same among samples of all other classes.
    pub accuracy_on_hidden: Option<f64>,
    /// The same among samples of each class.
    pub recall: Vec<Option<f64>>,
    /// Cohen's kappa of mapped and true classes, in `[-1, 1]` ([`Contingency::cohen_kappa`]).
    pub kappa: f64,
    /// Number of clusters: a majority accuracy says little without it.
    pub clusters: usize,
    /// Clusters that have samples of the split.
    pub used_clusters: usize,
    /// Samples of clusters that stand for no class.
    pub unmapped: usize,
    /// Mapped class by true class, `[classes + 1, classes]`: the last row holds the [`Assessment::unmapped`] samples.
    pub confusion: Contingency,
}

impl Assessment {
    pub(super) fn of(mapping: &Mapping, test: &Contingency, known: &[usize]) -> Result<Self, ClusteringError> {
        check(mapping, test, known)?;
        let classes = test.classes();
        let confusion = test.renamed(classes + 1, |cluster| mapping.class_of(cluster).unwrap_or(classes));
        let is_known = |class: &usize| known.contains(class);
        Ok(Self {
            accuracy: accuracy_on(&confusion, 0..classes).unwrap_or(0.0),
            accuracy_on_known: accuracy_on(&confusion, (0..classes).filter(is_known)),
            accuracy_on_hidden: accuracy_on(&confusion, (0..classes).filter(|class| !is_known(class))),
            recall: (0..classes).map(|class| accuracy_on(&confusion, [class])).collect(),
            kappa: confusion.cohen_kappa(),
            clusters: test.clusters(),
            used_clusters: test.used_clusters(),
            unmapped: confusion.cluster_sizes()[classes],
            confusion,
        })
    }
}

/// Share of the samples of some classes that are on the diagonal.
fn accuracy_on(confusion: &Contingency, classes: impl IntoIterator<Item = usize>) -> Option<f64> {
    let (mut right, mut samples) = (0, 0);
    for class in classes {
        right += confusion.count(class, class);
        samples += confusion.class_sizes()[class];
    }
    (samples > 0).then(|| right as f64 / samples as f64)
}

fn check(mapping: &Mapping, test: &Contingency, known: &[usize]) -> Result<(), ClusteringError> {
    let (mapped, clusters, classes) = (mapping.classes().len(), test.clusters(), test.classes());
    if mapped != clusters {
        return Err(ClusteringError::MappedClusters { mapped, clusters });
    }
    for (cluster, class) in mapping.classes().iter().enumerate() {
        if let Some(class) = class.filter(|&class| class >= classes) {
            return Err(ClusteringError::MappedClass {
                cluster,
                class,
                classes,
            });
        }
    }
    match known.iter().find(|&&class| class >= classes) {
        Some(&class) => Err(ClusteringError::Known { class, classes }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clusters 0 to 3 hold classes 0 0 1, 1, 2 2 0 and 0; class 3 does not occur.
    fn test() -> Contingency {
        Contingency::new(&[0, 0, 0, 1, 2, 2, 2, 3], &[0, 0, 1, 1, 2, 2, 0, 0], 5, 4).unwrap()
    }

    #[test]
    fn shares_are_those_of_a_hand_worked_example() {
        let mapping = Mapping::from(vec![Some(0), Some(1), Some(2), None, Some(3)]);
        let assessment = mapping.assess(&test(), &[1, 3]).unwrap();
        assert_eq!(assessment.accuracy, 5.0 / 8.0);
        assert_eq!(assessment.accuracy_on_known, Some(0.5));
        assert_eq!(assessment.accuracy_on_hidden, Some(4.0 / 6.0));
        assert_eq!(assessment.recall, [Some(0.5), Some(0.5), Some(1.0), None]);
        assert_eq!(
            (assessment.clusters, assessment.used_clusters, assessment.unmapped),
            (5, 4, 1)
        );
        let confusion = [[2, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0], [1, 0, 0, 0]];
        assert_eq!(assessment.confusion.rows(), confusion);
        // Chance is 3/8 4/8 + 1/8 2/8 + 3/8 2/8.
        assert!((assessment.kappa - (40.0 - 20.0) / (64.0 - 20.0)).abs() < 1e-15);
    }

    #[test]
    fn clusters_of_one_class_are_added_up() {
        let mapping = Mapping::from(vec![Some(0), Some(1), Some(2), Some(0), None]);
        let assessment = mapping.assess(&test(), &[]).unwrap();
        assert_eq!(assessment.recall[0], Some(0.75));
        assert_eq!(assessment.confusion.rows()[0], [3, 1, 0, 0]);
    }

    #[test]
    fn a_share_of_no_samples_is_none() {
        let mapping = Mapping::identity(5, 4);
        let assessment = mapping.assess(&test(), &[3, 3]).unwrap();
        assert_eq!(assessment.accuracy_on_known, None);
        assert_eq!(assessment.accuracy_on_hidden, Some(assessment.accuracy));
        let assessment = mapping.assess(&test(), &[0, 1, 2, 3]).unwrap();
        assert_eq!(assessment.accuracy_on_hidden, None);
    }

    #[test]
    fn without_any_class_all_is_wrong() {
        let assessment = Mapping::from(vec![None; 5]).assess(&test(), &[0]).unwrap();
        assert_eq!(
            (assessment.accuracy, assessment.unmapped, assessment.kappa),
            (0.0, 8, 0.0)
        );
    }

    #[test]
    fn mappings_of_other_clusters_or_classes_are_refused() {
        let error =
            |mapping: Vec<Option<usize>>, known: &[usize]| Mapping::from(mapping).assess(&test(), known).unwrap_err();
        assert_eq!(
            error(vec![None; 4], &[]),
            ClusteringError::MappedClusters { mapped: 4, clusters: 5 }
        );
        assert_eq!(
            error(vec![None, Some(4), None, None, None], &[]),
            ClusteringError::MappedClass {
                cluster: 1,
                class: 4,
                classes: 4
            }
        );
        assert_eq!(
            error(vec![None; 5], &[0, 4]),
            ClusteringError::Known { class: 4, classes: 4 }
        );
    }
}
