//! Learning from the spirals.

use std::fmt;

use burn::{
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    Context, Error, Experiment, Result, base::figure::Figure, checkpoint, data::Sampler, experiment::Scalars,
    random::Streams,
};

use super::{
    baseline::{Pace, Rnn},
    config::{LatentOdeConfig, ModelKind},
    evaluate::Trajectories,
    figures,
    model::LatentOde,
    objective,
    spirals::{Batch, Curves, SpiralSet, Split},
};
use crate::{SolveError, Solver};

/// One of the models of table 2.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a run has one of them; boxes are no modules")]
pub enum Network {
    /// The latent ODE.
    LatentOde(LatentOde),
    /// A baseline.
    Rnn(Rnn),
}

impl Network {
    /// A fresh network.
    pub fn new(config: &LatentOdeConfig, device: &Device) -> Self {
        let hidden = config.sizes.recurrent;
        match config.model {
            ModelKind::LatentOde => Self::LatentOde(LatentOde::new(&config.sizes, device)),
            ModelKind::Rnn => Self::Rnn(Rnn::new(false, hidden, device)),
            ModelKind::RnnDt => Self::Rnn(Rnn::new(true, hidden, device)),
        }
    }

    /// Positions of spirals inside of their windows and beyond; `pace` is for the baselines.
    ///
    /// # Errors
    ///
    /// What the solver reports.
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn trajectories(
        &self,
        solver: &Solver,
        set: &SpiralSet,
        indices: &[usize],
        pace: Pace,
        device: &Device,
    ) -> Result<Trajectories, SolveError> {
        match self {
            Self::LatentOde(model) => Ok(Trajectories::of_latent_ode(model, solver, set, indices, device)?),
            Self::Rnn(model) => Ok(Trajectories::of_rnn(model, set, indices, pace, device)),
        }
    }
}

/// A model of table 2 learning from spirals.
pub struct LatentOdeExperiment {
    config: LatentOdeConfig,
    network: Network,
    optimizer: ModuleOptimizer,
    solver: Solver,
    train: SpiralSet,
    validation: SpiralSet,
    test: SpiralSet,
    sampler: Sampler,
    streams: Streams,
    plain: Device,
    training: Device,
}

impl LatentOdeExperiment {
    /// The network as it is now, without autodiff.
    pub fn network(&self) -> Network {
        self.network.valid()
    }

    /// The solver of training and evaluation.
    pub fn solver(&self) -> &Solver {
        &self.solver
    }

    /// The spirals of the reported numbers.
    pub fn test_set(&self) -> &SpiralSet {
        &self.test
    }

    /// The loss of a batch, the mean over its spirals, with what is reported of it.
    fn loss(&self, batch: &Batch, step: u64) -> Result<(Tensor<1>, Terms)> {
        match &self.network {
            Network::LatentOde(model) => {
                let shape = [batch.size(), self.config.sizes.latent];
                let noise = self.streams.normal("posterior", step, shape, &self.training);
                let elbo = objective::elbo(model, &self.solver, batch, noise, self.config.data.noise);
                let elbo = elbo.map_err(|failure| Error::Step {
                    step,
                    message: failure.to_string(),
                })?;
                let (log_likelihood, kl) = (elbo.log_likelihood.mean(), elbo.kl.mean());
                let terms = Terms {
                    parts: vec![("log_likelihood", log_likelihood.clone()), ("kl", kl.clone())],
                    evaluations: Some(elbo.statistics.evaluations),
                };
                Ok((kl - log_likelihood, terms))
            }
            Network::Rnn(model) => {
                let nll = model.negative_log_likelihood(batch.positions.clone(), batch.gaps.clone());
                let terms = Terms {
                    parts: Vec::new(),
                    evaluations: None,
                };
                Ok((nll.mean(), terms))
            }
        }
    }

    /// Errors on one split, named after it.
    fn measure(&self, network: &Network, set: &SpiralSet, split: &str) -> Result<Scalars> {
        let run = |pace| {
            let trajectories = network.trajectories(&self.solver, set, &set.all(), pace, &self.plain);
            trajectories.map_err(|error| Error::Usage(format!("solving the {split} spirals: {error}")))
        };
        let trajectories = run(Pace::Requested)?;
        let rmse = trajectories.rmse()?;
        let mut scalars = vec![
            (format!("{split}/interpolation_rmse"), rmse.interpolation),
            (format!("{split}/extrapolation_rmse"), rmse.extrapolation),
        ];
        match trajectories.statistics {
            Some(statistics) => scalars.push((format!("{split}/evaluations"), statistics.evaluations as f64)),
            None => {
                let rmse = run(Pace::MeanGap)?.rmse()?;
                scalars.push((format!("{split}/extrapolation_by_mean_gap_rmse"), rmse.extrapolation));
            }
        }
        Ok(scalars)
    }
}

/// What an update reports besides its loss.
struct Terms {
    parts: Vec<(&'static str, Tensor<1>)>,
    /// Evaluations of the dynamics in the forward solve.
    evaluations: Option<usize>,
}

impl Experiment for LatentOdeExperiment {
    type Config = LatentOdeConfig;

    fn new(config: &Self::Config, context: &Context) -> Result<Self> {
        let streams = context.streams;
        let data = &config.data;
        let draw =
            |split, count| SpiralSet::draw(Curves::default(), split, count, data.observations, data.noise, &streams);
        let training = context.device.clone().autodiff();
        let train = draw(Split::Train, data.train);
        Ok(Self {
            network: streams.initialize("network", &training, || Network::new(config, &training)),
            optimizer: config.optimizer.init(),
            solver: config.solver.init(),
            sampler: Sampler::new(streams, "batches", train.len(), config.batch),
            validation: draw(Split::Validation, data.validation),
            test: draw(Split::Test, data.test),
            train,
            streams,
            plain: context.device.clone(),
            training,
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let batch = self.train.batch(self.sampler.batch(step), &self.training);
        let (loss, terms) = self.loss(&batch, step)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        let rate = self.config.optimizer.rate(step, self.config.schedule.steps);
        self.network = self.optimizer.step(rate, self.network.clone(), gradients);

        // One read of the device for all.
        let names = std::iter::once("loss")
            .chain(terms.parts.iter().map(|(name, _)| *name))
            .map(str::to_owned);
        let values = std::iter::once(loss).chain(terms.parts.iter().map(|(_, value)| value.clone()));
        let values: Tensor<1> = Tensor::cat(values.map(Tensor::inner).collect(), 0);
        let mut scalars: Scalars = names.zip(values.try_into_vec_as()?).collect();
        scalars.extend(terms.evaluations.map(|count| ("evaluations".to_owned(), count as f64)));
        Ok(scalars)
    }

    fn evaluate(&self) -> Result<Scalars> {
        let network = self.network();
        let mut scalars = self.measure(&network, &self.validation, "validation")?;
        scalars.extend(self.measure(&network, &self.test, "test")?);
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let network = self.network();
        let everything = self.test.all();
        let run = |pace| {
            let trajectories = network.trajectories(&self.solver, &self.test, &everything, pace, &self.plain);
            trajectories.map_err(|error| Error::Usage(format!("solving the test spirals: {error}")))
        };
        let trajectories = run(Pace::Requested)?;
        let spacing = self.test.curves().spacing();
        let samples = figures::samples(&self.test);
        let mut drawn = vec![
            figures::table(self.config.model.name(), &trajectories)?,
            figures::reconstructions(&self.test, &samples, &trajectories)?,
        ];
        match &network {
            Network::LatentOde(model) => {
                drawn.push(figures::error_by_time(&[("latent ODE", &trajectories)], spacing)?);
                if let Some(states) = trajectories.states.as_ref().filter(|states| states.dims()[2] >= 2) {
                    drawn.push(figures::latent_trajectories(&self.test, states)?);
                }
                let batch = self.test.batch(&everything, &self.plain);
                let posterior = model.recognition.forward(batch.positions_and_gaps());
                drawn.push(figures::initial_states(&self.test, &posterior)?);
            }
            Network::Rnn(_) => {
                let by_mean_gap = run(Pace::MeanGap)?;
                let runs = [
                    ("a step for each time", &trajectories),
                    ("a step for each mean gap", &by_mean_gap),
                ];
                drawn.push(figures::error_by_time(&runs, spacing)?);
            }
        }
        Ok(drawn)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.module("network", &self.network)?;
        checkpoint.optimizer("optimizer", &self.optimizer)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.network = checkpoint.module("network", self.network.clone())?;
        self.optimizer = checkpoint.optimizer("optimizer", self.config.optimizer.init())?;
        Ok(())
    }
}

impl fmt::Debug for LatentOdeExperiment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LatentOdeExperiment")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use papers_core::{base::config, testing};

    use super::*;
    use crate::latent_ode::config::PRESETS;

    fn experiment(model: ModelKind, sets: &[&str]) -> (LatentOdeConfig, Context) {
        let small = ["data.train=24", "data.validation=4", "data.test=4", "batch=12"];
        let mut sets: Vec<String> = small.iter().chain(sets).map(|&set| set.to_owned()).collect();
        sets.push(format!("model=\"{}\"", model.name()));
        let config = config::resolve(PRESETS[0].toml, None, &sets).expect("a configuration");
        (config, Context::new(testing::device(), 5))
    }

    #[test]
    fn every_model_resumes_exactly() {
        for model in ModelKind::ALL {
            let (config, context) = experiment(model, &["data.observations=10"]);
            testing::assert_resumes_exactly::<LatentOdeExperiment>(&config, &context, 3).expect("runs");
        }
    }

    #[test]
    fn every_model_learns_and_draws() {
        for model in ModelKind::ALL {
            let (config, context) = experiment(model, &["data.observations=10", "schedule.steps=60"]);
            let mut experiment = LatentOdeExperiment::new(&config, &context).expect("built");
            let losses: Vec<f64> = (0..60)
                .map(|step| experiment.step(step).expect("an update")[0].1)
                .collect();
            // The mean of an epoch, of two updates.
            let epoch = |index: usize| (losses[index] + losses[index + 1]) / 2.0;
            assert!(
                epoch(58) < 0.5 * epoch(0),
                "{}: {} to {}",
                model.name(),
                epoch(0),
                epoch(58)
            );
            let figures = experiment.figures().expect("figures");
            assert!(figures.iter().any(|figure| figure.name == "reconstructions"));
        }
    }

    #[test]
    fn the_smallest_sizes_can_be_drawn() {
        let smallest = ["sizes.latent=1", "data.test=1", "data.observations=2"];
        let (config, context) = experiment(ModelKind::LatentOde, &[]);
        let (small, _) = experiment(ModelKind::LatentOde, &smallest);
        for config in [config, small] {
            let experiment = LatentOdeExperiment::new(&config, &context).expect("built");
            assert!(!experiment.figures().expect("figures").is_empty());
        }
    }

    #[test]
    fn evaluation_tells_splits_apart() {
        let (config, context) = experiment(ModelKind::RnnDt, &[]);
        let scalars = LatentOdeExperiment::new(&config, &context)
            .expect("built")
            .evaluate()
            .expect("numbers");
        let value = |name: &str| scalars.iter().find(|(key, _)| key == name).expect(name).1;
        assert_ne!(value("validation/interpolation_rmse"), value("test/interpolation_rmse"));
        assert!(value("test/extrapolation_by_mean_gap_rmse").is_finite());
    }
}
