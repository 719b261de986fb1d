use burn::{prelude::*, tensor::activation::softmax};
use papers_core::{
    nn::{Statistics, WeightAverage},
    random::Streams,
};

use crate::{
    Batch, Classifier, StepError,
    mixup::{Coefficients, Mixing, draw},
    objective::cross_entropy,
    ramp::warm_up,
};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Updates before this one.
    pub step: u64,
    /// Updates of the whole run.
    pub steps: u64,
}

/// What a method sees of one update.
#[derive(Debug)]
pub struct Step<'a, M, const D: usize> {
    /// The network in training.
    pub model: &'a M,
    /// Its average.
    pub average: &'a WeightAverage<M>,
    /// What to learn from.
    pub batch: &'a Batch<D>,
    /// Where random numbers come from.
    pub streams: &'a Streams,
    /// How far the run is.
    pub progress: Progress,
}

/// The terms of a loss, each of shape `[1]`: `labeled + weight·unlabeled + entropy_weight·entropy`.
#[derive(Debug, Clone)]
pub struct Losses {
    /// The term of labeled examples.
    pub labeled: Tensor<1>,
    /// The term of unlabeled examples.
    pub unlabeled: Option<Tensor<1>>,
    /// Its weight, as it is by now.
    pub weight: f64,
    /// The entropy of predictions for unlabeled examples.
    pub entropy: Option<Tensor<1>>,
    /// Its weight.
    pub entropy_weight: f64,
    /// What the method takes for the truth about unlabeled examples before any blending: `[batch, classes]`, off the
    /// tape.
    pub guesses: Option<Tensor<2>>,
}

impl Losses {
    /// Those of labeled examples alone.
    pub(super) fn labeled(labeled: Tensor<1>) -> Self {
        Self {
            labeled,
            unlabeled: None,
            weight: 0.0,
            entropy: None,
            entropy_weight: 0.0,
            guesses: None,
        }
    }

    /// The same with a term of unlabeled examples.
    pub(super) fn unlabeled(self, term: Tensor<1>, weight: f64, guesses: Tensor<2>) -> Self {
        Self {
            unlabeled: Some(term),
            weight,
            guesses: Some(guesses),
            ..self
        }
    }

    /// The loss: `[1]`.
    pub fn total(&self) -> Tensor<1> {
        let mut total = self.labeled.clone();
        for (term, weight) in [(&self.unlabeled, self.weight), (&self.entropy, self.entropy_weight)] {
            if let Some(term) = term {
                total = total + term.clone() * weight;
            }
        }
        total
    }
}

impl<M: Classifier<D>, const D: usize> Step<'_, M, D> {
    /// Labeled images before this update.
    pub(super) fn images(&self) -> u64 {
        self.progress.step * self.batch.len() as u64
    }

    /// Part of its final weight that a baseline gives its unlabeled term by now.
    pub(super) fn warm_up(&self, share: f64) -> f64 {
        let images_of_run = self.progress.steps * self.batch.len() as u64;
        warm_up(self.images(), images_of_run, share)
    }

    /// Mean cross-entropy of labeled examples, in the one pass that teaches the running statistics.
    pub(super) fn labeled_loss(&self) -> Tensor<1> {
        self.labeled_loss_of(self.batch.labeled.clone(), self.batch.targets.clone())
    }

    /// The same of blended ones.
    pub(super) fn labeled_loss_of(&self, inputs: Tensor<D>, targets: Tensor<2>) -> Tensor<1> {
        cross_entropy(self.model.forward(inputs, Statistics::Update), targets).mean()
    }

    /// Logits with gradients; the running statistics learn nothing.
    pub(super) fn student(&self, inputs: Tensor<D>) -> Tensor<2> {
        self.model.forward(inputs, Statistics::Batch)
    }

    /// Probabilities of the network in training as constants; the running statistics learn nothing.
    pub(super) fn predicted(&self, inputs: Tensor<D>) -> Tensor<2> {
        softmax(self.model.valid().forward(inputs, Statistics::Batch), 1)
    }

    /// Probabilities of the averaged network as constants, with the statistics of the batch.
    pub(super) fn taught(&self, inputs: Tensor<D>) -> Tensor<2> {
        softmax(self.teacher().forward(inputs, Statistics::Batch), 1)
    }

    /// The averaged network, off the tape.
    pub(super) fn teacher(&self) -> M {
        self.average.with_statistics_of(self.model)
    }

    /// Blends each row with that of the reversed batch, as the released baselines do.
    pub(super) fn reversed_mixing(&self, name: &str, alpha: f64) -> Result<Mixing, StepError> {
        let rows = self.batch.len();
        let mut generator = self.streams.at(name, self.progress.step, 0);
        let lambda = draw(alpha, rows, Coefficients::PerExample, &mut generator)?;
        Ok(Mixing::new(&lambda, (0..rows).rev().collect()))
    }
}
