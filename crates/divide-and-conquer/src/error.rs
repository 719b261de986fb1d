use papers_core::{Error, base::journal::Scalars};

/// What cannot be embedded, divided or measured.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// The embedding cannot be cut into so many equal slices.
    #[error(
        "an embedding of d = {dimension} cannot be cut into K = {learners} equal slices: K must be at least 1 and divide d"
    )]
    Slices {
        /// Numbers of the embedding, `d`.
        dimension: usize,
        /// Slices, `K`.
        learners: usize,
    },
    /// Fewer points than clusters.
    #[error("{points} points cannot be divided into K = {clusters} clusters")]
    Clusters {
        /// Points, `N`.
        points: usize,
        /// Clusters, `K`.
        clusters: usize,
    },
    /// Numbers that are no rows of this width.
    #[error("{values} numbers are no rows of {width}")]
    Rows {
        /// Numbers there are.
        values: usize,
        /// Numbers of a row.
        width: usize,
    },
    /// Rows of different widths.
    #[error("rows of {left} numbers cannot be compared with rows of {right}")]
    Widths {
        /// Numbers of a row of the one.
        left: usize,
        /// Numbers of a row of the other.
        right: usize,
    },
    /// Labels that do not fit the rows.
    #[error("{labels} labels for {rows} rows")]
    Labels {
        /// Labels there are.
        labels: usize,
        /// Rows there are.
        rows: usize,
    },
    /// Nothing to work on.
    #[error("there are no {0}")]
    Empty(&'static str),
    /// NaN or an infinite number.
    #[error("{what}: row {row} has a number that is not finite; training may have diverged")]
    NonFinite {
        /// Whose row.
        what: &'static str,
        /// The first such row, from 0.
        row: usize,
    },
    /// A number so large that its square is none.
    #[error("{what}: row {row} is too long: double precision cannot hold the square of its length")]
    TooLong {
        /// Whose row.
        what: &'static str,
        /// The first such row, from 0.
        row: usize,
    },
    /// A loss that is no number to learn from.
    #[error("the loss became {value}; training may have diverged")]
    NonFiniteLoss {
        /// NaN, or infinite.
        value: f64,
    },
    /// A vector without a direction.
    #[error("{what}: row {row} is zero and cannot be brought to length 1")]
    ZeroVector {
        /// Whose row.
        what: &'static str,
        /// The first such row, from 0.
        row: usize,
    },
    /// Queries of a class that the gallery lacks, or the other way round.
    #[error("queries and gallery have different classes: class {class} is in the {there} only")]
    Galleries {
        /// The class.
        class: usize,
        /// Where it is.
        there: &'static str,
    },
    /// A setting that makes no sense.
    #[error("{0}")]
    Setting(String),
    /// Too few classes with two examples to learn from.
    #[error("{found} of the training classes have two examples or more, and 2 are the least that can be told apart")]
    Classes {
        /// Usable classes.
        found: usize,
    },
    /// A class that a loss has no parameters of.
    #[error("class {class} is beyond the {classes} classes that the loss was made for")]
    UnknownClass {
        /// The class.
        class: usize,
        /// Classes of the loss.
        classes: usize,
    },
    /// A learner that the embedding has not.
    #[error("learner {learner} is beyond the {learners} slices of the embedding")]
    UnknownLearner {
        /// The learner.
        learner: usize,
        /// Slices, `K`.
        learners: usize,
    },
    /// The device could not be read.
    #[error("reading from the device: {0}")]
    Device(String),
}

/// Numbers that are not finite are the end of a run, and no mistake of the user's; which update it was is not known here.
impl From<MetricError> for Error {
    fn from(error: MetricError) -> Self {
        match error {
            MetricError::NonFinite { what, row } => {
                Self::diverged(format!("{what}, row {row}"), f64::NAN, 0, Scalars::new())
            }
            MetricError::NonFiniteLoss { value } => Self::diverged("loss", value, 0, vec![("loss".to_owned(), value)]),
            error => Self::Usage(error.to_string()),
        }
    }
}

/// The same error, which came at this update if it is a divergence.
pub(crate) fn at_step(error: impl Into<Error>, at: u64) -> Error {
    let mut error = error.into();
    if let Error::Diverged { step, .. } = &mut error {
        *step = at;
    }
    error
}

impl From<burn::tensor::TensorReadError> for MetricError {
    fn from(error: burn::tensor::TensorReadError) -> Self {
        Self::Device(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_divergence_tells_its_update_and_a_wrong_use_stays_one() {
        let error = MetricError::NonFinite {
            what: "points to divide",
            row: 3,
        };
        match at_step(error, 7) {
            Error::Diverged { term, step, .. } => assert_eq!((term.as_str(), step), ("points to divide, row 3", 7)),
            other => panic!("{other}"),
        }
        assert!(matches!(at_step(MetricError::Empty("queries"), 7), Error::Usage(_)));
    }
}
