//! One update: the loss of a learner's slice, its gradients, Adam.

use std::fmt;

use burn::{
    module::{Module, ModuleDisplay},
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    base::config::{Checks, ConfigError},
    checkpoint,
    optim::Adam,
};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{
    Backbone, Embedder, MetricError, Mode, Part, Rows, SliceUpdate, Turn,
    loss::{MetricLoss, View},
    slices::normalize,
};

/// The rule of learning. The defaults are the paper's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Adam's rate of backbone and embedding.
    pub learning_rate: f64,
    /// L2 decay of their weights, as PyTorch's Adam has it.
    pub weight_decay: f64,
    /// Adam's rate of what a loss learns, without decay, such as boundaries. Proxies have one of their own,
    /// `loss.proxy_nca.rate_factor`.
    pub loss_rate: f64,
    /// Share of the updates, the last ones, with a lower rate.
    pub final_share: f64,
    /// What rates are multiplied by then.
    pub final_factor: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-5,
            weight_decay: 1e-4,
            loss_rate: 5e-4,
            final_share: 0.0,
            final_factor: 0.1,
        }
    }
}

impl OptimizerConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// The setting below `optimizer`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("optimizer");
        for (key, value) in [
            ("learning_rate", self.learning_rate),
            ("loss_rate", self.loss_rate),
            ("final_factor", self.final_factor),
        ] {
            checks.positive(key, value)?;
            checks.at_most(10.0, key, value)?;
        }
        checks.not_negative("weight_decay", self.weight_decay)?;
        checks.at_most(10.0, "weight_decay", self.weight_decay)?;
        checks.share("final_share", self.final_share)?;
        let is_used = self.final_share > 0.0 || self.final_factor == Self::default().final_factor;
        let problem = "is for `final_share` above 0 only";
        checks.require(is_used, "final_factor", problem)
    }

    /// What rates are multiplied by at a step.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        let is_last = step as f64 >= steps as f64 * (1.0 - self.final_share);
        if is_last { self.final_factor } else { 1.0 }
    }
}

/// What an update found before it changed the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// The loss.
    pub loss: f64,
    /// Terms that it was made of.
    pub terms: usize,
    /// Whether the batch had one class only: the loss is zero then, and so is its gradient.
    pub no_negatives: bool,
}

/// A network and a loss that learn: any [`Backbone`], any [`MetricLoss`].
#[derive(Clone)]
pub struct Trainer<B: Module + ModuleDisplay, L> {
    model: Embedder<B>,
    loss: L,
    config: OptimizerConfig,
    slice_update: SliceUpdate,
    optimizer: ModuleOptimizer,
    loss_optimizer: ModuleOptimizer,
}

impl<B: Module + ModuleDisplay, L: MetricLoss> Trainer<B, L> {
    /// Takes a model and a loss whose weights are on a tape.
    ///
    /// # Errors
    ///
    /// What [`OptimizerConfig::validate`] refuses.
    pub fn new(
        model: Embedder<B>,
        loss: L,
        config: &OptimizerConfig,
        slice_update: SliceUpdate,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let adam = Adam {
            weight_decay: config.weight_decay,
            ..Adam::default()
        };
        Ok(Self {
            model,
            loss,
            optimizer: adam.init(),
            loss_optimizer: Adam::default().init(),
            config: config.clone(),
            slice_update,
        })
    }

    /// The same with another optimizer of the model, such as plain gradient descent.
    #[must_use]
    pub fn with_optimizer(mut self, optimizer: ModuleOptimizer) -> Self {
        self.optimizer = optimizer;
        self
    }

    /// The network in training.
    pub fn model(&self) -> &Embedder<B> {
        &self.model
    }

    /// The loss in training.
    pub fn loss(&self) -> &L {
        &self.loss
    }

    /// The network off the tape.
    pub fn evaluation_model(&self) -> Embedder<B> {
        self.model.valid()
    }

    /// Learns a turn from its batch; rates are multiplied by `factor`. Nothing changes where it fails.
    ///
    /// # Shapes
    ///
    /// - inputs: `[batch, ..]`, off the tape
    ///
    /// # Errors
    ///
    /// [`MetricError::UnknownLearner`], [`MetricError::Labels`], [`MetricError::NonFinite`] naming the first bad embedding,
    /// [`MetricError::NonFiniteLoss`], what the loss reports.
    pub fn step<const D: usize>(
        &mut self,
        inputs: Tensor<D>,
        labels: &[usize],
        turn: &Turn,
        factor: f64,
        random: &mut dyn Rng,
    ) -> Result<Report, MetricError>
    where
        B: Backbone<D>,
    {
        if let Part::Slice(learner) = turn.part
            && learner >= self.model.learners.len()
        {
            let learners = self.model.learners.len();
            return Err(MetricError::UnknownLearner { learner, learners });
        }
        let features = self.model.backbone.features(inputs, Mode::Train);
        let embeddings = normalize(self.model.embed(features, turn.part));
        let rows = Rows::of_tensor(embeddings.clone().inner())?;
        rows.check_finite("embeddings of the batch")?;
        if rows.len() != labels.len() {
            let (rows, labels) = (rows.len(), labels.len());
            return Err(MetricError::Labels { labels, rows });
        }
        let objective = self.loss.forward(View {
            embeddings,
            rows: &rows,
            labels,
            part: turn.part,
            classes: turn.classes.as_ref().map(|classes| classes.as_slice()),
            random,
        })?;
        let loss = f64::from(objective.value.clone().try_into_scalar::<f32>()?);
        if !loss.is_finite() {
            return Err(MetricError::NonFiniteLoss { value: loss });
        }
        let report = Report {
            loss,
            terms: objective.terms,
            no_negatives: objective.no_negatives,
        };
        let mut gradients = objective.value.backward();
        let mut of_model = GradientsParams::from_module(&mut gradients, &self.model);
        if let (Part::Slice(learner), SliceUpdate::Paper) = (turn.part, self.slice_update) {
            self.model.add_zero_gradients(&mut of_model, learner);
        }
        let of_loss = GradientsParams::from_module(&mut gradients, &self.loss);
        let rate = self.config.learning_rate * factor;
        let loss_rate = self.loss.learning_rate(&self.config) * factor;
        self.model = self.optimizer.step(rate, self.model.clone(), of_model);
        self.loss = self.loss_optimizer.step(loss_rate, self.loss.clone(), of_loss);
        Ok(report)
    }

    /// Adds everything that [`restore`](Self::restore) needs to a checkpoint.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> papers_core::Result<()> {
        checkpoint.module("model", &self.model)?;
        checkpoint.module("loss", &self.loss)?;
        checkpoint.optimizer("optimizer", &self.optimizer)?;
        checkpoint.optimizer("loss_optimizer", &self.loss_optimizer)
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> papers_core::Result<()> {
        self.model = checkpoint.module("model", self.model.clone())?;
        self.loss = checkpoint.module("loss", self.loss.clone())?;
        self.optimizer = checkpoint.optimizer("optimizer", self.optimizer.clone())?;
        self.loss_optimizer = checkpoint.optimizer("loss_optimizer", self.loss_optimizer.clone())?;
        Ok(())
    }
}

impl<B: Module + ModuleDisplay, L> fmt::Debug for Trainer<B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
