//! Learning from a table of series.

use std::path::Path;

use burn::prelude::*;
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    data::Sampler,
    random::Streams,
};

use super::{
    config::SeriesConfig,
    example::pendulums,
    figures,
    forecast::{Forecast, Quality},
    model::{Batch, Scales, SeriesModel},
    table::{Series, SeriesTable},
};
use crate::{
    Solver,
    divergence::unsolved,
    learner::{Learner, shown_as_its_configuration},
};

/// Times of a drawn forecast.
const POINTS: usize = 60;
/// Times of a forecast beyond the data.
const AHEAD: usize = 20;

/// A latent ODE learning from series.
pub struct SeriesExperiment {
    config: SeriesConfig,
    columns: Vec<String>,
    whole: Vec<Series>,
    /// What is trained on, and what follows.
    seen: Vec<Series>,
    followed: Vec<Series>,
    scales: Scales,
    learner: Learner<SeriesModel>,
    solver: Solver,
    sampler: Sampler,
    streams: Streams,
    training: Device,
}

impl SeriesExperiment {
    fn forecast(&self, model: &SeriesModel, seen: &Series, times: &[f64]) -> Result<Forecast> {
        let draws = self.config.data.draws;
        Forecast::new(model, &self.solver, &self.scales, seen, times, draws, &self.streams)
    }

    /// Forecasts of what was held out, from what was not.
    fn quality(&self) -> Result<Quality> {
        let model = self.learner.model.valid();
        let mut forecasts = Vec::new();
        for (seen, followed) in self.seen.iter().zip(&self.followed) {
            forecasts.push(match followed.times.is_empty() {
                true => Forecast {
                    id: seen.id.clone(),
                    times: Vec::new(),
                    quantiles: Vec::new(),
                    means: Vec::new(),
                },
                false => self.forecast(&model, seen, &followed.times)?,
            });
        }
        Ok(Quality::of(&forecasts, &self.seen, &self.followed, &self.scales))
    }
}

/// Equally many times from one after `start` to `end`.
fn times_between(start: f64, end: f64, count: usize) -> Vec<f64> {
    (1..=count)
        .map(|index| start + (end - start) * index as f64 / count as f64)
        .collect()
}

impl Experiment for SeriesExperiment {
    type Config = SeriesConfig;

    fn new(config: &Self::Config, context: &Context) -> Result<Self> {
        let streams = context.streams;
        let data = &config.data;
        let table = match &data.table {
            Some(path) => SeriesTable::read(Path::new(path), &data.id, &data.time)?,
            None => pendulums(&streams),
        };
        let split = |series: &Series| series.split_at(series.times[0] + (1.0 - data.held_out) * series.span());
        let (seen, followed): (Vec<_>, Vec<_>) = table.series.iter().map(split).unzip();
        if let Some(short) = seen.iter().find(|series| series.times.len() < 2) {
            return Err(Error::Usage(format!(
                "series `{}` has {} observations in the part that is trained on; at least 2 are needed: leave it out, or \
                 lower `data.held_out`",
                short.id,
                short.times.len()
            )));
        }
        let training = context.device.clone().autodiff();
        let columns = table.columns.len();
        Ok(Self {
            scales: Scales::of(&seen),
            learner: Learner::new(
                "model",
                streams.initialize("model", &training, || {
                    SeriesModel::new(columns, &config.sizes, &training)
                }),
                &config.optimizer,
                config.schedule.steps,
            ),
            solver: config.solver.init(),
            sampler: Sampler::new(streams, "batches", seen.len(), config.batch.min(seen.len())),
            columns: table.columns,
            whole: table.series,
            seen,
            followed,
            streams,
            training,
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let series: Vec<&Series> = self
            .sampler
            .batch(step)
            .iter()
            .map(|&index| &self.seen[index])
            .collect();
        let batch = Batch::new(&series, &self.scales, &self.training);
        let shape = [series.len(), self.config.sizes.latent];
        let noise = self.streams.normal("posterior", step, shape, &self.training);
        let bound = match self.learner.model.bound(&self.solver, &batch, noise) {
            Ok(bound) => bound,
            Err(error) => return unsolved("solve", &error, step),
        };
        let (log_likelihood, kl) = (bound.log_likelihood.mean(), bound.kl.mean());
        let loss = kl.clone() - log_likelihood.clone();
        let gradients = self.learner.gradients(&loss);
        self.learner.apply(step, gradients);
        let values: Tensor<1> = Tensor::cat(vec![loss.inner(), log_likelihood.inner(), kl.inner()], 0);
        let names = ["loss", "log_likelihood", "kl"].map(str::to_owned);
        let mut scalars: Scalars = names.into_iter().zip(values.try_into_vec_as()?).collect();
        scalars.push(("calls".to_owned(), bound.calls as f64));
        Ok(scalars)
    }

    fn evaluate(&self) -> Result<Scalars> {
        let quality = self.quality()?;
        Ok(vec![
            ("held_out/rmse".to_owned(), quality.rmse),
            ("held_out/rmse_of_last_value".to_owned(), quality.persistence),
            ("held_out/coverage_90".to_owned(), quality.coverage),
        ])
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let model = self.learner.model.valid();
        let ahead = |series: &Series| self.config.data.ahead * series.span();
        let mut drawn = Vec::new();
        for (seen, whole) in self.seen.iter().zip(&self.whole) {
            let end = whole.times[whole.times.len() - 1] + ahead(whole);
            drawn.push(self.forecast(&model, seen, &times_between(seen.times[0], end, POINTS))?);
            if drawn.len() == 6 {
                break;
            }
        }
        let mut beyond = Vec::new();
        for whole in &self.whole {
            let last = whole.times[whole.times.len() - 1];
            beyond.push(self.forecast(&model, whole, &times_between(last, last + ahead(whole), AHEAD))?);
        }
        Ok(vec![
            figures::quality(&self.quality()?),
            figures::forecasts(&self.columns, &self.seen, &self.followed, &drawn)?,
            figures::table(&self.columns, &beyond),
        ])
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        self.learner.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.learner.restore(checkpoint)
    }
}

shown_as_its_configuration!(SeriesExperiment);

#[cfg(test)]
mod tests {
    use papers_core::{
        base::{config, journal::scalar},
        testing::{self, assert_close, values},
    };

    use super::*;
    use crate::latent_ode::series::config::PRESETS;

    fn config(sets: &[&str]) -> SeriesConfig {
        let small = ["batch=12", "data.draws=40"];
        config::experiment(PRESETS, "series", &[&small, sets].concat()).expect("a configuration")
    }

    #[test]
    fn a_table_with_gaps_is_learned_from_and_forecast() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.csv");
        let mut text = "patient,day,pulse,pressure\n".to_owned();
        for patient in 0..8 {
            for step in 0..14 + patient {
                let day = 0.5 * f64::from(step) + 0.01 * f64::from(patient * step % 7);
                let pulse = 70.0 + 5.0 * (day + f64::from(patient)).sin();
                let pressure = if step % 3 == 0 {
                    String::new()
                } else {
                    format!("{}", 120.0 - 0.1 * pulse)
                };
                text += &format!("p{patient},{day},{pulse},{pressure}\n");
            }
        }
        std::fs::write(&path, text).expect("written");
        let table = format!("data.table='{}'", path.display());
        let config = config(&[&table, "data.id='patient'", "data.time='day'", "schedule.steps=60"]);
        let context = Context::new(testing::device(), 1);
        let mut experiment = SeriesExperiment::new(&config, &context).expect("built");
        let losses: Vec<f64> = (0..60)
            .map(|step| experiment.step(step).expect("an update")[0].1)
            .collect();
        assert!(
            losses[55..].iter().sum::<f64>() < 0.8 * losses[..5].iter().sum::<f64>(),
            "{losses:?}"
        );
        let scalars = experiment.evaluate().expect("numbers");
        assert!((0.0..=1.0).contains(&scalar(&scalars, "held_out/coverage_90").expect("a share")));
        let figures = experiment.figures().expect("figures");
        assert_eq!(figures.len(), 3);
        testing::assert_resumes_exactly::<SeriesExperiment>(&config, &context, 2).expect("runs");
    }

    #[test]
    fn longer_series_beside_it_do_not_change_what_is_read_from_one() {
        let context = Context::new(testing::device(), 3);
        let experiment = SeriesExperiment::new(&config(&[]), &context).expect("built");
        let model = experiment.learner.model.valid();
        let mut short = experiment.seen[0].clone();
        short.times.truncate(5);
        short.values.truncate(5);
        let mean = |series: &[&Series]| {
            let batch = Batch::new(series, &experiment.scales, &testing::device());
            values(model.recognize(&batch).mean.narrow(0, 0, 1))
        };
        assert_close(&mean(&[&short]), &mean(&[&short, &experiment.seen[1]]), 1e-6);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (set, key) in [
            ("data.held_out=0.0", "data.held_out"),
            ("data.held_out=1.0", "data.held_out"),
            ("data.ahead=-1.0", "data.ahead"),
            ("data.draws=5", "data.draws"),
            ("solver.method='rk4'", "solver.method"),
            ("solver.method='kvaerno3'", "solver.method"),
            ("solver.gradient='adjoint'", "solver.gradient"),
            ("batch=0", "batch"),
        ] {
            let error = config::experiment::<SeriesConfig>(PRESETS, "series", &[set])
                .expect_err(set)
                .to_string();
            assert!(error.contains(&format!("`{key}`")), "{set}: {error}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("short.csv");
        std::fs::write(&path, "id,time,a\nx,0,1\nx,1,2\n").expect("written");
        let config = config(&[&format!("data.table='{}'", path.display())]);
        let error = SeriesExperiment::new(&config, &Context::new(testing::device(), 0)).expect_err("too short");
        assert!(error.to_string().contains("series `x` has 1 observations"), "{error}");
    }
}
