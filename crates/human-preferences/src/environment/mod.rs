//! Environments: what an agent acts in, and what only an oracle sees.
//!
//! The true reward travels in [`Hidden`], apart from what the agent perceives, so that no agent can be trained on it by
//! mistake (section 2.2.1 of the paper: the reward function is to be learned from preferences alone).

pub mod ale;
pub mod classic;
mod dice;
mod drawing;
pub mod games;
mod hidden;
pub mod mujoco;
mod numbers;
mod options;
pub mod planar;
mod registry;
pub mod robots;
mod task;

pub use self::{
    hidden::Hidden,
    options::{EnvironmentOptions, View},
    registry::{NAMES, make},
    task::{ActionSpace, ObservationSpace, Storage, Task},
};

use std::fmt;

use rand_chacha::ChaCha8Rng;

use crate::frame::Frame;

/// What an agent does in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action<'a> {
    /// One number per actuator; environments clip it to their range.
    Continuous(&'a [f64]),
    /// Number of the action, from 0.
    Discrete(usize),
}

/// What one step leads to, besides the next observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether the episode ended by the task's own rules. Tasks for learning from preferences never do: an end tells an
    /// agent much about the task (section 3.1, "variable length episodes").
    pub terminated: bool,
    /// What only an oracle and a report may see.
    pub hidden: Hidden,
}

/// A world with one agent in it.
///
/// The time limit is not the environment's business: whoever steps it counts.
pub trait Environment: Send + Sync + fmt::Debug {
    /// What there is to do, perceive and act upon; constant over the environment's life.
    fn task(&self) -> &Task;

    /// Starts an episode. Everything random in it follows from `rng`.
    fn reset(&mut self, rng: &mut ChaCha8Rng);

    /// Writes what the agent perceives now.
    ///
    /// # Shapes
    ///
    /// - `observation`: `task().observation.len()` numbers; those of a byte storage are multiples of 1/255 in `[0, 1]`
    fn observe(&self, observation: &mut [f32]);

    /// Acts once.
    ///
    /// # Errors
    ///
    /// An action that does not fit the task, or a state that left the finite numbers.
    fn step(&mut self, action: Action<'_>) -> Result<Outcome, EnvironmentError>;

    /// Everything that the future depends on, in a form of the environment's own.
    fn snapshot(&self) -> Vec<u8>;

    /// Goes on from a [`snapshot`](Self::snapshot): the same actions then have the same consequences, bit for bit.
    ///
    /// # Errors
    ///
    /// Bytes that are no snapshot of this environment; the state is then what it was.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), EnvironmentError>;

    /// Draws the present state for people.
    fn render(&self) -> Frame;

    /// A copy with the same state and the same future.
    fn boxed_clone(&self) -> Box<dyn Environment>;
}

impl Clone for Box<dyn Environment> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// Why an environment could not do what was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// The state left the finite numbers.
    #[error("{environment}: the simulation left the finite numbers at step {step} of the episode")]
    Diverged {
        /// Name of the environment.
        environment: String,
        /// Steps since the episode's start.
        step: u64,
    },
    /// An action of another kind or size than the task has, or not a number.
    #[error("{environment}: the action {found} is none of its actions ({expected})")]
    Action {
        /// Name of the environment.
        environment: String,
        /// What was asked for.
        found: String,
        /// What there is.
        expected: String,
    },
    /// Bytes that are no snapshot of this environment.
    #[error("{environment}: this is no snapshot of it: {problem}")]
    Snapshot {
        /// Name of the environment.
        environment: String,
        /// What is wrong.
        problem: String,
    },
    /// No environment has this name.
    #[error("unknown environment `{name}`; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// All names, comma separated.
        known: String,
    },
    /// An option that the environment does not have.
    #[error("{environment}: {problem}")]
    Option {
        /// Name of the environment.
        environment: String,
        /// What does not fit, and what would.
        problem: String,
    },
    /// A simulator that is not part of this program is missing or does not answer.
    #[error("{simulator} is not usable: {problem}; {remedy}")]
    Simulator {
        /// Name of the simulator.
        simulator: &'static str,
        /// What happened.
        problem: String,
        /// How to install or repair it.
        remedy: String,
    },
}
