//! The one error type of the library crates.

use std::path::PathBuf;

use burn::{store::RecordError, tensor::TensorReadError};
use papers_base::{catalogue::CatalogueError, images::ImagesError, journal::Scalars};

use crate::data::LabelSplitError;

/// What can go wrong outside of a programming mistake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Configuration, files, journal, data catalogue.
    #[error(transparent)]
    Base(#[from] papers_base::Error),
    /// A data set could not be found.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A data set could not be read.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// Labels cannot be dealt out as asked.
    #[error(transparent)]
    LabelSplit(#[from] LabelSplitError),
    /// The system has no thread to give.
    #[error("cannot start a thread for {purpose}")]
    Thread {
        /// What it was for.
        purpose: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The requested backend is not part of this build.
    #[error(
        "backend `{name}` is not compiled in (this build has: {compiled}); use `cargo xtask train <paper> --backend {name}`, or build with `--features {name}`"
    )]
    BackendMissing {
        /// The name asked for.
        name: String,
        /// What is there, comma separated.
        compiled: String,
    },
    /// No backend has this name.
    #[error("unknown backend `{name}`; known: {known}")]
    BackendUnknown {
        /// The name asked for.
        name: String,
        /// All names, comma separated.
        known: String,
    },
    /// The backend is compiled in, but the machine has nothing to run it on.
    #[error("backend `{name}` finds no adapter: {reason}; {remedy}")]
    NoAdapter {
        /// The backend.
        name: String,
        /// What the probe said.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// No device of another machine can be used.
    #[error("no device at `{address}`: {reason}; {remedy}")]
    Remote {
        /// Where it was looked for.
        address: String,
        /// What came in the way.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Training left the finite numbers.
    #[error(
        "`{term}` became {value} at step {step}{} (all numbers: {}); the last good checkpoint is {}. Start anew with --overwrite and a lower learning rate, or another solver",
        seed.map(|seed| format!(" with seed {seed}")).unwrap_or_default(),
        scalars.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", "),
        checkpoint.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string())
    )]
    Diverged {
        /// Name of the scalar.
        term: String,
        /// Its value.
        value: f64,
        /// The update that produced it.
        step: u64,
        /// Everything that the update measured.
        scalars: Scalars,
        /// The run's; the loop knows it.
        seed: Option<u64>,
        /// The newest checkpoint from before; the loop knows it.
        checkpoint: Option<PathBuf>,
    },
    /// Weights left the finite numbers; no checkpoint was written of them.
    #[error(
        "weights of `{name}` are not finite, so nothing was saved; start anew with --overwrite and a lower learning rate"
    )]
    NonFiniteWeights {
        /// The module's name in the checkpoint.
        name: String,
    },
    /// Something inside one update failed.
    #[error("step {step}: {message}")]
    Step {
        /// The update.
        step: u64,
        /// What happened.
        message: String,
    },
    /// A file of a checkpoint is missing, damaged or does not fit.
    #[error("checkpoint {}: {problem}", path.display())]
    Checkpoint {
        /// The generation or the file in it.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The folder has no checkpoint that can be read.
    #[error("no usable checkpoint in {}; train first, or start anew with --overwrite", folder.display())]
    NoCheckpoint {
        /// The run's folder.
        folder: PathBuf,
    },
    /// The output folder already holds a run.
    #[error("{} already holds a run{}; continue it with --resume, replace it with --overwrite, or choose another --out", folder.display(), if *finished { " (finished)" } else { "" })]
    RunExists {
        /// The run's folder.
        folder: PathBuf,
        /// Whether that run came to its end.
        finished: bool,
    },
    /// A signal came while an update waited for something outside of the program; nothing of the update was applied.
    #[error("asked to stop by a signal")]
    Interrupted,
    /// A request that makes no sense; the message says what would.
    #[error("{0}")]
    Usage(String),
    /// Weights do not fit the module.
    #[error("weights `{name}`")]
    Record {
        /// The module's name in the checkpoint.
        name: String,
        /// Burn's reason.
        source: RecordError,
    },
    /// A value could not be read back from the device.
    #[cfg_attr(
        feature = "remote",
        error(
            "reading from the device; if another machine serves it, see whether it still does, and go on with --resume"
        )
    )]
    #[cfg_attr(not(feature = "remote"), error("reading from the device"))]
    Device(#[from] TensorReadError),
}

/// Result with the library's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A number that an update, or an evaluation after it, found not to be finite, among those that it measured. The loop adds the
    /// run's seed and its newest checkpoint.
    pub fn diverged(term: impl Into<String>, value: f64, step: u64, scalars: Scalars) -> Self {
        Self::Diverged {
            term: term.into(),
            value,
            step,
            scalars,
            seed: None,
            checkpoint: None,
        }
    }

    /// A request that makes no sense, by what refused it.
    pub fn usage(refused: impl std::fmt::Display) -> Self {
        Self::Usage(refused.to_string())
    }

    /// For `map_err`: what was tried on which path, as in "read".
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let named = papers_base::Error::io(action, path);
        move |source| Self::Base(named(source))
    }

    /// Whether a data set is not on this machine; the message says how to get it.
    pub fn is_missing_data(&self) -> bool {
        match self {
            Self::Catalogue(error) | Self::Images(ImagesError::Catalogue(error)) => {
                matches!(
                    error,
                    CatalogueError::DatasetMissing { .. } | CatalogueError::OptionalMissing { .. }
                )
            }
            _ => false,
        }
    }

    /// The documented exit code of a binary that ends with this error.
    pub fn exit_code(&self) -> u8 {
        use papers_base::cli::exit;
        match self {
            Self::Base(papers_base::Error::Locked { .. }) => exit::LOCKED,
            Self::BackendMissing { .. }
            | Self::BackendUnknown { .. }
            | Self::NoAdapter { .. }
            | Self::Remote { .. } => exit::BACKEND,
            Self::Interrupted => exit::INTERRUPTED,
            Self::Diverged { .. } | Self::NonFiniteWeights { .. } => exit::DIVERGED,
            Self::Usage(_)
            | Self::LabelSplit(_)
            | Self::RunExists { .. }
            | Self::Base(papers_base::Error::Config(_) | papers_base::Error::NoRun { .. })
            | Self::Catalogue(CatalogueError::UnknownDataset { .. }) => exit::USAGE,
            _ => exit::FAILED,
        }
    }
}
