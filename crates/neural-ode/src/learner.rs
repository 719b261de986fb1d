//! What the experiments have in common: a model, the optimizer that trains it, and the updates it has had.

use burn::{
    module::Module,
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{Result, checkpoint};

use crate::settings::OptimizerConfig;

/// A model that learns.
pub(crate) struct Learner<M> {
    pub(crate) model: M,
    /// Updates applied.
    pub(crate) updates: u64,
    /// The model's name in checkpoints.
    name: &'static str,
    config: OptimizerConfig,
    optimizer: ModuleOptimizer,
    /// Updates of the whole run.
    steps: u64,
}

impl<M: Module> Learner<M> {
    /// Without an update, of `steps`.
    pub(crate) fn new(name: &'static str, model: M, config: &OptimizerConfig, steps: u64) -> Self {
        Self {
            model,
            updates: 0,
            name,
            optimizer: config.init(),
            config: config.clone(),
            steps,
        }
    }

    /// The gradients of a loss with respect to the model.
    pub(crate) fn gradients(&self, loss: &Tensor<1>) -> GradientsParams {
        GradientsParams::from_grads(loss.backward(), &self.model)
    }

    /// Update `step`.
    pub(crate) fn apply(&mut self, step: u64, gradients: GradientsParams) {
        let rate = self.config.rate(step, self.steps);
        self.model = self.optimizer.step(rate, self.model.clone(), gradients);
        self.updates = step + 1;
    }

    pub(crate) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.module(self.name, &self.model)?;
        checkpoint.optimizer("optimizer", &self.optimizer)
    }

    pub(crate) fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.model = checkpoint.module(self.name, self.model.clone())?;
        self.optimizer = checkpoint.optimizer("optimizer", self.config.init())?;
        self.updates = checkpoint.step();
        Ok(())
    }
}

/// Shows an experiment as its configuration.
macro_rules! shown_as_its_configuration {
    ($experiment:ident) => {
        impl std::fmt::Debug for $experiment {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter
                    .debug_struct(stringify!($experiment))
                    .field("config", &self.config)
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use shown_as_its_configuration;
