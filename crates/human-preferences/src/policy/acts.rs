use rand_chacha::ChaCha8Rng;

use super::{AgentError, HostDistribution};
use crate::actions::Actions;

/// An agent that acts by a policy, whatever it learns by.
pub trait Acts {
    /// What it may do in each environment.
    ///
    /// # Shapes
    ///
    /// - observations: `[environments, size]`
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    fn decide(&self, observations: &[f32], environments: usize) -> Result<HostDistribution, AgentError>;

    /// Draws an action in each environment, from the generator of the same number.
    ///
    /// # Shapes
    ///
    /// - observations: `[environments, size]`, one environment per generator
    ///
    /// # Errors
    ///
    /// A policy that left the finite numbers, or a device that cannot be read.
    fn act(&self, observations: &[f32], generators: &mut [ChaCha8Rng]) -> Result<Actions, AgentError> {
        self.decide(observations, generators.len())?.draw(generators)
    }

    /// The most likely action in each environment.
    ///
    /// # Shapes
    ///
    /// - observations: `[environments, size]`
    ///
    /// # Errors
    ///
    /// As [`act`](Self::act).
    fn act_best(&self, observations: &[f32], environments: usize) -> Result<Actions, AgentError> {
        self.decide(observations, environments)?.best()
    }
}
