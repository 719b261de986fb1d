//! Learning to classify: one batch per update.

use std::fmt;

use burn::{
    module::Module,
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
    tensor::activation::log_softmax,
};
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    data::{Sampler, labels, pixels},
    random::Streams,
};
use serde::{Deserialize, Serialize};

use super::{
    config::OdeNetConfig,
    data::{Pictures, crop},
    evaluate::{argmax, classify},
    figure3, figures,
    model::{Classifier, Prediction},
};
use crate::{Failure, Solver};

/// Mean evaluations of the dynamics of each epoch, for the paper's figure 3d.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluations {
    /// Updates and evaluations in all of them, of each epoch.
    epochs: Vec<(u64, u64)>,
}

impl Evaluations {
    fn add(&mut self, epoch: usize, evaluations: usize) {
        if self.epochs.len() <= epoch {
            self.epochs.resize(epoch + 1, (0, 0));
        }
        let (updates, sum) = &mut self.epochs[epoch];
        *updates += 1;
        *sum += evaluations as u64;
    }

    /// Mean evaluations per update of each epoch so far.
    pub fn means(&self) -> Vec<f64> {
        self.epochs
            .iter()
            .map(|&(updates, sum)| sum as f64 / updates.max(1) as f64)
            .collect()
    }
}

/// A network in training.
pub struct OdeNet {
    config: OdeNetConfig,
    model: Classifier,
    optimizer: ModuleOptimizer,
    solver: Solver,
    pictures: Pictures,
    sampler: Sampler,
    streams: Streams,
    device: Device,
    evaluations: Evaluations,
    /// Updates applied.
    updates: u64,
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

    fn failure(&self, failure: &Failure<Tensor<4>>) -> Error {
        Error::Step {
            step: self.updates,
            message: failure.to_string(),
        }
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
            model: context
                .streams
                .initialize("classifier", &device, || classifier.init(&device)),
            optimizer: config.optimizer.init(),
            solver: config.solver(),
            sampler: Sampler::new(context.streams, "shuffle", pictures.train.len(), config.batch),
            pictures,
            streams: context.streams,
            device,
            evaluations: Evaluations::default(),
            updates: 0,
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let epoch = self.sampler.epoch_of(step) as usize;
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
        let prediction = self.model.forward(images, &self.solver);
        let Prediction { logits, solution } = prediction.map_err(|failure| self.failure(&failure))?;
        let classes = argmax(logits.clone()).map_err(|error| error.at_step(step))?;
        let loss = Self::loss(logits, labels(&batch, &all, &self.device));
        let value = f64::from(loss.clone().try_into_scalar::<f32>()?);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        let rate = self.config.optimizer.rate(step, self.config.schedule.steps);
        self.model = self.optimizer.step(rate, self.model.clone(), gradients);
        let evaluations = solution.as_ref().map_or(0, |solution| solution.statistics.evaluations);
        self.evaluations.add(epoch, evaluations);
        self.updates = step + 1;
        let right = std::iter::zip(&classes, &batch.labels).filter(|(class, label)| **class == usize::from(**label));
        let mut scalars = vec![
            ("loss".to_owned(), value),
            ("accuracy".to_owned(), right.count() as f64 / batch.len() as f64),
            ("nfe_forward".to_owned(), evaluations as f64),
        ];
        if let Some(backward) = solution.and_then(|solution| solution.backward()) {
            if let Some(error) = backward.error {
                let message = format!("the adjoint equation: {error}");
                return Err(Error::Step { step, message });
            }
            scalars.push(("nfe_backward".to_owned(), backward.statistics.evaluations as f64));
        }
        Ok(scalars)
    }

    fn evaluate(&self) -> Result<Scalars> {
        let model = self.model.valid();
        let measure = |set| classify(&model, set, &self.solver).map_err(|error| error.at_step(self.updates));
        let validation = measure(&self.pictures.validation)?;
        let test = measure(&self.pictures.test)?;
        Ok(vec![
            (
                "validation_error".to_owned(),
                validation.error_rate(&self.pictures.validation),
            ),
            ("test_error".to_owned(), test.error_rate(&self.pictures.test)),
            ("nfe_forward".to_owned(), test.mean_evaluations()),
        ])
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let model = self.model.valid();
        let set = &self.pictures.test;
        let test = classify(&model, set, &self.solver).map_err(|error| error.at_step(self.updates))?;
        let mut figures = vec![
            figures::samples(set, &test),
            figures::confusion(set, &test),
            figures::cost(&self.config, &model, set, &test),
        ];
        if let Some(dynamics) = &model.dynamics {
            let study = figure3::Study::new(&model, dynamics, set);
            let study = study.map_err(|error| error.at_step(self.updates))?;
            figures.extend(study.figures()?);
            figures.push(figure3::evaluations_over_training(&self.evaluations.means())?);
        }
        Ok(figures)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.module("classifier", &self.model)?;
        checkpoint.optimizer("classifier", &self.optimizer)?;
        checkpoint.json("evaluations", &self.evaluations)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.model = checkpoint.module("classifier", self.model.clone())?;
        self.optimizer = checkpoint.optimizer("classifier", self.optimizer.clone())?;
        self.evaluations = checkpoint.json("evaluations")?;
        self.updates = checkpoint.step();
        Ok(())
    }
}

impl fmt::Debug for OdeNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OdeNet")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
