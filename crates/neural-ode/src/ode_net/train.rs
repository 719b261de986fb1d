//! Learning to classify: one batch per update.

use burn::{module::Module, prelude::*, tensor::activation::log_softmax};
use papers_core::{
    Context, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    classification::argmax,
    data::{Sampler, labels, pixels},
    random::Streams,
};

use super::{
    config::OdeNetConfig,
    data::{Pictures, crop},
    evaluate::classify,
    figure3::{Growth, Study},
    figures,
    model::{Classifier, Prediction},
};
use crate::{
    Solution, Solver,
    divergence::unsolved,
    learner::{Learner, shown_as_its_configuration},
};

/// A network in training.
pub struct OdeNet {
    config: OdeNetConfig,
    learner: Learner<Classifier>,
    solver: Solver,
    pictures: Pictures,
    sampler: Sampler,
    streams: Streams,
    device: Device,
    growth: Growth,
}

impl OdeNet {
    /// Mean cross-entropy of a prediction, in nats.
    ///
    /// # Shapes
    ///
    /// - logits: `[batch, classes]`
    /// - labels: `[batch]`
    pub fn loss(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
        log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1)).mean().neg()
    }

    /// Measures for figure 3d what the dynamics ask of an adaptive solver by now.
    fn measure_growth(&mut self) {
        let model = self.learner.model.valid();
        if let Some(dynamics) = &model.dynamics {
            self.growth
                .measure(&model, dynamics, &self.pictures.validation, self.learner.updates);
        }
    }

    /// Whether an epoch begins with update `step`.
    fn begins_epoch(&self, step: u64) -> bool {
        step == 0 || self.sampler.epoch_of(step) != self.sampler.epoch_of(step - 1)
    }
}

impl Experiment for OdeNet {
    type Config = OdeNetConfig;

    fn new(config: &OdeNetConfig, context: &Context) -> Result<Self> {
        let device = context.device.clone().autodiff();
        let pictures = Pictures::load(&config.data, context)?;
        let (colors, side) = (pictures.train.channels, pictures.train.height);
        let classifier = config.classifier(colors, side, pictures.train.classes);
        Ok(Self {
            learner: Learner::new(
                "classifier",
                context
                    .streams
                    .initialize("classifier", &device, || classifier.init(&device)),
                &config.optimizer,
                config.schedule.steps,
            ),
            solver: config.solver(),
            sampler: Sampler::new(context.streams, "shuffle", pictures.train.len(), config.batch),
            pictures,
            streams: context.streams,
            device,
            growth: Growth::default(),
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        if self.begins_epoch(step) {
            self.measure_growth();
        }
        let indices = self.sampler.batch(step);
        let batch = crop(
            &self.pictures.train,
            indices,
            self.config.data.crop,
            &self.streams,
            step,
        );
        let all: Vec<usize> = (0..batch.len()).collect();
        // Pictures stay off the tape: nothing needs their gradients.
        let images = pixels(&batch, &all, &self.device.clone().inner());
        let Prediction { logits, solution } = match self.learner.model.forward(images, &self.solver) {
            Ok(prediction) => prediction,
            Err(failure) => return unsolved("forward solve", &failure.error, step),
        };
        let classes = argmax(logits.clone())?;
        let loss = Self::loss(logits, labels(&batch, &all, &self.device));
        let value = f64::from(loss.clone().try_into_scalar::<f32>()?);
        let gradients = self.learner.gradients(&loss);
        let backward = solution.as_ref().and_then(Solution::backward).unwrap_or_default();
        if let Some(error) = &backward.error {
            // The gradients are NaN.
            return unsolved("backward solve", error, step);
        }
        self.learner.apply(step, gradients);
        if self.learner.updates == self.config.schedule.steps {
            self.measure_growth();
        }
        let evaluations = solution.as_ref().map_or(0, |solution| solution.statistics.evaluations);
        let right = std::iter::zip(&classes, &batch.labels).filter(|(class, label)| **class == usize::from(**label));
        let mut scalars = vec![
            ("loss".to_owned(), value),
            ("accuracy".to_owned(), right.count() as f64 / batch.len() as f64),
            ("nfe_forward".to_owned(), evaluations as f64),
        ];
        if backward.statistics.evaluations > 0 {
            scalars.push(("nfe_backward".to_owned(), backward.statistics.evaluations as f64));
        }
        Ok(scalars)
    }

    fn evaluate(&self) -> Result<Scalars> {
        let model = self.learner.model.valid();
        let measure = |set| classify(&model, set, &self.solver).map_err(|error| error.at_step(self.learner.updates));
        let validation = measure(&self.pictures.validation)?;
        let test = measure(&self.pictures.test)?;
        Ok(vec![
            (
                "validation_error".to_owned(),
                validation.classification.error_rate(&self.pictures.validation),
            ),
            (
                "test_error".to_owned(),
                test.classification.error_rate(&self.pictures.test),
            ),
            ("nfe_forward".to_owned(), test.mean_evaluations()),
        ])
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let model = self.learner.model.valid();
        let set = &self.pictures.test;
        let test = classify(&model, set, &self.solver).map_err(|error| error.at_step(self.learner.updates))?;
        let mut figures = vec![
            test.classification.samples(set)?,
            test.classification.confusion(set),
            figures::cost(&self.config, &model, set, &test),
        ];
        if let Some(dynamics) = &model.dynamics {
            let study = Study::new(&model, dynamics, set);
            let study = study.map_err(|error| error.at_step(self.learner.updates))?;
            figures.extend(study.figures()?);
            figures.extend(self.growth.figures()?);
        }
        Ok(figures)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        self.learner.save(checkpoint)?;
        checkpoint.json("growth", &self.growth)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.growth = checkpoint.json("growth")?;
        self.learner.restore(checkpoint)
    }
}

shown_as_its_configuration!(OdeNet);

#[cfg(test)]
mod tests {
    use papers_core::{base::config, testing};

    use super::*;
    use crate::{
        GradientMode, Method,
        divergence::tests::{assert_stops_as_diverged, weights},
        ode_net::config::PRESETS,
    };

    fn configuration(sets: &[&str]) -> OdeNetConfig {
        let digits = PRESETS.iter().find(|preset| preset.name == "digits").expect("a preset");
        let small = ["data.train=64", "data.validation=16", "data.test=16", "batch=16"];
        let sets: Vec<String> = small.iter().chain(sets).map(|&set| set.to_owned()).collect();
        config::resolve(digits.toml, None, &sets).expect("settings that exist")
    }

    #[test]
    fn weights_that_blow_up_stop_the_run_as_diverged() {
        for method in ["rk4", "dopri5"] {
            let method = format!("solver.method='{method}'");
            assert_stops_as_diverged::<OdeNet>(&configuration(&[&method, "optimizer.learning_rate=1e30"]));
        }
    }

    #[test]
    fn a_failed_solve_leaves_the_weights_alone() {
        let context = Context::new(testing::device(), 0);
        let mut experiment = OdeNet::new(&configuration(&[]), &context).expect("embedded data");
        let before = weights(&experiment.learner.model);
        let lost = || Solver::new(Method::Dopri5).tolerances(1e-9, 1e-9).max_steps(1);
        let backward = Solver::new(Method::Dopri5)
            .gradient(GradientMode::Adjoint)
            .adjoint_solver(lost());
        for (solver, which) in [(lost(), "forward"), (backward, "backward")] {
            experiment.solver = solver;
            let error = experiment.step(0).expect_err("a solve of one step").to_string();
            assert!(error.starts_with(&format!("step 0: the {which} solve")), "{error}");
            assert!(weights(&experiment.learner.model) == before, "{which}");
        }
    }

    #[test]
    fn evaluations_of_the_adaptive_solver_are_counted_when_an_epoch_begins_and_at_the_end() {
        // Four updates are an epoch.
        let config = configuration(&["schedule.steps=10"]);
        let mut experiment = OdeNet::new(&config, &Context::new(testing::device(), 0)).expect("embedded data");
        for step in 0..10 {
            experiment.step(step).expect("a finite step");
        }
        let (updates, evaluations): (Vec<u64>, Vec<usize>) = experiment.growth.points().iter().copied().unzip();
        assert_eq!(updates, [0, 4, 8, 10]);
        // The first step is selected with two evaluations; then six for each attempt.
        assert!(
            evaluations.iter().all(|count| *count >= 8 && (count - 2) % 6 == 0),
            "{evaluations:?}"
        );
    }
}
