use papers_core::Error;

/// Why numbers are no examples.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// Numbers that do not make whole rows, or other labels than rows.
    #[error("{set}: {values} values and {labels} labels are not rows of {columns} values with a label each")]
    Shape {
        /// Which rows.
        set: String,
        /// Number of values.
        values: usize,
        /// Number of labels.
        labels: usize,
        /// Values in a row.
        columns: usize,
    },
    /// A value that is not a finite number.
    #[error("{set}: row {row}, column {column} is {value}; all values must be finite numbers")]
    NotFinite {
        /// Which rows.
        set: String,
        /// The first such row.
        row: usize,
        /// Its first such column.
        column: usize,
        /// What is there.
        value: f32,
    },
    /// A value that is no probability of a Bernoulli variable.
    #[error(
        "{set}: row {row}, column {column} is {value}, and values modeled by Bernoulli variables must be in [0, 1]; bring \
         them there, or set `data.likelihood='gaussian'`"
    )]
    NotUnit {
        /// Which rows.
        set: String,
        /// The first such row.
        row: usize,
        /// Its first such column.
        column: usize,
        /// What is there.
        value: f32,
    },
    /// A label that is of no class.
    #[error("{set}: row {row} has the label {label}, and labels go from 0 up to, not including, {classes}")]
    Label {
        /// Which rows.
        set: String,
        /// The first such row.
        row: usize,
        /// Its label.
        label: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Rows of another length than those that were learned from.
    #[error("{set} is [{rows}, {columns}], and the training rows are [_, {expected}]: they must have as many columns")]
    Columns {
        /// Which rows.
        set: String,
        /// Number of rows.
        rows: usize,
        /// Values in a row.
        columns: usize,
        /// Values in a row that was learned from.
        expected: usize,
    },
    /// No column varies enough.
    #[error(
        "`data.min_std`: none of the {columns} values of a training row has a deviation above {min_std}, the largest is \
         {largest}; lower it"
    )]
    NothingKept {
        /// Values in a row.
        columns: usize,
        /// What was asked for.
        min_std: f64,
        /// The largest deviation that there is.
        largest: f64,
    },
    /// A checkpoint of other values.
    #[error(
        "the checkpoint is of a model of {saved_kept} of {saved_columns} values in a row, and the data keeps {kept} of \
         {columns}, or other ones, or brings them to another size; use the `data` settings and the seed of its run"
    )]
    Saved {
        /// Values that are kept.
        kept: usize,
        /// Values in a row.
        columns: usize,
        /// Values that were kept.
        saved_kept: usize,
        /// Values that there were in a row.
        saved_columns: usize,
    },
    /// No rows.
    #[error("{set} has no rows")]
    Empty {
        /// Which rows.
        set: String,
    },
}

impl From<RowsError> for Error {
    fn from(error: RowsError) -> Self {
        Self::usage(error)
    }
}
