//! Losses on embeddings of a batch, and the one way that a learner calls them.
//!
//! Each loss is a function or a module of its own: tensors in, a scalar out. [`MetricLoss`] is what a
//! [`Trainer`](crate::Trainer) needs of one; [`Loss`] are those of this crate behind it.

pub mod contrastive;
pub mod margin;
pub mod n_pair;
pub mod proxy_nca;
pub mod triplet;

mod any;

pub use any::{Loss, LossConfig, LossKind};
pub use contrastive::{Contrastive, ContrastiveConfig, ContrastiveForm};
pub use margin::{Margin, MarginConfig};
pub use n_pair::{NPair, NPairConfig};
pub use proxy_nca::{ProxyNca, ProxyNcaConfig};
pub use triplet::{TripletConfig, TripletLoss};

use burn::{module::Module, prelude::*};
use rand::Rng;

use crate::{MetricError, OptimizerConfig, Rows, distance::Distances, miner::Candidates, slices::Part};

/// What a loss sees of a batch.
pub struct View<'a> {
    /// Embeddings brought to length 1, `[batch, width]`: the whole ones, or the slice of a learner.
    pub embeddings: Tensor<2>,
    /// The same numbers on the host.
    pub rows: &'a Rows,
    /// Class of each example.
    pub labels: &'a [usize],
    /// Which part of the embedding they are.
    pub part: Part,
    /// The classes of the learner's cluster, where it has one.
    pub classes: Option<&'a [usize]>,
    /// For what is drawn.
    pub random: &'a mut dyn Rng,
}

impl<'a> View<'a> {
    /// Distances within the batch.
    pub fn distances(&self) -> Distances {
        Distances::of(self.rows, false)
    }

    /// What miners choose from.
    pub fn candidates<'b>(&self, distances: &'b Distances) -> Candidates<'b>
    where
        'a: 'b,
    {
        Candidates {
            distances,
            labels: self.labels,
            width: self.rows.width(),
        }
    }
}

/// A loss of a batch.
#[derive(Debug, Clone)]
pub struct Objective {
    /// Its value, `[1]`.
    pub value: Tensor<1>,
    /// Terms that it is made of, such as triples; those that are zero count.
    pub terms: usize,
    /// Whether all examples are of one class, so that there is nothing to tell apart. The value is zero then, and so are
    /// its gradients.
    pub no_negatives: bool,
}

impl Objective {
    /// The loss of a batch without anything to learn from: zero, with gradients of zero.
    pub fn nothing(embeddings: Tensor<2>, no_negatives: bool) -> Self {
        Self {
            value: (embeddings * 0.0).sum(),
            terms: 0,
            no_negatives,
        }
    }
}

/// A loss that a learner can minimize. What it learns itself, such as proxies, are its parameters.
pub trait MetricLoss: Module {
    /// The loss of a batch.
    ///
    /// # Errors
    ///
    /// What the batch lacks.
    fn forward(&self, view: View<'_>) -> Result<Objective, MetricError>;

    /// The rate of what the loss learns itself: `loss_rate` if it does not say otherwise.
    fn learning_rate(&self, optimizer: &OptimizerConfig) -> f64 {
        optimizer.loss_rate
    }
}

/// Refuses examples of a class that a loss has no parameters of.
fn check_labels(labels: &[usize], classes: usize) -> Result<(), MetricError> {
    match labels.iter().find(|&&label| label >= classes) {
        Some(&class) => Err(MetricError::UnknownClass { class, classes }),
        None => Ok(()),
    }
}

/// The mean of the terms that are not zero; zero without any.
pub(crate) fn mean_of_active(terms: Tensor<1>) -> Tensor<1> {
    let dtype = terms.dtype();
    let active = terms.clone().greater_elem(0.0).float().cast(dtype).sum();
    terms.sum() / active.clamp_min(1.0)
}

/// `x` where it is positive, 0 elsewhere.
pub(crate) fn hinge(terms: Tensor<1>) -> Tensor<1> {
    burn::tensor::activation::relu(terms)
}
