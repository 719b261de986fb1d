//! Margin loss (Wu et al. 2017): positives nearer than a boundary `β`, negatives farther, both by `α`.

use std::sync::Arc;

use burn::{
    module::{Module, Param},
    prelude::*,
};
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{MetricLoss, Objective, View, check_labels, hinge};
use crate::{
    MetricError, Part,
    distance::{MARGIN_EPSILON, euclidean, rows_at},
    miner::{Miner, MinerKind, MiningConfig, Triplet},
};

/// Settings of the margin loss. The defaults are the paper's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MarginConfig {
    /// Distance to the boundary, `α`.
    pub alpha: f64,
    /// Where the boundary is at first, `β₀`.
    pub beta: f64,
    /// Weight of the boundary's own size, `ν`.
    pub nu: f64,
    /// Whether the boundary learns. The paper says so; in the released program no optimizer knows it, and it stays.
    pub learn_beta: bool,
    /// Whether every class has a boundary of its own.
    pub per_class: bool,
    /// What chooses the triples.
    pub miner: MinerKind,
    /// Its limits.
    pub mining: MiningConfig,
}

impl Default for MarginConfig {
    fn default() -> Self {
        Self {
            alpha: 0.2,
            beta: 1.2,
            nu: 0.0,
            learn_beta: false,
            per_class: false,
            miner: MinerKind::DistanceWeighted,
            mining: MiningConfig::default(),
        }
    }
}

impl MarginConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// The setting below `loss.margin`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("loss.margin");
        // No two points of the unit sphere are farther from each other than 2.
        checks.positive("alpha", self.alpha)?;
        checks.at_most(2.0, "alpha", self.alpha)?;
        checks.positive("beta", self.beta)?;
        checks.at_most(2.0, "beta", self.beta)?;
        checks.not_negative("nu", self.nu)?;
        checks.at_most(1e3, "nu", self.nu)?;
        self.mining.validate("loss.margin.mining", self.miner)
    }

    /// The loss for so many learners and classes: each learner has a boundary of its own, and so has the whole embedding
    /// if there are several.
    pub fn init(&self, learners: usize, classes: usize, device: &Device) -> Margin {
        let rows = if learners == 1 { 1 } else { learners + 1 };
        let columns = if self.per_class { classes.max(1) } else { 1 };
        let beta = Tensor::full([rows, columns], self.beta, device);
        Margin {
            beta: Param::from_tensor(beta).set_require_grad(self.learn_beta),
            alpha: self.alpha,
            nu: self.nu,
            miner: self.miner.within(&self.mining),
        }
    }
}

/// The margin loss with its boundaries and its miner.
#[derive(Module, Debug)]
pub struct Margin {
    /// A row for each learner and one for the whole; a column for all classes, or for each. `[learners + 1, classes]`
    pub beta: Param<Tensor<2>>,
    /// Distance to the boundary.
    pub alpha: f64,
    /// Weight of the boundary's size.
    pub nu: f64,
    /// What chooses the triples.
    #[module(skip)]
    pub miner: Arc<dyn Miner>,
}

impl Margin {
    /// The same with any miner in place of that of the settings.
    #[must_use]
    pub fn with_miner(mut self, miner: impl Miner + 'static) -> Self {
        self.miner = Arc::new(miner);
        self
    }

    /// The boundaries of a part of the embedding, `[classes]` or `[1]`.
    pub fn boundaries(&self, part: Part) -> Tensor<1> {
        let rows = self.beta.dims()[0];
        let row = match part {
            Part::Slice(learner) => learner.min(rows - 1),
            Part::Whole => rows - 1,
        };
        self.beta.val().narrow(0, row, 1).squeeze_dim(0)
    }
}

/// `(Σ[d(a,p) - β + α]₊ + Σ[β - d(a,n) + α]₊ + ν‖β‖₁) / active`, where both sums' terms above zero are counted as active,
/// one by one. Zero, with gradients of zero, if none is.
///
/// # Shapes
///
/// - embeddings: `[batch, width]`
/// - boundaries: `[1]`, or one for each class with `classes`: that of each anchor counts
/// - output: `[1]`
pub fn margin_loss(
    embeddings: &Tensor<2>,
    triplets: &[Triplet],
    boundaries: Tensor<1>,
    classes: Option<&[usize]>,
    alpha: f64,
    nu: f64,
) -> Tensor<1> {
    let [anchors, positives, negatives] =
        [0, 1, 2].map(|place| rows_at(embeddings, triplets.iter().map(|triplet| triplet[place])));
    let boundary = match classes {
        Some(classes) => {
            let places: Vec<i32> = triplets.iter().map(|triplet| classes[triplet[0]] as i32).collect();
            let places = TensorData::new(places, [triplets.len()]);
            boundaries
                .clone()
                .select(0, Tensor::from_data(places, &embeddings.device()))
        }
        None => boundaries.clone(),
    };
    let near = hinge(euclidean(anchors.clone(), positives, MARGIN_EPSILON) - boundary.clone() + alpha);
    let far = hinge(boundary - euclidean(anchors, negatives, MARGIN_EPSILON) + alpha);
    let dtype = near.dtype();
    let count = |terms: &Tensor<1>| terms.clone().greater_elem(0.0).float().cast(dtype).sum();
    let active = count(&near) + count(&far);
    let any = active.clone().clamp_max(1.0);
    (near.sum() + far.sum() + boundaries.abs().sum() * nu * any) / active.clamp_min(1.0)
}

impl MetricLoss for Margin {
    fn forward(&self, view: View<'_>) -> Result<Objective, MetricError> {
        let columns = self.beta.dims()[1];
        if columns > 1 {
            check_labels(view.labels, columns)?;
        }
        let distances = view.distances();
        let candidates = view.candidates(&distances);
        let no_negatives = !candidates.has_negatives();
        let triplets = self.miner.mine(candidates, &mut *view.random);
        if triplets.is_empty() {
            return Ok(Objective::nothing(view.embeddings, no_negatives));
        }
        let boundaries = self.boundaries(view.part);
        let classes = (columns > 1).then_some(view.labels);
        Ok(Objective {
            value: margin_loss(&view.embeddings, &triplets, boundaries, classes, self.alpha, self.nu),
            terms: triplets.len(),
            no_negatives,
        })
    }
}
