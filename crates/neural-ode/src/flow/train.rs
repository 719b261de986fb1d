//! Learning a density from samples (section 4.2) or from its potential (section 4.1).

use burn::prelude::*;
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    random::Streams,
};

use super::{
    Trace,
    config::{FlowConfig, Target},
    evaluate::{self, Evaluator, Points},
    figures,
    model::{Densities, FlowModel, PLANE, Setting, base},
};
use crate::{
    SolveError, Solver,
    divergence::unsolved,
    learner::{Learner, shown_as_its_configuration},
};

/// A flow that learns.
pub struct FlowExperiment {
    config: FlowConfig,
    learner: Learner<FlowModel>,
    solver: Solver,
    evaluator: Evaluator,
    streams: Streams,
    plain: Device,
    training: Device,
}

impl FlowExperiment {
    /// The model as it is now, without autodiff.
    pub fn model(&self) -> FlowModel {
        self.learner.model.valid()
    }

    /// The solver, trace and regularizers of update `step`.
    fn setting(&self, step: u64) -> Setting<'_> {
        let shape = [self.config.trace.noises, self.config.batch, PLANE];
        Setting {
            solver: &self.solver,
            trace: match self.config.trace.noises {
                0 => Trace::Exact,
                _ => self.config.trace.law.draw(&self.streams, step, shape, &self.training),
            },
            regularization: self.config.regularization,
            base: base(&self.config),
            layers: self.config.target.into(),
        }
    }

    /// What is minimized over a fresh batch: the negative log-likelihood of samples, or the KL divergence to a potential up
    /// to its normalizer; and the solve behind it.
    fn objective(&self, step: u64) -> Result<(Tensor<1>, Densities), SolveError> {
        let (batch, device) = (self.config.batch, &self.training);
        match self.config.target {
            Target::Samples(set) => {
                let data = set.draw(&self.streams, "train", step, batch, device);
                let found = self.learner.model.log_density(data, self.setting(step))?;
                Ok((-found.log_density.clone().mean(), found))
            }
            Target::Density(potential) => {
                let noise = self.streams.normal("train", step, [batch, PLANE], device);
                let found = self.learner.model.sample(noise, self.setting(step))?;
                let energy = potential.walled(found.position.clone());
                Ok(((found.log_density.clone() + energy).mean(), found))
            }
        }
    }

    fn measure(&self, points: Points) -> Result<evaluate::Measured> {
        let measured = self.evaluator.measure(&self.model(), points);
        measured.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &evaluate::EvaluationError) -> Error {
        Error::Step {
            step: self.learner.updates,
            message: format!("evaluating the flow: {error}"),
        }
    }
}

impl Experiment for FlowExperiment {
    type Config = FlowConfig;

    fn new(config: &Self::Config, context: &Context) -> Result<Self> {
        let streams = context.streams;
        let training = context.device.clone().autodiff();
        Ok(Self {
            learner: Learner::new(
                "flow",
                streams.initialize("flow", &training, || FlowModel::new(config, &training)),
                &config.optimizer,
                config.schedule.steps,
            ),
            solver: config.solver.init(),
            evaluator: Evaluator::new(config, streams, &context.device)?,
            streams,
            plain: context.device.clone(),
            training,
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let (objective, found) = match self.objective(step) {
            Ok(objective) => objective,
            Err(error) => return unsolved("forward solve", &error, step),
        };
        let penalty = found.transported.as_ref().and_then(|found| found.penalty.clone());
        let loss = match &penalty {
            None => objective.clone(),
            Some(penalty) => objective.clone() + penalty.clone(),
        };
        let gradients = self.learner.gradients(&loss);
        let solution = found.transported.as_ref().map(|found| &found.solution);
        let backward = solution.and_then(|solution| solution.backward());
        if let Some(error) = backward.as_ref().and_then(|backward| backward.error.as_ref()) {
            // The gradients are NaN.
            return unsolved("backward solve", error, step);
        }
        self.learner.apply(step, gradients);

        // One read of the device for both.
        let mut names = vec!["loss".to_owned()];
        let mut values = vec![objective];
        if let Some(penalty) = penalty {
            names.push("penalty".to_owned());
            values.push(penalty);
        }
        let values: Tensor<1> = Tensor::cat(values.into_iter().map(Tensor::inner).collect(), 0);
        let mut scalars: Scalars = names.into_iter().zip(values.try_into_vec_as()?).collect();
        if let Some(solution) = solution {
            scalars.push(("evaluations".to_owned(), solution.statistics.evaluations as f64));
        }
        if let Some(backward) = backward {
            let evaluations = backward.statistics.evaluations as f64;
            scalars.push(("evaluations_backward".to_owned(), evaluations));
        }
        Ok(scalars)
    }

    fn evaluate(&self) -> Result<Scalars> {
        let mut scalars = self.measure(Points::Validation)?.scalars("validation");
        scalars.extend(self.measure(Points::Test)?.scalars("test"));
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let measured = self.measure(Points::Test)?;
        let path = self
            .evaluator
            .path(&self.model())
            .map_err(|error| self.failed(&error))?;
        let target = figures::Panel::of_target(self.config.target, &self.streams, &self.plain)?;
        Ok(vec![
            figures::table(&self.config, &self.learner.model, &measured, &path),
            figures::sequence(&path, &target)?,
            figures::animation(&path, &target)?,
        ])
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        self.learner.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.learner.restore(checkpoint)
    }
}

shown_as_its_configuration!(FlowExperiment);

#[cfg(test)]
mod tests;
