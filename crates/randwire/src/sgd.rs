//! Stochastic gradient descent as the paper trains with (section 4).

use std::f64::consts::PI;

use burn::{
    optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource},
    prelude::*,
};
use serde::{Deserialize, Serialize};

/// Momentum with L2 decay of kernels: `g += decay · w`, `v = momentum · v + g`, `w -= rate · v`, where the first `v` is `g`.
///
/// Kernels are the weights of rank 2 and more, of convolutions and of the classifier; scales and shifts of
/// normalizations, biases and raw weights of sums decay only if `decay_all` is set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    /// What a velocity keeps of itself.
    pub momentum: f64,
    /// Of the kernels.
    pub weight_decay: f64,
    /// Whether everything else decays, too.
    #[serde(default)]
    pub decay_all: bool,
}

/// The velocity of a parameter.
#[derive(Debug, Clone)]
pub struct Velocity<const D: usize>(Tensor<D>);

impl Optimizer for Sgd {
    type State<const D: usize> = Velocity<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weight: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Velocity<D>>,
    ) -> (Tensor<D>, Option<Velocity<D>>) {
        let decays = self.weight_decay != 0.0 && (D > 1 || self.decay_all);
        let gradient = if decays {
            gradient + weight.clone() * self.weight_decay
        } else {
            gradient
        };
        let velocity = match state {
            Some(Velocity(velocity)) => velocity * self.momentum + gradient,
            None => gradient,
        };
        (weight - velocity.clone() * rate, Some(Velocity(velocity)))
    }

    fn to_device<const D: usize>(Velocity(velocity): Velocity<D>, device: &Device) -> Velocity<D> {
        Velocity(velocity.to_device(device))
    }
}

/// By hand, since Burn's derive works in its own crates alone.
impl<const D: usize> RecordState for Velocity<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, "velocity", self.0.clone().into_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let data = source.take_tensor(prefix, "velocity")?;
        let precision = data.dtype();
        Some(Self(Tensor::from_data(data, (device, precision))))
    }
}

/// The rate after `step` of `steps` updates: half a cosine from `base` to 0.
pub fn half_cosine(base: f64, step: u64, steps: u64) -> f64 {
    0.5 * base * (1.0 + (PI * step as f64 / steps as f64).cos())
}
