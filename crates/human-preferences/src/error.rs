use papers_core::{
    Error,
    base::{self, journal::Scalars},
};

use crate::{environment::EnvironmentError, reward_model::RewardError};

impl From<EnvironmentError> for Error {
    /// Of an environment that is made, or that a clip is drawn in; for one that an agent acts in there is
    /// [`EnvironmentError::at`].
    fn from(error: EnvironmentError) -> Self {
        let problem = error.to_string();
        match error {
            EnvironmentError::Unknown { .. } | EnvironmentError::Option { .. } | EnvironmentError::Simulator { .. } => {
                Self::Usage(problem)
            }
            EnvironmentError::Diverged { .. } | EnvironmentError::Action { .. } | EnvironmentError::Snapshot { .. } => {
                let figure = "a clip".to_owned();
                Self::Base(base::Error::Figure { figure, problem })
            }
        }
    }
}

impl EnvironmentError {
    /// The run's error, if this happened while the agent acted in round `step`.
    pub fn at(self, step: u64) -> Error {
        let message = self.to_string();
        Error::Step { step, message }
    }
}

/// Why an agent stopped acting.
pub(crate) enum Stopped {
    Agent(Error),
    Environment(EnvironmentError),
}

impl From<EnvironmentError> for Stopped {
    fn from(error: EnvironmentError) -> Self {
        Self::Environment(error)
    }
}

impl Stopped {
    /// The run's error, if this happened in round `step`.
    pub(crate) fn at(self, step: u64) -> Error {
        match self {
            Self::Agent(error) => error,
            Self::Environment(error) => error.at(step),
        }
    }
}

impl RewardError {
    /// The run's error, if this happened in round `step`.
    pub fn at(self, step: u64) -> Error {
        match self {
            Self::NonFinite { loss, .. } => Error::diverged("reward_loss", loss, step, Scalars::new()),
            other => Error::Step {
                step,
                message: other.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use papers_core::base::cli::exit;

    use super::*;

    fn errors() -> [EnvironmentError; 6] {
        let text = || "x".to_owned();
        [
            EnvironmentError::Unknown {
                name: text(),
                known: text(),
            },
            EnvironmentError::Option {
                environment: text(),
                problem: text(),
            },
            EnvironmentError::Simulator {
                simulator: "x",
                problem: text(),
                remedy: text(),
            },
            EnvironmentError::Diverged {
                environment: text(),
                step: 0,
            },
            EnvironmentError::Action {
                environment: text(),
                found: text(),
                expected: text(),
            },
            EnvironmentError::Snapshot {
                environment: text(),
                problem: text(),
            },
        ]
    }

    #[test]
    fn only_what_was_asked_for_is_a_mistake_of_usage() {
        let codes = errors().map(|error| Error::from(error).exit_code());
        let (usage, failed) = (exit::USAGE, exit::FAILED);
        assert_eq!(codes, [usage, usage, usage, failed, failed, failed]);
    }

    #[test]
    fn what_happens_while_an_agent_acts_is_no_mistake_of_usage() {
        for error in errors() {
            let error = Stopped::from(error).at(7);
            assert_eq!(error.exit_code(), exit::FAILED);
            assert!(error.to_string().starts_with("step 7: "), "{error}");
        }
    }
}
