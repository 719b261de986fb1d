use std::{io, path::PathBuf};

use crate::config::ConfigError;

/// What can go wrong with files, configurations and journals.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as in "read".
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A configuration that cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Another process writes to the folder.
    #[error("{} is in use by {holder}; wait for it, stop it, or choose another --out", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// Who holds it, as in "process 4242 on host since 2026-01-01T00:00:00Z".
        holder: String,
    },
    /// A folder that was taken for that of a run.
    #[error("{} is not the folder of a run: it has no {file}", folder.display())]
    NoRun {
        /// The folder.
        folder: PathBuf,
        /// The file that every run has.
        file: &'static str,
    },
    /// A file of a run that is not what this program writes.
    #[error("{}: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the line where it is known.
        problem: String,
    },
    /// A figure that could not be drawn.
    #[error("cannot draw {figure}: {problem}")]
    Figure {
        /// Name of the figure.
        figure: String,
        /// What the plotting library said.
        problem: String,
    },
}

/// Result with the library's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For `map_err`: what was tried on which path.
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
