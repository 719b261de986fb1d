use papers_core::{Error, base::clustering::CollapseError};

/// Why a model cannot be made, or examples are not for it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A prior that is none.
    #[error("p(y): {0}")]
    Prior(#[from] CollapseError),
    /// Examples of another length.
    #[error("examples are [{rows}, {found}], and the model is of [_, {expected}]: they must have as many values")]
    Values {
        /// Number of examples.
        rows: usize,
        /// Values in an example.
        found: usize,
        /// Values that the model sees.
        expected: usize,
    },
    /// Classes that are not one-hot over the model's.
    #[error(
        "classes of {examples} examples are [{rows}, {found}], and must be [{examples}, {expected}]: a column for each of \
         the model's, extra ones included"
    )]
    Classes {
        /// Number of examples.
        examples: usize,
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        found: usize,
        /// Number of the model's classes.
        expected: usize,
    },
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        Self::usage(error)
    }
}
