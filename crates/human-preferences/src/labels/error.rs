use std::path::PathBuf;

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database of another environment.
    #[error("{} holds answers about `{found}`, not about `{expected}`; name another file, or run with the environment that it is of", path.display())]
    OtherEnvironment {
        /// The database.
        path: PathBuf,
        /// Its environment.
        found: String,
        /// The run's environment.
        expected: String,
    },
    /// A database of another program, or of another version of this one.
    #[error("{} is no database of answers that this program reads: {problem}", path.display())]
    OtherSchema {
        /// The database.
        path: PathBuf,
        /// What it is.
        problem: String,
    },
    /// Another process holds the database.
    #[error("{} is in use by another process; stop that one first", path.display())]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// There is no such pair.
    #[error("there is no pair {0}")]
    UnknownPair(i64),
    /// The pair has another answer.
    #[error("pair {0} has another answer already")]
    AlreadyAnswered(i64),
    /// A name that is too long or has characters that names do not have.
    #[error("`{field}` must have 1 to {most} printable characters")]
    Name {
        /// Which name.
        field: &'static str,
        /// Characters that it may have.
        most: usize,
    },
    /// A line of an import that is no answer or clip.
    #[error("line {line}: {problem}")]
    Import {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Reading or writing an exchange file failed.
    #[error("reading or writing answers")]
    Io(#[from] std::io::Error),
    /// What SQLite reports.
    #[error("the database of answers")]
    Database(#[from] rusqlite::Error),
}
