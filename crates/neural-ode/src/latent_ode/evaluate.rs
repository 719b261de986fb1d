//! The numbers of table 2: distance to the noise-free curves, inside of the observed windows and beyond them.

use burn::prelude::*;

use super::{
    baseline::{Pace, Rnn},
    model::LatentOde,
    spirals::{SpiralSet, WINDOW},
};
use crate::{Failure, Solver, Statistics};

/// Predicted and true positions of spirals at the times of their windows and of their continuations.
#[derive(Debug, Clone)]
pub struct Trajectories {
    /// `[2 · WINDOW, spirals, 2]`.
    pub predicted: Tensor<3>,
    /// The noise-free positions, of the same shape.
    pub truth: Tensor<3>,
    /// The latent states of a latent ODE, `[2 · WINDOW, spirals, latent]`.
    pub states: Option<Tensor<3>>,
    /// What the solve took, of a latent ODE.
    pub statistics: Option<Statistics>,
}

impl Trajectories {
    /// Of a latent ODE, from the mean of the posterior.
    ///
    /// # Errors
    ///
    /// What the solver reports.
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn of_latent_ode(
        model: &LatentOde,
        solver: &Solver,
        set: &SpiralSet,
        indices: &[usize],
        device: &Device,
    ) -> Result<Self, Failure<Tensor<2>>> {
        let batch = set.batch(indices, device);
        let posterior = model.recognition.forward(batch.positions_and_gaps());
        let times: Vec<f64> = (0..2 * WINDOW)
            .map(|time| time as f64 * set.curves().spacing())
            .collect();
        let solution = model.solve(solver, posterior.mean, &times)?;
        let states: Tensor<3> = Tensor::stack(solution.states, 0);
        Ok(Self {
            predicted: model.decoder.forward(states.clone()),
            truth: set.truth(indices, 0, 2 * WINDOW, device),
            states: Some(states),
            statistics: Some(solution.statistics),
        })
    }

    /// Of a baseline.
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn of_rnn(model: &Rnn, set: &SpiralSet, indices: &[usize], pace: Pace, device: &Device) -> Self {
        Self {
            predicted: model.trajectories(set, indices, pace, device),
            truth: set.truth(indices, 0, 2 * WINDOW, device),
            states: None,
            statistics: None,
        }
    }

    /// Root of the mean squared error over spirals, times and coordinates: in the windows, and beyond them.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn rmse(&self) -> papers_core::Result<Rmse> {
        let by_time = self.rmse_by_time()?;
        let over = |errors: &[f64]| {
            let squares: f64 = errors.iter().map(|error| error * error).sum();
            (squares / errors.len() as f64).sqrt()
        };
        Ok(Rmse {
            interpolation: over(&by_time[..WINDOW]),
            extrapolation: over(&by_time[WINDOW..]),
        })
    }

    /// Root of the mean squared error over spirals and coordinates, at each time.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn rmse_by_time(&self) -> papers_core::Result<Vec<f64>> {
        let errors = (self.predicted.clone() - self.truth.clone()).square();
        let by_time = errors.mean_dim(2).mean_dim(1).sqrt();
        Ok(by_time.try_into_vec_as()?)
    }
}

/// Root mean squared errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rmse {
    /// At the 100 times of the windows.
    pub interpolation: f64,
    /// At the 100 times after them.
    pub extrapolation: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use papers_core::testing::{self, assert_close};

    #[test]
    fn errors_inside_and_beyond_are_told_apart() {
        let device = testing::device();
        let truth = Tensor::<3>::zeros([2 * WINDOW, 3, 2], &device);
        // Off by 1 in one of two coordinates inside, by 2 in both beyond.
        let inside = Tensor::<3>::from_floats([[[1.0, 0.0]]], &device).expand([WINDOW, 3, 2]);
        let beyond = Tensor::<3>::full([WINDOW, 3, 2], 2.0, &device);
        let trajectories = Trajectories {
            predicted: Tensor::cat(vec![inside, beyond], 0),
            truth,
            states: None,
            statistics: None,
        };
        let rmse = trajectories.rmse().expect("a CPU can be read");
        assert_close(&[rmse.interpolation, rmse.extrapolation], &[0.5f64.sqrt(), 2.0], 1e-6);
    }
}
