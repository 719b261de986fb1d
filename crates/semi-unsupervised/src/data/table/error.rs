use std::path::PathBuf;

use papers_core::Error;

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A file that cannot be read.
    #[error(
        "cannot read {}: {source}; say where the table is, as in `--set data.table.train=\"'mine.csv'\"`",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line that makes no sense.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Columns that are missing, named twice or too many.
    #[error("{}: {problem}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        problem: String,
    },
    /// No lines besides that of the names.
    #[error("{} has no row of numbers", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file that is too large.
    #[error("{} has more than {limit} bytes; is it a table of examples?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// No row with a label.
    #[error(
        "{}: no row has a label in the column `{label}`, so there are no classes; label some rows, if only to test on, as \
         `data.table.held_out` or in `data.table.test`",
        path.display()
    )]
    NoLabels {
        /// The file.
        path: PathBuf,
        /// Name of the column.
        label: String,
    },
    /// Test rows with other columns than training rows.
    #[error(
        "{} has rows of shape [{rows}, {columns}], and the training rows are [_, {expected}]{}",
        path.display(),
        difference(missing, unknown)
    )]
    Columns {
        /// The file.
        path: PathBuf,
        /// Number of rows.
        rows: usize,
        /// Columns of numbers.
        columns: usize,
        /// Columns of numbers of the training rows.
        expected: usize,
        /// Columns of the training rows that are not there.
        missing: Vec<String>,
        /// Columns that the training rows do not have.
        unknown: Vec<String>,
    },
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        Self::Usage(format!("`data.table`: {error}"))
    }
}

/// Names at most that are listed.
const MOST_LISTED: usize = 5;

/// Some names, and how many others.
pub(super) fn some(names: &[String]) -> String {
    let listed: Vec<String> = names.iter().take(MOST_LISTED).map(|name| format!("`{name}`")).collect();
    let others = names.len().saturating_sub(MOST_LISTED);
    let rest = if others > 0 {
        format!(" and {others} others")
    } else {
        String::new()
    };
    listed.join(", ") + &rest
}

fn difference(missing: &[String], unknown: &[String]) -> String {
    let mut text = String::new();
    for (what, names) in [("missing", missing), ("not among those", unknown)] {
        if !names.is_empty() {
            text += &format!("; {what}: {}", some(names));
        }
    }
    text
}
