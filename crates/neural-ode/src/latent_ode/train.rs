//! Learning from the spirals.

use burn::prelude::*;
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    data::Sampler,
    random::Streams,
};

use super::{
    baseline::Pace,
    config::LatentOdeConfig,
    evaluate::Trajectories,
    figures,
    network::Network,
    objective::{self, Elbo},
    spirals::{Batch, Curves, SpiralSet, Split},
};
use crate::{
    SolveError, Solver,
    divergence::unsolved,
    learner::{Learner, shown_as_its_configuration},
};

/// A model of table 2 learning from spirals.
pub struct LatentOdeExperiment {
    config: LatentOdeConfig,
    learner: Learner<Network>,
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
        self.learner.model.valid()
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
    fn loss(&self, batch: &Batch, step: u64) -> Result<(Tensor<1>, Terms), SolveError> {
        match &self.learner.model {
            Network::LatentOde(model) => {
                let shape = [batch.size(), self.config.sizes.latent];
                let noise = self.streams.normal("posterior", step, shape, &self.training);
                let elbo = objective::elbo(model, &self.solver, batch, noise, self.config.data.noise)?;
                let (log_likelihood, kl) = (elbo.log_likelihood.clone().mean(), elbo.kl.clone().mean());
                let terms = Terms {
                    parts: vec![("log_likelihood", log_likelihood.clone()), ("kl", kl.clone())],
                    elbo: Some(elbo),
                };
                Ok((kl - log_likelihood, terms))
            }
            Network::Rnn(model) => {
                let nll = model.negative_log_likelihood(batch.positions.clone(), batch.gaps.clone());
                let terms = Terms {
                    parts: Vec::new(),
                    elbo: None,
                };
                Ok((nll.mean(), terms))
            }
        }
    }

    /// Predictions for all spirals of one split, named `name`.
    fn trajectories(&self, network: &Network, set: &SpiralSet, name: &str, pace: Pace) -> Result<Trajectories> {
        let trajectories = network.trajectories(&self.solver, set, &set.all(), pace, &self.plain);
        trajectories.map_err(|error| Error::Step {
            step: self.learner.updates,
            message: format!("solving the {name} spirals: {error}"),
        })
    }

    /// Errors on one split, named after it.
    fn measure(&self, network: &Network, set: &SpiralSet, split: &str) -> Result<Scalars> {
        let run = |pace| self.trajectories(network, set, split, pace);
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
    /// Of a latent ODE.
    elbo: Option<Elbo>,
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
            learner: Learner::new(
                "network",
                streams.initialize("network", &training, || Network::new(config, &training)),
                &config.optimizer,
                config.schedule.steps,
            ),
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
        let (loss, terms) = match self.loss(&batch, step) {
            Ok(loss) => loss,
            Err(error) => return unsolved("forward solve", &error, step),
        };
        let gradients = self.learner.gradients(&loss);
        let backward = terms.elbo.as_ref().and_then(Elbo::backward).unwrap_or_default();
        if let Some(error) = &backward.error {
            // The gradients are NaN.
            return unsolved("backward solve", error, step);
        }
        self.learner.apply(step, gradients);

        // One read of the device for all.
        let names = std::iter::once("loss")
            .chain(terms.parts.iter().map(|(name, _)| *name))
            .map(str::to_owned);
        let values = std::iter::once(loss).chain(terms.parts.iter().map(|(_, value)| value.clone()));
        let values: Tensor<1> = Tensor::cat(values.map(Tensor::inner).collect(), 0);
        let mut scalars: Scalars = names.zip(values.try_into_vec_as()?).collect();
        let evaluations = terms.elbo.map(|elbo| elbo.statistics.evaluations);
        scalars.extend(evaluations.map(|count| ("evaluations".to_owned(), count as f64)));
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
        let run = |pace| self.trajectories(&network, &self.test, "test", pace);
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
                let batch = self.test.batch(&self.test.all(), &self.plain);
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
        self.learner.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.learner.restore(checkpoint)
    }
}

shown_as_its_configuration!(LatentOdeExperiment);

#[cfg(test)]
mod tests {
    use papers_core::{
        base::{config, journal::scalar},
        testing,
    };

    use super::*;
    use crate::{
        GradientMode, Method,
        divergence::tests::{assert_stops_as_diverged, weights},
        latent_ode::config::{ModelKind, PRESETS},
    };

    fn experiment(model: ModelKind, sets: &[&str]) -> (LatentOdeConfig, Context) {
        let small = ["data.train=24", "data.validation=4", "data.test=4", "batch=12"];
        let model = format!("model='{}'", model.name());
        let sets = [&small, sets, &[&model]].concat();
        let config = config::experiment(PRESETS, "spirals", &sets).expect("a configuration");
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
    fn weights_that_blow_up_stop_the_run_as_diverged() {
        let (config, _) = experiment(ModelKind::LatentOde, &["optimizer.learning_rate=1e30"]);
        assert_stops_as_diverged::<LatentOdeExperiment>(&config);
    }

    #[test]
    fn a_failed_solve_leaves_the_weights_alone() {
        let (config, context) = experiment(ModelKind::LatentOde, &["data.observations=10"]);
        let mut experiment = LatentOdeExperiment::new(&config, &context).expect("built");
        let before = weights(&experiment.learner.model);
        let lost = || Solver::new(Method::Dopri5).max_steps(1);
        let backward = Solver::new(Method::Dopri5)
            .gradient(GradientMode::Adjoint)
            .adjoint_solver(lost());
        for (solver, which) in [(lost(), "forward"), (backward, "backward")] {
            experiment.solver = solver;
            let error = experiment.step(0).expect_err("a solve of one step").to_string();
            assert!(error.starts_with(&format!("step 0: the {which} solve")), "{error}");
            assert!(weights(&experiment.learner.model) == before, "{which}");
        }
        experiment.solver = lost();
        experiment.learner.updates = 5;
        for error in [experiment.evaluate().err(), experiment.figures().err()] {
            let error = error.expect("a solve of one step");
            assert!(matches!(error, Error::Step { step: 5, .. }), "{error}");
        }
    }

    #[test]
    fn evaluation_tells_splits_apart() {
        let (config, context) = experiment(ModelKind::RnnDt, &[]);
        let scalars = LatentOdeExperiment::new(&config, &context)
            .expect("built")
            .evaluate()
            .expect("numbers");
        let value = |name: &str| scalar(&scalars, name).expect(name);
        assert_ne!(value("validation/interpolation_rmse"), value("test/interpolation_rmse"));
        assert!(value("test/extrapolation_by_mean_gap_rmse").is_finite());
    }
}
