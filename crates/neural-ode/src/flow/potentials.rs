//! The targets of density matching: unnormalized densities `p(z) ∝ exp(-U(z))` in the plane (Rezende and Mohamed 2015,
//! table 1).

use std::f64::consts::FRAC_PI_2;

use burn::{
    prelude::*,
    tensor::activation::{log_sigmoid, relu, sigmoid},
};
use papers_core::Result;
use serde::{Deserialize, Serialize};

/// A potential `U`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Potential {
    /// A ring with two modes.
    U1,
    /// A sine.
    U2,
    /// Two sines that part and meet again.
    U3,
    /// Two sines that part.
    U4,
}

/// Half the side of the square in which `U2` to `U4` are meant to be: along `z_1` they have no end.
pub const WALL: f64 = 4.0;
/// Width of the wall: the density falls like a Gaussian of this deviation beyond it.
const WALL_WIDTH: f64 = 0.2;
/// Half the side of the square over which `exp(-U)` is integrated, and points along it. Nothing is left outside.
const REACH: f64 = 6.0;
const POINTS: usize = 600;

impl Potential {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::U1, Self::U2, Self::U3, Self::U4];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::U1 => "u1",
            Self::U2 => "u2",
            Self::U3 => "u3",
            Self::U4 => "u4",
        }
    }

    /// `U(z)` as published.
    ///
    /// # Shapes
    ///
    /// - position: `[batch, 2]`
    /// - output: `[batch, 1]`
    pub fn energy(self, position: Tensor<2>) -> Tensor<2> {
        let (first, second) = (position.clone().narrow(1, 0, 1), position.clone().narrow(1, 1, 1));
        let gaussian = |distance: Tensor<2>, width: f64| distance.square() * (-0.5 / (width * width));
        let sine = (first.clone() * FRAC_PI_2).sin();
        match self {
            Self::U1 => {
                // The root has no slope at zero.
                let radius = position.square().sum_dim(1).clamp_min(1e-30).sqrt();
                let modes = log_sum(gaussian(first.clone() - 2.0, 0.6), gaussian(first + 2.0, 0.6));
                -gaussian(radius - 2.0, 0.4) - modes
            }
            Self::U2 => -gaussian(second - sine, 0.4),
            Self::U3 => {
                let bump = gaussian(first - 1.0, 0.6).exp() * 3.0;
                let distance = second - sine;
                -log_sum(gaussian(distance.clone(), 0.35), gaussian(distance + bump, 0.35))
            }
            Self::U4 => {
                let step = sigmoid((first - 1.0) / 0.3) * 3.0;
                let distance = second - sine;
                -log_sum(gaussian(distance.clone(), 0.4), gaussian(distance + step, 0.35))
            }
        }
    }

    /// `U(z)` with a soft wall around the square `|z_i| ≤ 4` where `U` alone has no end; what flows are trained on.
    ///
    /// # Shapes
    ///
    /// - position: `[batch, 2]`
    /// - output: `[batch, 1]`
    pub fn walled(self, position: Tensor<2>) -> Tensor<2> {
        let energy = self.energy(position.clone());
        if self == Self::U1 {
            return energy;
        }
        let beyond = relu(position.abs() - WALL).square().sum_dim(1);
        energy + beyond * (0.5 / (WALL_WIDTH * WALL_WIDTH))
    }

    /// `log ∫ exp(-U)`, of the walled potential, by sums over a grid: smooth functions that vanish at its edge are
    /// integrated to rounding.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn log_normalizer(self, device: &Device) -> Result<f64> {
        let (points, area) = grid(REACH, POINTS);
        let points = Tensor::<2>::from_data(TensorData::new(points, [POINTS * POINTS, 2]), device);
        let energies: Vec<f64> = self.walled(points).try_into_vec_as()?;
        Ok((energies.iter().map(|energy| (-energy).exp()).sum::<f64>() * area).ln())
    }
}

/// `log(e^a + e^b)`, without overflow.
fn log_sum(one: Tensor<2>, other: Tensor<2>) -> Tensor<2> {
    // log(1 + e^-|a - b|) is -log sigmoid(|a - b|).
    let distance = (one.clone() - other.clone()).abs();
    one.max_pair(other) - log_sigmoid(distance)
}

/// Cell centers of a square around the origin, row by row from the lowest, as `[x, y]`; and the area of a cell.
pub(super) fn grid(reach: f64, points: usize) -> (Vec<f32>, f64) {
    let side = 2.0 * reach / points as f64;
    let center = |index: usize| (-reach + (index as f64 + 0.5) * side) as f32;
    let cells = (0..points * points).flat_map(|cell| [center(cell % points), center(cell / points)]);
    (cells.collect(), side * side)
}
