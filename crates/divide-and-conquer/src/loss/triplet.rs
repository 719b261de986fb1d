//! Triplet loss (Schroff et al. 2015): a positive is nearer than a negative, by a margin.

use std::sync::Arc;

use burn::{module::Module, prelude::*};
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{MetricLoss, Objective, View, hinge, mean_of_active};
use crate::{
    MetricError,
    distance::{EPSILON, euclidean, rows_at, squared},
    miner::{Miner, MinerKind, MiningConfig, Triplet},
};

/// The triplet loss with its miner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TripletConfig {
    /// By how much a negative has to be farther than the positive.
    pub margin: f64,
    /// Whether distances are squared.
    pub squared: bool,
    /// Whether the mean is that of the terms that are not zero, and not of all.
    pub nonzero_mean: bool,
    /// What chooses the triples.
    pub miner: MinerKind,
    /// Its limits.
    pub mining: MiningConfig,
}

impl Default for TripletConfig {
    fn default() -> Self {
        Self {
            margin: 0.2,
            squared: false,
            nonzero_mean: false,
            miner: MinerKind::SemiHard,
            mining: MiningConfig::default(),
        }
    }
}

impl TripletConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// The setting below `loss.triplet`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("loss.triplet");
        checks.positive("margin", self.margin)?;
        // No two points of the unit sphere are farther from each other, squared.
        checks.at_most(4.0, "margin", self.margin)?;
        self.mining.validate("loss.triplet.mining", self.miner)
    }

    /// `[d(a, p) - d(a, n) + margin]₊` of each triple.
    ///
    /// # Shapes
    ///
    /// - embeddings: `[batch, width]`
    /// - output: `[triplets]`
    pub fn terms(&self, embeddings: &Tensor<2>, triplets: &[Triplet]) -> Tensor<1> {
        let [anchors, positives, negatives] =
            [0, 1, 2].map(|place| rows_at(embeddings, triplets.iter().map(|triplet| triplet[place])));
        let distance = |left, right| match self.squared {
            true => squared(left, right),
            false => euclidean(left, right, EPSILON),
        };
        hinge(distance(anchors.clone(), positives) - distance(anchors, negatives) + self.margin)
    }
}

/// The same as a part of a learner, without parameters.
#[derive(Module, Debug)]
pub struct TripletLoss {
    /// Settings.
    #[module(skip)]
    pub config: TripletConfig,
    /// What chooses the triples.
    #[module(skip)]
    pub miner: Arc<dyn Miner>,
}

impl TripletLoss {
    /// The loss with the miner that the settings name.
    pub fn new(config: TripletConfig) -> Self {
        let miner = config.miner.within(&config.mining);
        Self { config, miner }
    }

    /// The same with any miner in place of that of the settings.
    #[must_use]
    pub fn with_miner(mut self, miner: impl Miner + 'static) -> Self {
        self.miner = Arc::new(miner);
        self
    }
}

impl MetricLoss for TripletLoss {
    fn forward(&self, view: View<'_>) -> Result<Objective, MetricError> {
        let distances = view.distances();
        let candidates = view.candidates(&distances);
        let no_negatives = !candidates.has_negatives();
        let triplets = self.miner.mine(candidates, &mut *view.random);
        if triplets.is_empty() {
            return Ok(Objective::nothing(view.embeddings, no_negatives));
        }
        let terms = self.config.terms(&view.embeddings, &triplets);
        Ok(Objective {
            value: if self.config.nonzero_mean {
                mean_of_active(terms)
            } else {
                terms.mean()
            },
            terms: triplets.len(),
            no_negatives,
        })
    }
}
