//! Positions and what is integrated along them: the change of the log-density, and regularizers.

use burn::{module::Module, prelude::*};
use serde::{Deserialize, Serialize};

use super::{
    field::{VelocityField, axes, contract, on_the_tape_of},
    trace::Trace,
};
use crate::Dynamics;

/// Which regularizers are integrated beside the log-density (Finlay et al. 2020), and their weights in a loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regularization {
    /// Weight of `∫ |f|² dt`; 0 for none.
    #[serde(default)]
    pub kinetic: f64,
    /// Weight of `∫ |∂f/∂z ε|² dt`; 0 for none. Finlay et al. have `εᵀ ∂f/∂z`, the row; the column, which forward-mode
    /// tangents give, has the same expectation, the squared Frobenius norm. With an exact trace it is that norm itself.
    #[serde(default)]
    pub jacobian: f64,
}

/// Positions `[batch, D]`, and integrals `[batch, 1 + regularizers]` of which the first is the change of the log-density.
pub type FlowState = (Tensor<2>, Tensor<2>);

/// A velocity field with the instantaneous change of variables, `d log p(z(t))/dt = -tr ∂f/∂z` (theorem 1).
#[derive(Module, Debug)]
pub(super) struct Augmented<F> {
    pub(super) field: F,
    pub(super) noise: Option<Tensor<3>>,
    #[module(skip)]
    pub(super) regularization: Regularization,
}

impl<F: VelocityField> Augmented<F> {
    pub(super) fn new(field: &F, trace: &Trace, regularization: Regularization) -> Self {
        Self {
            field: field.clone(),
            noise: match trace {
                Trace::Exact => None,
                Trace::Hutchinson(noise) => Some(noise.clone()),
            },
            regularization,
        }
    }

    /// Number of integrals.
    pub(super) fn integrals(&self) -> usize {
        let regularizers = [self.regularization.kinetic, self.regularization.jacobian];
        1 + regularizers.iter().filter(|weight| **weight != 0.0).count()
    }

    /// Velocity, divergence, and the squared norm of the Jacobian if it is asked for.
    fn derivatives(&self, time: f64, position: Tensor<2>) -> (Tensor<2>, Tensor<2>, Option<Tensor<2>>) {
        let has_penalty = self.regularization.jacobian != 0.0;
        if self.noise.is_none() && !has_penalty {
            let (velocity, divergence) = self.field.with_divergence(time, position);
            return (velocity, divergence, None);
        }
        let (directions, count) = match &self.noise {
            None => (axes(&position), 1),
            Some(noise) => (on_the_tape_of(&position, noise.clone()), noise.dims()[0]),
        };
        let (velocity, pushed) = self.field.push_forward(time, position, directions.clone());
        // Columns are summed, noises averaged.
        let share = 1.0 / count as f64;
        let penalty = has_penalty.then(|| contract(pushed.clone(), pushed.clone()) * share);
        (velocity, contract(pushed, directions) * share, penalty)
    }
}

impl<F: VelocityField> Dynamics<FlowState> for Augmented<F> {
    fn evaluate(&self, time: f64, (position, _): FlowState) -> FlowState {
        let (velocity, divergence, penalty) = self.derivatives(time, position);
        let mut integrands = vec![-divergence];
        if self.regularization.kinetic != 0.0 {
            integrands.push(velocity.clone().square().sum_dim(1));
        }
        integrands.extend(penalty);
        let integrands = match integrands.len() {
            1 => integrands.swap_remove(0),
            _ => Tensor::cat(integrands, 1),
        };
        (velocity, integrands)
    }
}
