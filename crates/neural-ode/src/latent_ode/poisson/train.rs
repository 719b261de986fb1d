//! Learning a rate from the times of events alone.

use burn::{module::Param, prelude::*};
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    data::Sampler,
    random::Streams,
};

use super::{Likelihood, PoissonProcess, RATE, config::PoissonConfig, figures, sequences};
use crate::{
    Failure, Solver,
    divergence::unsolved,
    learner::{Learner, shown_as_its_configuration},
};

/// A process and the state in which it begins, the same for all sequences.
#[derive(Module, Debug)]
pub struct Model {
    process: PoissonProcess,
    /// `[1, latent]`.
    initial: Param<Tensor<2>>,
}

impl Model {
    fn likelihood(
        &self,
        solver: &Solver,
        events: &[Vec<f64>],
        end: f64,
    ) -> std::result::Result<Likelihood, Failure<(Tensor<2>, Tensor<2>)>> {
        let initial = self.initial.val().repeat_dim(0, events.len());
        self.process.log_likelihood(solver, initial, events, [0.0, end])
    }
}

/// A latent ODE learning the rate of a Poisson process.
pub struct PoissonExperiment {
    config: PoissonConfig,
    learner: Learner<Model>,
    solver: Solver,
    train: Vec<Vec<f64>>,
    validation: Vec<Vec<f64>>,
    test: Vec<Vec<f64>>,
    sampler: Sampler,
}

/// Mean log-likelihoods of the sequences of a split, in nats.
struct Scores {
    /// Of the model.
    model: f64,
    /// Of the rate that they were drawn with.
    truth: f64,
    /// Of the constant rate of the training sequences.
    constant: f64,
}

impl PoissonExperiment {
    fn scores(&self, events: &[Vec<f64>]) -> Result<Scores> {
        let end = self.config.data.end;
        let found = self.learner.model.valid().likelihood(&self.solver, events, end);
        let found = found.map_err(|failure| Error::Step {
            step: self.learner.updates,
            message: format!("solving the sequences: {failure}"),
        })?;
        let rate = self.mean_rate();
        let mean = |score: &dyn Fn(&Vec<f64>) -> f64| events.iter().map(score).sum::<f64>() / events.len() as f64;
        Ok(Scores {
            model: found.log_likelihood.mean().try_into_scalar::<f64>()?,
            truth: mean(&|events| RATE.log_likelihood(events, end)),
            constant: mean(&|events| events.len() as f64 * rate.ln() - rate * end),
        })
    }

    /// Events per unit of time in the training sequences: the best constant rate.
    fn mean_rate(&self) -> f64 {
        let count: usize = self.train.iter().map(Vec::len).sum();
        // Without any event, still a rate that has a logarithm.
        (count as f64).max(0.5) / (self.train.len() as f64 * self.config.data.end)
    }

    /// The learned rate at some times after 0.
    fn rates(&self, times: &[f64]) -> Result<Vec<f64>> {
        let events = [times.to_vec()];
        let found = self
            .learner
            .model
            .valid()
            .likelihood(&self.solver, &events, self.config.data.end);
        let found = found.map_err(|failure| Error::Step {
            step: self.learner.updates,
            message: format!("solving for the rate: {failure}"),
        })?;
        Ok(found
            .rates
            .map(Tensor::try_into_vec_as)
            .transpose()?
            .unwrap_or_default())
    }
}

impl Experiment for PoissonExperiment {
    type Config = PoissonConfig;

    fn new(config: &Self::Config, context: &Context) -> Result<Self> {
        let streams: Streams = context.streams;
        let data = &config.data;
        let training = context.device.clone().autodiff();
        let draw = |stream: &str, count| sequences(RATE, count, data.end, stream, &streams);
        let train = draw("train-events", data.train);
        Ok(Self {
            learner: Learner::new(
                "model",
                streams.initialize("model", &training, || Model {
                    process: PoissonProcess::new(config.sizes.latent, config.sizes.dynamics, &training),
                    initial: Param::from_tensor(streams.normal("initial", 0, [1, config.sizes.latent], &training)),
                }),
                &config.optimizer,
                config.schedule.steps,
            ),
            solver: config.solver.init(),
            sampler: Sampler::new(streams, "batches", train.len(), config.batch),
            validation: draw("validation-events", data.validation),
            test: draw("test-events", data.test),
            train,
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let events: Vec<_> = self
            .sampler
            .batch(step)
            .iter()
            .map(|&index| self.train[index].clone())
            .collect();
        let found = match self
            .learner
            .model
            .likelihood(&self.solver, &events, self.config.data.end)
        {
            Ok(found) => found,
            Err(failure) => return unsolved("forward solve", &failure.error, step),
        };
        let loss = found.log_likelihood.clone().mean().neg();
        let gradients = self.learner.gradients(&loss);
        if let Some(error) = found.backward().and_then(|backward| backward.error) {
            return unsolved("backward solve", &error, step);
        }
        self.learner.apply(step, gradients);
        Ok(vec![
            ("loss".to_owned(), loss.inner().try_into_scalar::<f64>()?),
            ("evaluations".to_owned(), found.statistics.evaluations as f64),
        ])
    }

    fn evaluate(&self) -> Result<Scalars> {
        let mut scalars = Scalars::new();
        for (split, events) in [("validation", &self.validation), ("test", &self.test)] {
            let scores = self.scores(events)?;
            let short = (scores.truth - scores.model) / scores.truth.abs();
            scalars.extend([
                (format!("{split}/log_likelihood"), scores.model),
                (format!("{split}/true_log_likelihood"), scores.truth),
                (format!("{split}/constant_log_likelihood"), scores.constant),
                (format!("{split}/share_below_truth"), short),
            ]);
        }
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let end = self.config.data.end;
        let times: Vec<f64> = (1..=200).map(|step| end * f64::from(step) / 200.0).collect();
        let rates = self.rates(&times)?;
        let scores = self.scores(&self.test)?;
        Ok(vec![
            figures::rates(&times, &rates, self.mean_rate(), &self.test)?,
            figures::table(scores.model, scores.truth, scores.constant),
        ])
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        self.learner.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.learner.restore(checkpoint)
    }
}

shown_as_its_configuration!(PoissonExperiment);

#[cfg(test)]
mod tests {
    use papers_core::{
        base::{config, journal::scalar},
        testing,
    };

    use super::*;
    use crate::{divergence::tests::assert_stops_as_diverged, latent_ode::poisson::config::PRESETS};

    fn config(sets: &[&str]) -> PoissonConfig {
        let small = [
            "data.train=20",
            "data.validation=4",
            "data.test=8",
            "batch=5",
            "data.end=4.0",
        ];
        config::experiment(PRESETS, "poisson", &[&small, sets].concat()).expect("a configuration")
    }

    #[test]
    fn it_learns_more_than_a_constant_and_draws() {
        let context = Context::new(testing::device(), 2);
        let mut experiment = PoissonExperiment::new(&config(&["schedule.steps=150"]), &context).expect("built");
        for step in 0..150 {
            experiment.step(step).expect("an update");
        }
        let scalars = experiment.evaluate().expect("numbers");
        let score = |name: &str| scalar(&scalars, name).expect(name);
        assert!(
            score("test/log_likelihood") > score("test/constant_log_likelihood") + 1.0,
            "{scalars:?}"
        );
        assert!(score("test/share_below_truth") < 0.4, "{scalars:?}");
        assert_eq!(experiment.figures().expect("figures").len(), 2);
    }

    #[test]
    fn it_resumes_exactly_and_stops_as_diverged() {
        let context = Context::new(testing::device(), 2);
        testing::assert_resumes_exactly::<PoissonExperiment>(&config(&[]), &context, 3).expect("runs");
        assert_stops_as_diverged::<PoissonExperiment>(&config(&["optimizer.learning_rate=1e30"]));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (set, key) in [
            ("data.end=0.0", "data.end"),
            ("batch=50", "batch"),
            ("sizes.latent=0", "sizes.latent"),
        ] {
            let sets = ["data.train=20", set];
            let error = config::experiment::<PoissonConfig>(PRESETS, "poisson", &sets)
                .expect_err(set)
                .to_string();
            assert!(error.contains(&format!("`{key}`")), "{set}: {error}");
        }
    }
}
