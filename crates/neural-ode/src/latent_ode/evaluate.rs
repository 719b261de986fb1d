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
    /// Of a latent ODE, from the mean of the posterior at the first observation: forward in time from there, and
    /// backward to the start of the window.
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
        let initial = model.recognition.forward(batch.positions_and_gaps()).mean;
        let first = |index: &usize| set.spiral(*index).observed[0];
        let earliest = indices.iter().map(first).max().unwrap_or(0);
        let spacing = set.curves().spacing();
        let times = |count: usize, direction: f64| -> Vec<f64> {
            (0..count).map(|step| direction * step as f64 * spacing).collect()
        };

        let forward = model.solve(solver, initial.clone(), &times(2 * WINDOW, 1.0))?;
        let mut statistics = forward.statistics;
        let mut states = Vec::new();
        if earliest > 0 {
            let backward = model.solve(solver, initial, &times(earliest + 1, -1.0))?;
            statistics.evaluations += backward.statistics.evaluations;
            states.extend(backward.states.into_iter().skip(1).rev());
        }
        states.extend(forward.states);

        // From times since the first observation to times since the start of the window.
        let size = indices.len();
        let row = |time: usize, sample: usize| ((time + earliest - first(&indices[sample])) * size + sample) as i32;
        let rows = (0..2 * WINDOW).flat_map(|time| (0..size).map(move |sample| (time, sample)));
        let rows: Vec<i32> = rows.map(|(time, sample)| row(time, sample)).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [2 * WINDOW * size]), device);
        let states: Tensor<2> = Tensor::cat(states, 0).select(0, rows);
        let latent = states.dims()[1];
        let states = states.reshape([2 * WINDOW, size, latent]);
        Ok(Self {
            predicted: model.decoder.forward(states.clone()),
            truth: set.truth(indices, 0, 2 * WINDOW, device),
            states: Some(states),
            statistics: Some(statistics),
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
