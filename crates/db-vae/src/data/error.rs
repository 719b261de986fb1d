use papers_core::Error;

/// Why pictures cannot be learned from or measured with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A value that is no brightness.
    #[error(
        "picture {index} of {shape:?} (rows, columns, channels) has the value {value}; pictures need values in [0, 1], so divide bytes \
         by 255"
    )]
    Value {
        /// Picture, from 0.
        index: usize,
        /// Rows, columns and channels.
        shape: [usize; 3],
        /// The value.
        value: f32,
    },
    /// Values that make no whole pictures.
    #[error("{values} values are no whole pictures of {shape:?} (rows, columns, channels)")]
    Ragged {
        /// Number of values.
        values: usize,
        /// Rows, columns and channels.
        shape: [usize; 3],
    },
    /// Pictures of another shape than is needed.
    #[error("pictures of `{name}` have {found:?} (rows, columns, channels), and {expected:?} are needed")]
    Shape {
        /// The pictures.
        name: String,
        /// Rows, columns and channels that are needed.
        expected: [usize; 3],
        /// Those that are there.
        found: [usize; 3],
    },
    /// Labels and pictures that do not belong together.
    #[error("there are {labels} {what} for {pictures} pictures; give one for each")]
    Count {
        /// Labels or groups.
        what: &'static str,
        /// How many there are.
        labels: usize,
        /// Pictures.
        pictures: usize,
    },
    /// A label that is neither.
    #[error("the label of picture {index} is {label}; labels are 1 for a face and 0 for anything else")]
    Label {
        /// Picture, from 0.
        index: usize,
        /// Its label.
        label: u8,
    },
    /// Nothing to learn from.
    #[error("there are no {what} to learn from; a detector needs both faces and other pictures")]
    Missing {
        /// Faces or others.
        what: &'static str,
    },
    /// Fewer pictures of a group than were asked for.
    #[error("{wanted} pictures of `{group}` were asked for and there are {found}; ask for fewer with `{setting}`")]
    TooFew {
        /// The group.
        group: String,
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        found: usize,
        /// What to change.
        setting: &'static str,
    },
    /// A table or an archive that is not as it has to be.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        Self::usage(error)
    }
}
