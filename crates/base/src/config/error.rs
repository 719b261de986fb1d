use std::path::PathBuf;

use thiserror::Error;

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Text that is not TOML.
    #[error("{origin} is not TOML: {problem}")]
    Syntax {
        /// Where it stands: a file, or the experiment.
        origin: String,
        /// What the parser says, with line and column.
        problem: String,
    },
    /// A setting that no experiment of this kind has.
    #[error(
        "{origin}: there is no setting `{key}`{}; {}",
        nearest.as_ref().map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default(),
        if known.is_empty() { "there is none at this place".to_owned() } else { format!("there are: {}", known.join(", ")) }
    )]
    UnknownKey {
        /// Where it stands: a file, a `--set`, or the experiment.
        origin: String,
        /// The setting, with the tables around it.
        key: String,
        /// The known setting most like it, with the tables around it.
        nearest: Option<String>,
        /// All settings at this place.
        known: Vec<String>,
    },
    /// A value of the wrong type, or one that is missing.
    #[error("{origin}: `{key}`: {problem}")]
    Value {
        /// Where it stands: a file, a `--set`, or the experiment.
        origin: String,
        /// The setting, or the table that lacks one.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A `--set` that sets nothing.
    #[error("`--set {set}`: {problem}; write `--set KEY=VALUE`, as in `--set schedule.steps=500`")]
    Set {
        /// What was given.
        set: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value that makes no sense, or not with the others.
    #[error("the setting `{key}` {problem}")]
    Invalid {
        /// The setting, with the tables around it.
        key: String,
        /// What is wrong with it, as in "must be positive, not -1".
        problem: String,
    },
    /// An experiment that the program does not have.
    #[error("no experiment `{name}`; there are: {known}")]
    UnknownExperiment {
        /// The name asked for.
        name: String,
        /// All names, comma separated.
        known: String,
    },
    /// A file that is too large for a configuration.
    #[error("{} has more than {limit} bytes; is it a configuration?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// A file that is not UTF-8 text.
    #[error("{} is not UTF-8 text; is it a configuration?", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A configuration that cannot be written as TOML.
    #[error("the configuration cannot be written as TOML: {problem}")]
    Unwritable {
        /// What the writer says.
        problem: String,
    },
}

impl ConfigError {
    /// For [`validate`](super::RunConfig::validate): `problem` reads on from "the setting `key`", as in "must be
    /// positive, not -1".
    pub fn invalid(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            key: key.into(),
            problem: problem.into(),
        }
    }
}
