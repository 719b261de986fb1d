use super::kind::{RobotKind, tip};
use crate::environment::planar::Simulation;

/// Charge of squared controls.
const HOPPING_COST: f64 = 0.001;
const RUNNING_COST: f64 = 0.1;

impl RobotKind {
    /// The reward for learning from preferences. It falls where Gymnasium would end the episode, and charges no torque.
    pub(super) fn reward(self, simulation: &dyn Simulation, speed: f64) -> f64 {
        let positions = simulation.positions();
        match self {
            Self::Hopper => speed + 1.0 + (positions[1] - 1.0),
            Self::Walker2d => speed + 1.0 + (positions[1] - 2.0),
            Self::HalfCheetah => speed,
            Self::InvertedPendulum => 1.0 - positions[1].powi(2),
            Self::DoublePendulum => self.gym_reward(simulation, speed, &[]) + 10.0 * (tip(simulation)[1] - 1.0),
        }
    }

    /// Gymnasium's reward. Controls are charged as they were asked for, not as they were clipped.
    pub(super) fn gym_reward(self, simulation: &dyn Simulation, speed: f64, controls: &[f64]) -> f64 {
        let squares: f64 = controls.iter().map(|control| control * control).sum();
        let alive = if self.is_over(simulation) { 0.0 } else { 1.0 };
        match self {
            Self::Hopper | Self::Walker2d => speed + alive - HOPPING_COST * squares,
            Self::HalfCheetah => speed - RUNNING_COST * squares,
            Self::InvertedPendulum => alive,
            Self::DoublePendulum => {
                let ([x, z], velocities) = (tip(simulation), simulation.velocities());
                let away = 0.01 * (x * x) + (z - 2.0).powi(2);
                let unrest = 1e-3 * velocities[1].powi(2) + 5e-3 * velocities[2].powi(2);
                10.0 * alive - away - unrest
            }
        }
    }

    /// Whether Gymnasium would end the episode.
    pub(super) fn is_over(self, simulation: &dyn Simulation) -> bool {
        let (positions, velocities) = (simulation.positions(), simulation.velocities());
        let within = |value: f64, low: f64, high: f64| low < value && value < high;
        match self {
            Self::Hopper => {
                let calm = positions[2..]
                    .iter()
                    .chain(velocities)
                    .all(|&value| within(value, -100.0, 100.0));
                !(calm && positions[1] > 0.7 && within(positions[2], -0.2, 0.2))
            }
            Self::Walker2d => !(within(positions[1], 0.8, 2.0) && within(positions[2], -1.0, 1.0)),
            Self::HalfCheetah => false,
            Self::InvertedPendulum => positions[1].abs() > 0.2,
            Self::DoublePendulum => tip(simulation)[1] <= 1.0,
        }
    }
}
