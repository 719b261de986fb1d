//! What a series will be, and how sure the model is of it.

use papers_core::{Error, Result, random::Streams};

use super::{
    model::{Batch, Scales, SeriesModel},
    table::Series,
};
use crate::Solver;

/// A share of draws on each side of the band: it holds 90 % of them.
const TAIL: f64 = 0.05;

/// The distribution of the values of one series at some times.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The series.
    pub id: String,
    /// The times.
    pub times: Vec<f64>,
    /// For each time and column the 5 %, 50 % and 95 % quantile of the draws: the posterior's and the noise of
    /// observations.
    pub quantiles: Vec<Vec<[f64; 3]>>,
    /// For each time and column the mean.
    pub means: Vec<Vec<f64>>,
}

impl Forecast {
    /// Of one series from the observations in `seen`, at `times` after the first of them, growing.
    ///
    /// # Errors
    ///
    /// What the solver or the device reports.
    pub fn new(
        model: &SeriesModel,
        solver: &Solver,
        scales: &Scales,
        seen: &Series,
        times: &[f64],
        draws: usize,
        streams: &Streams,
    ) -> Result<Self> {
        let device = model.log_deviation.val().device();
        let batch = Batch::new(&[seen], scales, &device);
        let posterior = model.recognize(&batch);
        let latent = posterior.mean.dims()[1];
        let name = format!("forecast {}", seen.id);
        let noise = streams.normal(&name, 0, [draws, latent], &device);
        let mean = posterior.mean.repeat_dim(0, draws);
        let initial = mean + (posterior.log_variance * 0.5).exp().repeat_dim(0, draws) * noise;
        let mut requested = vec![0.0];
        requested.extend(times.iter().map(|time| (time - seen.times[0]) / scales.time));
        // All draws have the same times, but steps of their own.
        let solved = model.solve(solver, initial, vec![requested; draws]);
        let (states, _) = solved.map_err(|error| Error::Usage(format!("the forecast of `{}`: {error}", seen.id)))?;
        let states = states.narrow(0, 1, times.len());
        let values = model.decoder.forward(states);
        let [count, _, columns] = values.dims();
        let noise = streams.normal(&name, 1, [count, draws, columns], &device);
        let drawn: Vec<f64> = (values.clone() + noise * model.deviation()).try_into_vec_as()?;
        let means: Vec<f64> = values.mean_dim(1).try_into_vec_as()?;
        let quantiles = |time: usize, column: usize| {
            let mut all: Vec<f64> = (0..draws)
                .map(|draw| drawn[(time * draws + draw) * columns + column])
                .collect();
            all.sort_by(f64::total_cmp);
            [TAIL, 0.5, 1.0 - TAIL].map(|share| {
                let place = (share * (draws - 1) as f64).round() as usize;
                scales.restored(column, all[place])
            })
        };
        Ok(Self {
            id: seen.id.clone(),
            times: times.to_vec(),
            quantiles: (0..count)
                .map(|time| (0..columns).map(|column| quantiles(time, column)).collect())
                .collect(),
            means: (0..count)
                .map(|time| {
                    (0..columns)
                        .map(|column| scales.restored(column, means[time * columns + column]))
                        .collect()
                })
                .collect(),
        })
    }
}

/// How good forecasts are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quality {
    /// Root mean squared error, in standard deviations of each column.
    pub(super) rmse: f64,
    /// The same of the last value seen.
    pub(super) persistence: f64,
    /// Share of values inside of the 90 % bands.
    pub(super) coverage: f64,
    /// Values that were forecast.
    pub(super) values: usize,
}

impl Quality {
    /// Of forecasts at the times of what followed.
    pub(super) fn of(forecasts: &[Forecast], seen: &[Series], followed: &[Series], scales: &Scales) -> Self {
        let (mut squares, mut persistence, mut inside, mut count) = (0.0, 0.0, 0, 0);
        for ((forecast, seen), followed) in forecasts.iter().zip(seen).zip(followed) {
            for (time, row) in followed.values.iter().enumerate() {
                for (column, value) in row.iter().enumerate() {
                    let Some(value) = value else { continue };
                    let last = seen
                        .values
                        .iter()
                        .rev()
                        .find_map(|row| row[column])
                        .unwrap_or(scales.means[column]);
                    let deviation = scales.deviations[column];
                    squares += ((forecast.means[time][column] - value) / deviation).powi(2);
                    persistence += ((last - value) / deviation).powi(2);
                    let [low, _, high] = forecast.quantiles[time][column];
                    inside += usize::from((low..=high).contains(value));
                    count += 1;
                }
            }
        }
        let mean = |sum: f64| (sum / count.max(1) as f64).sqrt();
        Self {
            rmse: mean(squares),
            persistence: mean(persistence),
            coverage: inside as f64 / count.max(1) as f64,
            values: count,
        }
    }
}
