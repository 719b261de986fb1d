use papers_core::{Error, base::journal::Scalars};

use crate::{environment::EnvironmentError, reward_model::RewardError};

impl From<EnvironmentError> for Error {
    fn from(error: EnvironmentError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl RewardError {
    /// The run's error, if this happened in round `step`.
    pub fn at(self, step: u64) -> Error {
        match self {
            Self::NonFinite { loss, .. } => Error::Diverged {
                term: "reward_loss".to_owned(),
                value: loss,
                step,
                scalars: Scalars::new(),
                checkpoint: None,
            },
            other => Error::Step {
                step,
                message: other.to_string(),
            },
        }
    }
}
