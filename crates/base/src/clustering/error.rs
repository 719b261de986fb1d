use thiserror::Error;

use super::{PRIOR_TOLERANCE, Protocol, ROW_TOLERANCE};

/// Why predictions, classes and mappings do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClusteringError {
    /// No samples.
    #[error("a clustering of no samples cannot be compared with classes")]
    Empty,
    /// Not one prediction for each truth.
    #[error("{predicted} predictions for {truth} true classes; each sample needs one of both")]
    Lengths {
        /// Number of predictions.
        predicted: usize,
        /// Number of true classes.
        truth: usize,
    },
    /// A predicted cluster that does not exist.
    #[error(
        "sample {sample} is predicted to be in cluster {cluster}, and clusters go from 0 up to, not including, {clusters}"
    )]
    Cluster {
        /// The first such sample.
        sample: usize,
        /// Its cluster.
        cluster: usize,
        /// Number of clusters.
        clusters: usize,
    },
    /// A true class that does not exist.
    #[error("sample {sample} is of class {class}, and classes go from 0 up to, not including, {classes}")]
    Class {
        /// The first such sample.
        sample: usize,
        /// Its class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A known class that does not exist.
    #[error("class {class} is said to be known, and classes go from 0 up to, not including, {classes}")]
    Known {
        /// The class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A known class without the cluster of the same index, to which it could be anchored.
    #[error(
        "known class {class} has no cluster of its own: there are {clusters} clusters; use more clusters than that"
    )]
    Anchor {
        /// The class.
        class: usize,
        /// Number of clusters.
        clusters: usize,
    },
    /// No labeled split for a protocol that may not see test labels.
    #[error("the protocol `{protocol}` learns its mapping on a labeled split apart from the test split; there is none")]
    Held {
        /// The protocol.
        protocol: Protocol,
    },
    /// A mapping of another number of clusters.
    #[error("the mapping is of {mapped} clusters, and the predictions are of {clusters}")]
    MappedClusters {
        /// Number of clusters of the mapping.
        mapped: usize,
        /// Number of clusters of the predictions.
        clusters: usize,
    },
    /// A mapping to a class that does not exist.
    #[error(
        "the mapping sends cluster {cluster} to class {class}, and classes go from 0 up to, not including, {classes}"
    )]
    MappedClass {
        /// The cluster.
        cluster: usize,
        /// Its class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
}

/// Why probabilities of clusters, a prior or posterior means cannot be diagnosed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CollapseError {
    /// No rows.
    #[error("there are no rows to diagnose")]
    Empty,
    /// Values that are not rows of the stated length.
    #[error("{values} values are not rows of {columns}")]
    Shape {
        /// Number of values.
        values: usize,
        /// Length that a row should have; 0 is none.
        columns: usize,
    },
    /// A value that is no probability.
    #[error("q(y|x) of row {row}, cluster {cluster} is {value}, which is no probability")]
    Probability {
        /// The first such row.
        row: usize,
        /// The cluster.
        cluster: usize,
        /// What is there.
        value: f64,
    },
    /// A row that is no distribution.
    #[error("q(y|x) of row {row} sums to {sum}, not to 1 within {ROW_TOLERANCE}; pass probabilities, not logits")]
    RowSum {
        /// The first such row.
        row: usize,
        /// What it sums to.
        sum: f64,
    },
    /// A prior of another number of clusters.
    #[error("the prior p(y) has {length} entries for {clusters} clusters")]
    PriorLength {
        /// Number of entries.
        length: usize,
        /// Number of clusters.
        clusters: usize,
    },
    /// An entry of the prior that is zero, negative or not finite.
    #[error("the prior p(y) of cluster {cluster} is {value}; it must be positive")]
    PriorEntry {
        /// The first such cluster.
        cluster: usize,
        /// What is there.
        value: f64,
    },
    /// A prior that is no distribution.
    #[error("the prior p(y) sums to {sum}, not to 1 within {PRIOR_TOLERANCE}")]
    PriorSum {
        /// What it sums to.
        sum: f64,
    },
    /// A known class without a cluster.
    #[error(
        "cluster {cluster} is said to be of a known class, and clusters go from 0 up to, not including, {clusters}"
    )]
    Known {
        /// The cluster.
        cluster: usize,
        /// Number of clusters.
        clusters: usize,
    },
    /// A posterior mean that is not finite.
    #[error("the posterior mean of row {row}, latent dimension {unit} is {value}")]
    Mean {
        /// The first such row.
        row: usize,
        /// The latent dimension.
        unit: usize,
        /// What is there.
        value: f64,
    },
}
