use burn::{
    module::{Module, Param},
    prelude::*,
    tensor::{Distribution, activation::sigmoid},
};
use papers_core::vjp;

use super::VelocityField;
use crate::activation::tanh;

/// The planar continuous flow: `f(t, z) = Σ_n σ_n(t) u_n tanh(w_n·z + b_n)` (paper, section 4), whose divergence is
/// linear in the number of units, `Σ_n σ_n(t) (w_n·u_n) (1 - tanh²)`.
///
/// Without gates `σ_n = 1`; with gates `σ_n(t) = sigmoid(g_n t + h_n)`.
#[derive(Module, Debug)]
pub struct Planar {
    /// `w`, `[units, D]`.
    pub weight: Param<Tensor<2>>,
    /// `u`, `[units, D]`.
    pub direction: Param<Tensor<2>>,
    /// `b`, `[1, units]`.
    pub bias: Param<Tensor<2>>,
    /// `g` and `h`, each `[units, 1]`.
    pub gate: Option<Gate>,
}

/// When each unit is at work: `σ_n(t) = sigmoid(g_n t + h_n)`.
#[derive(Module, Debug)]
pub struct Gate {
    /// `g`, `[units, 1]`.
    pub slope: Param<Tensor<2>>,
    /// `h`, `[units, 1]`.
    pub offset: Param<Tensor<2>>,
}

impl Planar {
    /// Standard normal planes and small steps across them, so that the flow begins close to the identity.
    #[expect(
        clippy::disallowed_methods,
        reason = "first weights: whoever builds the module seeds the device"
    )]
    pub fn new(dimension: usize, units: usize, is_gated: bool, device: &Device) -> Self {
        let normal = |shape: [usize; 2], deviation: f64| {
            Param::from_tensor(Tensor::random(shape, Distribution::Normal(0.0, deviation), device))
        };
        Self {
            weight: normal([units, dimension], 1.0),
            direction: normal([units, dimension], 0.1),
            bias: normal([1, units], 1.0),
            gate: is_gated.then(|| Gate {
                slope: normal([units, 1], 1.0),
                offset: normal([units, 1], 1.0),
            }),
        }
    }

    fn units(&self, time: f64) -> Units {
        let direction = self.direction.val();
        let direction = match &self.gate {
            None => direction,
            Some(gate) => direction * sigmoid(gate.slope.val() * time + gate.offset.val()),
        };
        Units {
            weight: self.weight.val(),
            direction,
            bias: self.bias.val(),
        }
    }
}

impl VelocityField for Planar {
    fn dimension(&self) -> usize {
        self.weight.dims()[1]
    }

    fn velocity(&self, time: f64, position: Tensor<2>) -> Tensor<2> {
        self.units(time).velocity(position)
    }

    fn push_forward(&self, time: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        self.units(time).push_forward(position, directions)
    }

    fn with_divergence(&self, time: f64, position: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        self.units(time).with_divergence(position)
    }
}

/// The units of a planar field at one time.
pub(super) struct Units {
    /// `[units, D]`.
    pub(super) weight: Tensor<2>,
    /// `[units, D]`.
    pub(super) direction: Tensor<2>,
    /// `[1, units]`.
    pub(super) bias: Tensor<2>,
}

impl Units {
    pub(super) fn velocity(self, position: Tensor<2>) -> Tensor<2> {
        let hidden = tanh(position.matmul(self.weight.transpose()) + self.bias);
        hidden.matmul(self.direction)
    }

    pub(super) fn push_forward(self, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        let [count, batch, dimension] = directions.dims();
        let units = self.weight.dims()[0];
        let planes = self.weight.transpose();
        let hidden = tanh(position.matmul(planes.clone()) + self.bias);
        let slope: Tensor<3> = (hidden.clone().square() * -1.0 + 1.0).unsqueeze_dim(0);
        let pushed = directions.reshape([count * batch, dimension]).matmul(planes);
        let pushed = (pushed.reshape([count, batch, units]) * slope).reshape([count * batch, units]);
        let pushed = pushed.matmul(self.direction.clone()).reshape([count, batch, dimension]);
        (hidden.matmul(self.direction), pushed)
    }

    pub(super) fn with_divergence(self, position: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let inputs = [position, self.weight, self.direction, self.bias];
        let both = vjp::function(inputs, |[position, weight, direction, bias]| {
            let units = Self {
                weight,
                direction,
                bias,
            };
            let (both, passed) = units.joined(position);
            (both, move |gradient| units.pull_back(gradient, passed))
        });
        split(both)
    }

    /// Velocity and divergence of plain tensors in one, `[batch, D + 1]`, and what their pullback needs. One node on the
    /// tape: most of a flow's time goes into these two functions.
    pub(super) fn joined(&self, position: Tensor<2>) -> (Tensor<2>, Passed) {
        let hidden = tanh(position.clone().matmul(self.weight.clone().transpose()) + self.bias.clone());
        let slope = hidden.clone().square() * -1.0 + 1.0;
        let velocity = hidden.clone().matmul(self.direction.clone());
        let divergence = slope.clone().matmul(self.products());
        let passed = Passed {
            position,
            hidden,
            slope,
        };
        (Tensor::cat(vec![velocity, divergence], 1), passed)
    }

    /// `w·u` of each unit: `[units, 1]`.
    fn products(&self) -> Tensor<2> {
        (self.weight.clone() * self.direction.clone()).sum_dim(1)
    }

    /// Gradients with respect to the position, `w`, `u` and `b`, from the one of [`joined`](Self::joined).
    pub(super) fn pull_back(&self, gradient: Tensor<2>, passed: Passed) -> [Tensor<2>; 4] {
        let Passed {
            position,
            hidden,
            slope,
        } = passed;
        let dimension = position.dims()[1];
        let of_velocity = gradient.clone().narrow(1, 0, dimension);
        let of_divergence = gradient.narrow(1, dimension, 1);
        let of_hidden = of_velocity.clone().matmul(self.direction.clone().transpose());
        let of_slope = (of_divergence.clone() * 2.0).matmul(self.products().transpose());
        let of_product = slope.clone().transpose().matmul(of_divergence);
        let of_input = slope * (of_hidden - hidden.clone() * of_slope);
        [
            of_input.clone().matmul(self.weight.clone()),
            of_input.clone().transpose().matmul(position) + of_product.clone() * self.direction.clone(),
            hidden.transpose().matmul(of_velocity) + of_product * self.weight.clone(),
            of_input.sum_dim(0),
        ]
    }
}

/// What the pullback of velocity and divergence needs.
pub(super) struct Passed {
    /// `[batch, D]`.
    position: Tensor<2>,
    /// `tanh(w·z + b)`: `[batch, units]`.
    hidden: Tensor<2>,
    /// `1 - tanh²`: `[batch, units]`.
    slope: Tensor<2>,
}

/// Velocity and divergence, from both in one.
pub(super) fn split(both: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let dimension = both.dims()[1] - 1;
    (both.clone().narrow(1, 0, dimension), both.narrow(1, dimension, 1))
}
