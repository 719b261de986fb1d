use burn::tensor::TensorReadError;
use papers_core::Error;

/// Why an agent could not act or learn. It is what it was before.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// Parts of what was experienced that do not fit together, or not the agent.
    #[error("there must be {expected} {what}, not {found}")]
    Lengths {
        /// What they are, as in "rewards".
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Actions of another kind or size than the policy draws.
    #[error("the policy draws {expected}, but the experience has {found}")]
    Actions {
        /// What the policy draws.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A number that is none.
    #[error("the {what} of environment {environment} at step {step} is {value}")]
    NotFinite {
        /// What it is, as in "reward".
        what: &'static str,
        /// The environment, from 0.
        environment: usize,
        /// The step, from 0.
        step: usize,
        /// The number.
        value: f64,
    },
    /// A network left the finite numbers.
    #[error("`{term}` became {value}")]
    Diverged {
        /// What it is, as in `value_loss`.
        term: &'static str,
        /// Its value.
        value: f64,
    },
    /// The device could not be read.
    #[error("reading from the device: {0}")]
    Device(String),
}

impl AgentError {
    /// The library's error for what happened in update `step`.
    pub fn at(self, step: u64) -> Error {
        match self {
            Self::Diverged { term, value } => Error::diverged(term, value, step, vec![(term.to_owned(), value)]),
            other => Error::Step {
                step,
                message: other.to_string(),
            },
        }
    }
}

impl From<TensorReadError> for AgentError {
    fn from(error: TensorReadError) -> Self {
        Self::Device(error.to_string())
    }
}

/// Refuses to go on with a number that is none.
pub(crate) fn require_finite(term: &'static str, value: f64) -> Result<(), AgentError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(AgentError::Diverged { term, value })
}
