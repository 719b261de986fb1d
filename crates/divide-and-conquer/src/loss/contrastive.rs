//! Contrastive loss (Hadsell et al. 2006): pairs of a class are near, others far.

use burn::{module::Module, prelude::*};
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{MetricLoss, Objective, View, hinge, mean_of_active};
use crate::{
    MetricError,
    distance::{EPSILON, euclidean, rows_at, squared},
    miner::Candidates,
};

/// The contrastive loss in both of its usual forms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContrastiveConfig {
    /// Distance up to which a pair of a class is near enough; for the hinge form only.
    pub positive_margin: f64,
    /// Distance from which on a pair of different classes is far enough.
    pub negative_margin: f64,
    /// The form.
    pub form: ContrastiveForm,
}

/// What is averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContrastiveForm {
    /// `[d - m⁺]₊` and `[m⁻ - d]₊`, each averaged over its terms that are not zero, then summed.
    #[default]
    Hinge,
    /// `d²/2` and `[m⁻ - d]₊²/2`, averaged over all pairs, as in the original paper.
    Hadsell,
}

impl Default for ContrastiveConfig {
    fn default() -> Self {
        Self {
            positive_margin: 0.0,
            negative_margin: 1.0,
            form: ContrastiveForm::Hinge,
        }
    }
}

impl ContrastiveConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// The setting below `loss.contrastive`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("loss.contrastive");
        // No two points of the unit sphere are farther from each other than 2.
        checks.not_negative("positive_margin", self.positive_margin)?;
        checks.at_most(2.0, "positive_margin", self.positive_margin)?;
        checks.positive("negative_margin", self.negative_margin)?;
        checks.at_most(2.0, "negative_margin", self.negative_margin)?;
        let problem = "is for `form = 'hinge'` only";
        let is_used = self.form == ContrastiveForm::Hinge || self.positive_margin == 0.0;
        checks.require(is_used, "positive_margin", problem)
    }

    /// The loss of all pairs of a batch.
    ///
    /// # Shapes
    ///
    /// - embeddings: `[batch, width]`
    /// - output: `[1]`
    pub fn of_pairs(&self, embeddings: &Tensor<2>, positives: &[[usize; 2]], negatives: &[[usize; 2]]) -> Tensor<1> {
        let sides = |pairs: &[[usize; 2]]| [0, 1].map(|side| rows_at(embeddings, pairs.iter().map(|pair| pair[side])));
        let nothing = || (embeddings.clone() * 0.0).sum();
        match self.form {
            ContrastiveForm::Hinge => {
                let part = |pairs: &[[usize; 2]], term: &dyn Fn(Tensor<1>) -> Tensor<1>| {
                    if pairs.is_empty() {
                        return nothing();
                    }
                    let [left, right] = sides(pairs);
                    mean_of_active(hinge(term(euclidean(left, right, EPSILON))))
                };
                part(positives, &|distance| distance - self.positive_margin)
                    + part(negatives, &|distance| distance.neg() + self.negative_margin)
            }
            ContrastiveForm::Hadsell => {
                let mut terms = Vec::new();
                if !positives.is_empty() {
                    let [left, right] = sides(positives);
                    terms.push(squared(left, right));
                }
                if !negatives.is_empty() {
                    let [left, right] = sides(negatives);
                    terms.push(hinge(euclidean(left, right, EPSILON).neg() + self.negative_margin).square());
                }
                match terms.is_empty() {
                    true => nothing(),
                    false => Tensor::cat(terms, 0).mean() * 0.5,
                }
            }
        }
    }

    /// Pairs of a class and of different classes: ordered ones for the hinge form, others for the original.
    pub fn pairs(&self, candidates: Candidates<'_>) -> [Vec<[usize; 2]>; 2] {
        let is_taken = |pair: &[usize; 2]| self.form == ContrastiveForm::Hinge || pair[0] < pair[1];
        let negatives = |anchor: usize| candidates.negatives(anchor).map(move |negative| [anchor, negative]);
        [
            candidates.positive_pairs().filter(is_taken).collect(),
            (0..candidates.labels.len())
                .flat_map(negatives)
                .filter(is_taken)
                .collect(),
        ]
    }
}

/// The same as a part of a learner, without parameters.
#[derive(Module, Debug)]
pub struct Contrastive {
    /// Settings.
    #[module(skip)]
    pub config: ContrastiveConfig,
}

impl MetricLoss for Contrastive {
    fn forward(&self, view: View<'_>) -> Result<Objective, MetricError> {
        let distances = view.distances();
        let candidates = view.candidates(&distances);
        // A batch of one class has nothing to tell apart: its pairs alone would collapse it.
        if !candidates.has_negatives() {
            return Ok(Objective::nothing(view.embeddings, true));
        }
        let [positives, negatives] = self.config.pairs(candidates);
        Ok(Objective {
            value: self.config.of_pairs(&view.embeddings, &positives, &negatives),
            terms: positives.len() + negatives.len(),
            no_negatives: false,
        })
    }
}
