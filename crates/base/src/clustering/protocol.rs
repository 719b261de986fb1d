use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ClusteringError, Contingency, Mapping};

/// On which samples, and by which rule, clusters are given their classes before accuracy is measured.
///
/// Numbers under different protocols cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// "Cluster and label": each cluster stands for its most frequent class on the test split itself, clusters of known
    /// classes too.
    ///
    /// The most optimistic: it can only rise with the number of clusters, and one cluster for each sample gives
    /// 100 %. The number of clusters and of used ones belongs beside it.
    TestMajority,
    /// Each cluster stands for its most frequent class on a separate labeled split; a cluster that has no sample there
    /// is wrong.
    ///
    /// Honest about the mapping, which sees no test label. Still not what a classifier of known classes promises:
    /// the cluster of a known class may come to stand for another one.
    HeldMajority,
    /// The cluster of a known class stands for that class; all others are as in [`Protocol::HeldMajority`].
    ///
    /// The strictest for semi-unsupervised learning: names that labels gave are kept, and no test label is seen.
    Anchored,
    /// Cluster `i` stands for class `i`, as of a classifier: nothing is fitted. For models that saw labels of every class.
    Identity,
    /// One cluster for a class and one class for a cluster, with the most test samples right; clusters that are left
    /// over are wrong. "Clustering accuracy" in the literature.
    ///
    /// It sees test labels, so it is optimistic, but extra clusters cannot raise it for nothing as they raise
    /// [`Protocol::TestMajority`]: each class is paid for once.
    Hungarian,
}

impl Protocol {
    /// All protocols, in the order of their definition.
    pub const ALL: [Self; 5] = [
        Self::TestMajority,
        Self::HeldMajority,
        Self::Anchored,
        Self::Identity,
        Self::Hungarian,
    ];

    /// Its name in configurations and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::TestMajority => "test-majority",
            Self::HeldMajority => "held-majority",
            Self::Anchored => "anchored",
            Self::Identity => "identity",
            Self::Hungarian => "hungarian",
        }
    }

    /// Whether the mapping sees the labels on which it is assessed: such an accuracy is an upper bound.
    pub fn sees_test_labels(self) -> bool {
        matches!(self, Self::TestMajority | Self::Hungarian)
    }

    /// Whether the mapping is learned from a labeled split apart from the test one.
    pub fn needs_held(self) -> bool {
        matches!(self, Self::HeldMajority | Self::Anchored)
    }

    /// Learns the mapping from the split that the protocol may see: `test`, or `held`, a labeled split apart from it.
    ///
    /// `known` are the classes with labels in training; only [`Protocol::Anchored`] asks.
    ///
    /// # Errors
    ///
    /// [`ClusteringError::Held`] if the protocol needs `held` and there is none; as [`Mapping::anchored`].
    pub fn fit(
        self,
        held: Option<&Contingency>,
        test: &Contingency,
        known: &[usize],
    ) -> Result<Mapping, ClusteringError> {
        let held = || held.ok_or(ClusteringError::Held { protocol: self });
        match self {
            Self::TestMajority => Ok(Mapping::majority(test)),
            Self::HeldMajority => Ok(Mapping::majority(held()?)),
            Self::Anchored => Mapping::anchored(held()?, known),
            Self::Identity => Ok(Mapping::identity(test.clusters(), test.classes())),
            Self::Hungarian => Ok(Mapping::hungarian(test)),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_configurations() {
        for protocol in Protocol::ALL {
            let text = serde_json::to_string(&protocol).unwrap();
            assert_eq!(text, format!("\"{protocol}\""));
            assert_eq!(serde_json::from_str::<Protocol>(&text).unwrap(), protocol);
        }
    }

    #[test]
    fn each_protocol_sees_its_own_split() {
        // In the test split, cluster 0 is class 1 and cluster 1 is class 0; in the other both are class 1.
        let test = Contingency::new(&[0, 0, 1, 1, 1], &[1, 1, 0, 0, 1], 3, 2).unwrap();
        let held = Contingency::new(&[0, 1], &[1, 1], 3, 2).unwrap();
        let mapping = |protocol: Protocol| protocol.fit(Some(&held), &test, &[0]).unwrap();
        let expected = [
            [Some(1), Some(0), None],
            [Some(1), Some(1), None],
            [Some(0), Some(1), None],
            [Some(0), Some(1), None],
            [Some(1), Some(0), None],
        ];
        assert_eq!(
            Protocol::ALL.map(mapping),
            expected.map(|classes| Mapping::from(classes.to_vec()))
        );
    }

    #[test]
    fn only_protocols_that_fit_on_it_need_a_split_apart() {
        let test = Contingency::new(&[0, 1], &[1, 0], 2, 2).unwrap();
        for protocol in Protocol::ALL {
            let mapping = protocol.fit(None, &test, &[]);
            match protocol.needs_held() {
                false => assert!(mapping.is_ok(), "{protocol}"),
                true => assert_eq!(mapping, Err(ClusteringError::Held { protocol })),
            }
        }
        let error = Protocol::Anchored.fit(Some(&test), &test, &[2]).unwrap_err();
        assert_eq!(error, ClusteringError::Known { class: 2, classes: 2 });
    }

    #[test]
    fn a_cluster_for_each_sample_shows_how_optimistic_a_protocol_is() {
        let test = Contingency::new(&[0, 1, 2, 3], &[0, 1, 0, 1], 4, 2).unwrap();
        let accuracy = |protocol: Protocol| {
            let mapping = protocol.fit(None, &test, &[]).unwrap();
            mapping.assess(&test, &[]).unwrap().accuracy
        };
        assert_eq!([Protocol::TestMajority, Protocol::Hungarian].map(accuracy), [1.0, 0.5]);
    }
}
