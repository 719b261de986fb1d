//! N-pair loss (Sohn 2016): of the partners of all classes in a batch, an example finds its own.

use burn::{module::Module, prelude::*, tensor::activation::log_softmax};
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{MetricLoss, Objective, View};
use crate::{MetricError, distance::rows_at};

/// The N-pair loss on the unit sphere: cosines are divided by a temperature in place of a bound on lengths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NPairConfig {
    /// What cosines are divided by.
    pub temperature: f64,
}

impl Default for NPairConfig {
    fn default() -> Self {
        Self { temperature: 0.1 }
    }
}

impl NPairConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// The setting below `loss.n_pair`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        /// Below, cosines leave the range of a softmax in single precision.
        const LEAST: f64 = 1e-3;
        let checks = Checks::of("loss.n_pair");
        checks.positive("temperature", self.temperature)?;
        checks.at_least(LEAST, "temperature", self.temperature)
    }

    /// The first two examples of each class, anchor and positive.
    pub fn pairs(labels: &[usize]) -> Vec<[usize; 2]> {
        let mut pairs: Vec<[usize; 2]> = Vec::new();
        for (first, label) in labels.iter().enumerate() {
            if labels[..first].contains(label) {
                continue;
            }
            let second = labels[first + 1..].iter().position(|other| other == label);
            pairs.extend(second.map(|second| [first, first + 1 + second]));
        }
        pairs
    }

    /// Mean cross-entropy of each anchor with the positives of all pairs.
    ///
    /// # Shapes
    ///
    /// - embeddings: `[batch, width]`
    /// - output: `[1]`
    pub fn of_pairs(&self, embeddings: &Tensor<2>, pairs: &[[usize; 2]]) -> Tensor<1> {
        let [anchors, positives] = [0, 1].map(|side| rows_at(embeddings, pairs.iter().map(|pair| pair[side])));
        let logits = anchors.matmul(positives.transpose()) / self.temperature;
        let own = Tensor::<2>::eye(pairs.len(), &embeddings.device()).cast(embeddings.dtype());
        (log_softmax(logits, 1) * own).sum_dim(1).mean().neg()
    }
}

/// The same as a part of a learner, without parameters.
#[derive(Module, Debug)]
pub struct NPair {
    /// Settings.
    #[module(skip)]
    pub config: NPairConfig,
}

impl MetricLoss for NPair {
    fn forward(&self, view: View<'_>) -> Result<Objective, MetricError> {
        let pairs = NPairConfig::pairs(view.labels);
        if pairs.len() < 2 {
            return Ok(Objective::nothing(view.embeddings, true));
        }
        Ok(Objective {
            value: self.config.of_pairs(&view.embeddings, &pairs),
            terms: pairs.len(),
            no_negatives: false,
        })
    }
}
