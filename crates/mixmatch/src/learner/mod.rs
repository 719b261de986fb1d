//! From the loss of a method to new weights: Adam, the average of the weights, the decay of kernels.

mod config;
mod report;

use std::fmt;

use burn::{
    module::Module,
    optim::{GradientsParams, ModuleOptimizer},
};
use papers_core::{
    base::config::ConfigError,
    checkpoint,
    nn::{WeightAverage, decay_kernels},
    optim::Adam,
    random::Streams,
};

use crate::{Batch, Classifier, Method, Progress, Step, StepError, objective::check_targets};

pub use config::LearnerConfig;
pub use report::{Guesses, Report};

/// A network that learns: itself, the average of its weights, and what the optimizer remembers.
#[derive(Clone)]
pub struct Learner<M> {
    config: LearnerConfig,
    model: M,
    average: WeightAverage<M>,
    optimizer: ModuleOptimizer,
}

impl<M: Module> Learner<M> {
    /// Takes over a network on an autodiff device. The average begins at its weights.
    ///
    /// # Errors
    ///
    /// What [`LearnerConfig::validate`] refuses.
    pub fn new(model: M, config: &LearnerConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            config: config.clone(),
            average: WeightAverage::new(&model, config.ema),
            model,
            optimizer: Adam::default().init(),
        })
    }

    /// The network in training.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The average of its weights.
    pub fn average(&self) -> &WeightAverage<M> {
        &self.average
    }

    /// The network to evaluate, off the tape: averaged weights with the running statistics of the network in training.
    pub fn evaluation_model(&self) -> M {
        self.average.with_statistics_of(&self.model)
    }

    /// Makes one update with `method` and returns what it measured before. Reads the device once.
    ///
    /// # Errors
    ///
    /// A batch that does not fit, and [`StepError::NonFinite`]; weights and running averages are what they were
    /// then. Targets that are no
    /// distributions are looked for in builds with debug assertions only.
    pub fn step<const D: usize>(
        &mut self,
        method: &Method,
        batch: &Batch<D>,
        streams: &Streams,
        progress: Progress,
    ) -> Result<Report, StepError>
    where
        M: Classifier<D>,
    {
        if cfg!(debug_assertions) {
            check_targets(&batch.targets)?;
        }
        // Running averages of the clone are its own: they are taken over with the update, or not at all.
        let model = self.model.clone();
        let losses = method.losses(&Step {
            model: &model,
            average: &self.average,
            batch,
            streams,
            progress,
        })?;
        let report = Report::read(&losses, progress.step)?;
        let gradients = GradientsParams::from_grads(losses.total().backward(), &model);
        self.model = model;
        self.update(gradients);
        Ok(report)
    }

    /// Applies gradients: Adam, then the average of these weights, then the decay of kernels.
    pub fn update(&mut self, gradients: GradientsParams) {
        let model = self
            .optimizer
            .step(self.config.learning_rate, self.model.clone(), gradients);
        self.average.update(&model);
        self.model = decay_kernels(model, self.config.kernel_factor());
    }

    /// Adds everything that [`restore`](Self::restore) needs to a checkpoint: `model`, `average`, `optimizer`. Exported,
    /// `average` is the network to evaluate.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> papers_core::Result<()> {
        // Leaving the tape completes running statistics of Burn's own batch normalization, which lag by one update.
        checkpoint.module("model", &self.model.valid())?;
        checkpoint.module("average", &self.evaluation_model())?;
        checkpoint.optimizer("optimizer", &self.optimizer)
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> papers_core::Result<()> {
        let model = checkpoint.module("model", self.model.clone())?;
        let average = checkpoint.module("average", self.average.weights().clone())?;
        self.optimizer = checkpoint.optimizer("optimizer", self.optimizer.clone())?;
        self.average.restore(&model, average);
        self.model = model;
        Ok(())
    }
}

impl<M: fmt::Debug> fmt::Debug for Learner<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learner")
            .field("config", &self.config)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
