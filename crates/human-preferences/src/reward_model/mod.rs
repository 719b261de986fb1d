//! The reward model: an ensemble of networks fitted to comparisons of clips (section 2.2.3).
//!
//! [`RewardLearner`] holds the comparisons and fits the networks, [`RewardPredictor`] is what came of it so far and
//! predicts, [`RewardNormalizer`] gives its predictions the scale that reinforcement learning needs.

mod batch;
mod bootstrap;
mod config;
mod learner;
mod member;
mod normalization;
mod penalty;
mod predictor;
mod saved;

pub use self::{
    bootstrap::Bootstrap,
    config::{L2Config, NormalizationConfig, Objective, RewardConfig},
    learner::{FitReport, RewardLearner},
    normalization::{Moments, RewardNormalizer, Window},
    penalty::adapted,
    predictor::RewardPredictor,
    saved::saved_comparisons,
};

use std::sync::Arc;

use crate::clip::{Clip, ClipError};

/// Two clips and what was said about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The first clip.
    pub first: Arc<Clip>,
    /// The second clip, as long as the first.
    pub second: Arc<Clip>,
    /// The answer's distribution µ over the two, first clip first.
    pub preference: [f64; 2],
    /// True returns of the two, for the ablation that regresses them and for nothing else.
    pub true_returns: Option<[f64; 2]>,
}

/// Why nothing was learned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RewardError {
    /// Clips that cannot be compared.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// A distribution over two clips that is none.
    #[error("the preference {first}, {second} is no distribution: both must be 0 or positive and sum to 1")]
    Preference {
        /// Weight of the first clip.
        first: f64,
        /// Weight of the second clip.
        second: f64,
    },
    /// A clip of another task than those before.
    #[error("the clip's {what} has {found} numbers, and the clips before have {expected}")]
    Size {
        /// `observation` or `action`.
        what: &'static str,
        /// Numbers of the clip's.
        found: usize,
        /// Numbers of the others'.
        expected: usize,
    },
    /// There is no answer to learn from.
    #[error("there is no usable comparison to learn a reward from: {answers} answers, all of them \"can't tell\"")]
    NoUsableComparison {
        /// Answers so far.
        answers: u64,
    },
    /// The ablation `target` without the returns that it regresses.
    #[error("the objective `return` needs the true returns of the clips, which only an oracle knows")]
    NoReturns,
    /// True returns that are no numbers.
    #[error("the true returns {first} and {second} of a pair must both be finite")]
    TrueReturns {
        /// Of the first clip.
        first: f64,
        /// Of the second clip.
        second: f64,
    },
    /// An ensemble that has learned nothing; its rewards would be noise.
    #[error("the reward model was never fitted, so its rewards are noise; fit it to comparisons first")]
    Untrained,
    /// A loss left the finite numbers.
    #[error("the loss of reward network {member} is {loss}; lower `reward.learning_rate`")]
    NonFinite {
        /// The network.
        member: usize,
        /// Its loss.
        loss: f64,
    },
    /// The device could not be read.
    #[error("reading from the device: {0}")]
    Device(String),
}
