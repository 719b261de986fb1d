//! What is minimized (section 3).

use burn::prelude::*;
use papers_core::distributions::kl;
use serde::{Deserialize, Serialize};

use crate::model::{
    ClassModel,
    bound::{KlMode, KlWeight, Labeled, Unlabeled},
};

/// Settings of the objective. Those of the paper are the defaults; what is ours is off in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectiveConfig {
    /// α: weight of the classifier's own term. It is multiplied by the number of examples for each one with a label.
    pub alpha: f64,
    /// How examples with and without labels are weighted.
    pub weighting: Weighting,
    /// How the divergence of `z` is found.
    pub kl: KlMode,
    /// Draws of each example.
    pub samples: usize,
    /// λ: weight of the standard normal prior of all weights.
    pub weight_prior: f64,
    /// Ours: weight of `KL(mean of q(y|x) over the batch ‖ p(y))` of examples without labels.
    pub balance: f64,
    /// Ours: updates in which the share of divergences grows from 0 to 1.
    pub warm_up: u64,
    /// Ours: nats of `z` that cost nothing; with `kl = 'analytic'` only.
    pub free_bits: f64,
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self {
            alpha: 1.1,
            weighting: Weighting::Average,
            kl: KlMode::MonteCarlo,
            samples: 1,
            weight_prior: 0.5,
            balance: 0.0,
            warm_up: 0,
            free_bits: 0.0,
        }
    }
}

/// How examples with and without labels are weighted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// The means of both count alike.
    #[default]
    Average,
    /// Each counts by its share of all examples.
    Weighted,
}

/// Numbers of training examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// With labels.
    pub labeled: usize,
    /// Without.
    pub unlabeled: usize,
}

impl Counts {
    /// All.
    pub fn all(self) -> usize {
        self.labeled + self.unlabeled
    }
}

/// Terms of the loss of a batch, `[1]` each; what a batch does not have is `None`.
#[derive(Debug, Clone)]
pub struct Loss {
    /// What is minimized.
    pub total: Tensor<1>,
    /// Mean bound of examples with labels.
    pub labeled: Option<Tensor<1>>,
    /// Mean bound of examples without.
    pub unlabeled: Option<Tensor<1>>,
    /// Mean of `log q(y|x)` of the labels.
    pub log_class: Option<Tensor<1>>,
    /// `KL(mean of q(y|x) ‖ p(y))` of the batch's examples without labels.
    pub balance: Option<Tensor<1>>,
}

impl ObjectiveConfig {
    /// α times the number of examples for each one with a label.
    pub fn effective_alpha(&self, counts: Counts) -> f64 {
        if counts.labeled == 0 {
            return 0.0;
        }
        self.alpha * counts.all() as f64 / counts.labeled as f64
    }

    /// Weights of the mean bounds of examples with and without labels.
    fn weights(&self, counts: Counts) -> [f64; 2] {
        match self.weighting {
            Weighting::Average => [1.0, 1.0],
            Weighting::Weighted => [counts.labeled, counts.unlabeled].map(|count| count as f64 / counts.all() as f64),
        }
    }

    /// How much of the divergences an update counts of weights that have had `age` others.
    pub fn kl_weight(&self, age: u64) -> KlWeight {
        let beta = if self.warm_up == 0 {
            1.0
        } else {
            (age as f64 / self.warm_up as f64).min(1.0)
        };
        KlWeight {
            mode: self.kl,
            beta,
            free_bits: self.free_bits,
        }
    }

    /// The loss of a batch for weights that have had `age` updates, without the prior of weights.
    ///
    /// # Panics
    ///
    /// For a batch without any example.
    pub fn loss(
        &self,
        model: &ClassModel,
        labeled: Option<&Labeled>,
        unlabeled: Option<&Unlabeled>,
        counts: Counts,
        age: u64,
    ) -> Loss {
        let weight = self.kl_weight(age);
        let [of_labeled, of_unlabeled] = self.weights(counts);
        let labeled_bound = labeled.map(|labeled| labeled.bound(weight).mean());
        let unlabeled_bound = unlabeled.map(|unlabeled| unlabeled.bound(weight).mean());
        let log_class = labeled.map(|labeled| labeled.log_class.clone().mean());
        let balance = unlabeled.map(|unlabeled| balance(model, unlabeled));
        let terms = [
            (&labeled_bound, -of_labeled),
            (&unlabeled_bound, -of_unlabeled),
            (&log_class, -self.effective_alpha(counts)),
            (&balance, self.balance),
        ];
        let terms = terms.into_iter().filter(|(_, weight)| *weight != 0.0);
        let terms = terms.filter_map(|(term, weight)| Some(term.clone()? * weight));
        Loss {
            total: terms.reduce(|sum, term| sum + term).expect("a batch has an example"),
            labeled: labeled_bound,
            unlabeled: unlabeled_bound,
            log_class,
            balance,
        }
    }
}

/// `KL(mean of q(y|x) over the batch ‖ p(y))`
fn balance(model: &ClassModel, unlabeled: &Unlabeled) -> Tensor<1> {
    let classes: Tensor<4> = unlabeled.classes().mean_dim(0).unsqueeze();
    let log_prior = model.log_prior(&classes).unsqueeze();
    // The mean of probabilities of float precision may be zero.
    let log_mean = classes.clamp_min(f64::from(f32::MIN_POSITIVE)).log();
    kl::<4>(log_mean, log_prior).reshape([1])
}
