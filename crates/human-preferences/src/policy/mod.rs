//! Policies and value networks: what an agent may do where, and what that is worth.
//!
//! An observation is a row of numbers, whatever its shape in the task; networks for pictures know that shape.

mod acts;
mod conv;
mod device;
mod distribution;
mod draw;
mod error;
mod flat;
mod initial;
mod mlp;
mod samples;
mod tangent;
mod tanh;

pub use self::{
    acts::Acts,
    conv::{ConvActorCritic, ConvConfig, ConvLayer},
    distribution::{ActionDistribution, OutputTangent},
    draw::{ActionKind, HostDistribution},
    error::AgentError,
    mlp::{MlpActorCritic, MlpConfig, MlpPolicy, MlpValue},
    tangent::MlpLinearization,
};

pub(crate) use self::{
    device::{device_of, is_host, upload},
    error::require_finite,
    samples::Samples,
};

use burn::{module::Module, prelude::*};

/// What an agent does.
pub trait Policy: Module {
    /// What it may do in each state.
    ///
    /// # Shapes
    ///
    /// - observations: `[batch, size]`
    /// - output: a distribution of `[batch, ..]`
    fn distribution(&self, observations: Tensor<2>) -> ActionDistribution;
}

/// What states are worth under a policy.
pub trait Value: Module {
    /// Discounted sum of the rewards that follow.
    ///
    /// # Shapes
    ///
    /// - observations: `[batch, size]`
    /// - output: `[batch]`
    fn values(&self, observations: Tensor<2>) -> Tensor<1>;
}

/// A policy and a value network that share their first layers.
pub trait ActorCritic: Module {
    /// What the agent may do in each state, and what the state is worth.
    ///
    /// # Shapes
    ///
    /// - observations: `[batch, size]`
    /// - output: a distribution of `[batch, ..]`, and `[batch]`
    fn forward(&self, observations: Tensor<2>) -> (ActionDistribution, Tensor<1>);
}

/// A policy whose derivatives are written by hand in both directions.
///
/// The Fisher matrix of a policy is `Jᵀ W J`, where `J` is the derivative of its outputs by its parameters and `W` the
/// Fisher matrix of the distribution by its outputs: a product with it needs no second derivative.
pub trait TangentPolicy: Policy {
    /// The policy near its parameters.
    type Linearization: Linearization;

    /// All parameters in one row, in an order of the policy's own.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    fn parameters(&self) -> Result<Vec<f64>, AgentError>;

    /// The same policy with other parameters.
    ///
    /// # Panics
    ///
    /// If there are not as many as it has.
    #[must_use]
    fn with_parameters(self, parameters: &[f64]) -> Self;

    /// The policy near its parameters, over fixed observations.
    ///
    /// # Shapes
    ///
    /// - observations: `[batch, size]`
    fn linearize(&self, observations: Tensor<2>) -> Self::Linearization;
}

/// The derivative `J` of a policy's outputs by its parameters, over fixed observations.
pub trait Linearization: Send + Sync {
    /// What the policy may do.
    fn distribution(&self) -> &ActionDistribution;

    /// `J · direction`.
    ///
    /// # Panics
    ///
    /// If the direction does not have as many numbers as the policy has parameters.
    fn pushforward(&self, direction: &[f64]) -> OutputTangent;

    /// `Jᵀ · gradient`, summed over rows.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    fn pullback(&self, gradient: OutputTangent) -> Result<Vec<f64>, AgentError>;
}
