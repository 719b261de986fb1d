use std::{io, path::PathBuf};

use thiserror::Error;

use super::digest::Digest;

/// What can go wrong between a data set's name and its bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// No data set has this name.
    #[error(
        "no data set is called `{name}`{}; there are: {}",
        nearest.as_ref().map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default(),
        known.join(", ")
    )]
    UnknownDataset {
        /// The name asked for.
        name: String,
        /// The known name most like it, if one is.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// A `dataset.toml` breaks the rules.
    #[error("datasets/{name}/dataset.toml: {problem}")]
    Manifest {
        /// Folder of the data set.
        name: String,
        /// What is wrong, with the line where the parser knows it.
        problem: String,
    },
    /// A set is in none of the folders where it may be.
    #[error(
        "the data set `{name}` is not on this machine; {remedy}, or give a folder that holds `{name}/` with `--data DIR` or {}. Looked in: {}",
        super::DATA_VARIABLE,
        searched.join("; ")
    )]
    DatasetMissing {
        /// The set.
        name: String,
        /// Command that gets it.
        remedy: String,
        /// Each folder looked in, and what it lacks.
        searched: Vec<String>,
    },
    /// The folder given for data does not exist.
    #[error("the data folder {} does not exist", path.display())]
    FolderMissing {
        /// The folder of `--data` or of an import.
        path: PathBuf,
    },
    /// The split that was asked for does not exist in this set.
    #[error("the data set `{name}` has no split `{split}`")]
    NoSuchSplit {
        /// The set.
        name: String,
        /// The split.
        split: &'static str,
    },
    /// The manifest of the set names no such file.
    #[error("the data set `{name}` has no file `{file}`")]
    NoSuchFile {
        /// The set.
        name: String,
        /// The file.
        file: String,
    },
    /// A set that is part of the program.
    #[error("the data set `{name}` is built into the program; there is nothing to {verb}")]
    Embedded {
        /// The set.
        name: String,
        /// What was asked for: `fetch` or `import`.
        verb: &'static str,
    },
    /// A file that may not be fetched, since nothing published says what it has to be.
    #[error(
        "`{file}` of `{name}` cannot be fetched: {homepage} asks for a download by hand, or publishes no checksum. Get it from there, then `cargo xtask data import {name} --from DIR`"
    )]
    ImportOnly {
        /// The set.
        name: String,
        /// The file.
        file: String,
        /// Page of the set.
        homepage: String,
    },
    /// No mirror gave a good copy.
    #[error(
        "could not fetch `{file}` of `{name}`; what has arrived is kept, so try again later, or import the file from a folder with `cargo xtask data import {name} --from DIR`.{}",
        failures.iter().map(|failure| format!("\n  {}: {}", failure.url, failure.problem)).collect::<String>()
    )]
    AllMirrorsFailed {
        /// The set.
        name: String,
        /// The file.
        file: String,
        /// What each attempt met.
        failures: Vec<MirrorFailure>,
    },
    /// A file that is not what was published.
    #[error("{} is not the published file: expected {expected}, found {found}. Remove it, then `cargo xtask data fetch` or `import` the set again", path.display())]
    WrongDigest {
        /// The file.
        path: PathBuf,
        /// Digest published, or recorded at import.
        expected: Digest,
        /// Digest of the file.
        found: Digest,
    },
    /// A file that has not the published size.
    #[error("{} has {found} bytes instead of {expected}. Remove it, then `cargo xtask data fetch` or `import` the set again", path.display())]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// Size published, in bytes.
        expected: u64,
        /// Size of the file, in bytes.
        found: u64,
    },
    /// A file that nothing says anything about.
    #[error("nothing says what {} has to be: `{name}` has no published checksum. Record it with `cargo xtask data import {name} --from DIR`", path.display())]
    Unrecorded {
        /// The file.
        path: PathBuf,
        /// The set.
        name: String,
    },
    /// A file that the set is complete without, but that was asked for.
    #[error("{} is not there; get it with `cargo xtask data fetch {name} --optional`, or import it with `cargo xtask data import {name} --from DIR`", path.display())]
    OptionalMissing {
        /// The set.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// Files that a folder to import from lacks.
    #[error("{} lacks {}; it has to hold the files of `{name}` under their official names", folder.display(), missing.join(", "))]
    ImportIncomplete {
        /// The set.
        name: String,
        /// The folder.
        folder: PathBuf,
        /// Names of the files.
        missing: Vec<String>,
    },
    /// Another process is filling the same folder.
    #[error("another process is fetching or importing into {}; wait for it, then try again", folder.display())]
    Busy {
        /// Folder of the set in the cache.
        folder: PathBuf,
    },
    /// The user's cache folder is not known.
    #[error("no cache folder is known; set HOME, or XDG_CACHE_HOME, or give a folder with --to")]
    NoCacheFolder,
    /// A file could not be given its name.
    #[error(transparent)]
    Commit(Box<crate::Error>),
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// The refusal.
        #[source]
        source: io::Error,
    },
}

impl CatalogueError {
    /// For `map_err`: what was tried on which path.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

impl From<crate::Error> for CatalogueError {
    fn from(error: crate::Error) -> Self {
        Self::Commit(Box::new(error))
    }
}

/// One attempt to fetch a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorFailure {
    /// The address.
    pub url: String,
    /// What happened, in words.
    pub problem: String,
}
