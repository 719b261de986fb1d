//! What a photo's votes say: a score and a distribution, to learn from.

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{BINS, Vote, VoteTables, histogram::histogram, normal_cdf, normal_quantile};

/// How votes are brought into `[0, 1]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// By each voter's mean and deviation (ours; the paper's way is secret).
    #[default]
    Normalized,
    /// By the mean and deviation of all votes, in place of each voter's own.
    ZscoreOff,
    /// By the least and the greatest score that can be given.
    Raw,
}

/// What votes count for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// By how much the voter agrees with others.
    #[default]
    Agreement,
    /// All alike.
    None,
}

/// What is made of votes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VotesConfig {
    /// How they are brought into `[0, 1]`.
    pub scale: Scale,
    /// What they count for in a photo's label.
    pub weights: Weights,
    /// κ: votes that the common mean and deviation count for in a voter's own.
    pub shrinkage: f64,
}

impl Default for VotesConfig {
    fn default() -> Self {
        Self {
            scale: Scale::default(),
            weights: Weights::default(),
            shrinkage: 5.0,
        }
    }
}

impl VotesConfig {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        Checks::of("votes").not_negative("shrinkage", self.shrinkage)
    }

    /// A vote in `[0, 1]`; `range` is the least and the greatest score.
    pub fn value(&self, tables: &VoteTables, range: [f64; 2], vote: &Vote) -> f64 {
        match self.scale {
            Scale::Normalized => tables.normalized(vote),
            Scale::ZscoreOff => normal_cdf((vote.score - tables.mean) / tables.deviation),
            Scale::Raw => (vote.score - range[0]) / (range[1] - range[0]),
        }
    }

    /// The score that a value in `[0, 1]` is, as this voter gives scores, or as all do where the voter is unknown: the way back.
    pub fn score_of(&self, tables: &VoteTables, range: [f64; 2], voter: Option<usize>, value: f64) -> f64 {
        let of_all = || tables.mean + tables.deviation * normal_quantile(value);
        match self.scale {
            Scale::Normalized => voter.map_or_else(of_all, |voter| tables.score_of(voter, value)),
            Scale::ZscoreOff => of_all(),
            Scale::Raw => range[0] + value * (range[1] - range[0]),
        }
    }
}

/// What the votes of a photo say.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Weighted mean of the votes in `[0, 1]`.
    pub score: f64,
    /// Weighted shares of the bins.
    pub shares: [f64; BINS],
    /// Number of votes.
    pub votes: usize,
}

/// Labels of photos.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// By number of the photo; none of a photo without votes, which is never a score of 0.
    pub photos: Vec<Option<Label>>,
    /// Photos whose weights summed to 0, so that all votes counted alike.
    pub fell_back: usize,
}

impl Labels {
    /// Labels of `photos` photos.
    pub fn of(votes: &[Vote], photos: usize, tables: &VoteTables, range: [f64; 2], config: &VotesConfig) -> Self {
        let mut of_photo = vec![(Vec::new(), Vec::new()); photos];
        for vote in votes {
            let (values, weights) = &mut of_photo[vote.photo];
            values.push(config.value(tables, range, vote));
            weights.push(match config.weights {
                Weights::Agreement => tables.voters[vote.voter].weight,
                Weights::None => 1.0,
            });
        }
        let mut fell_back = 0;
        let mut label = |(values, weights): &(Vec<f64>, Vec<f64>)| {
            let histogram = histogram(values, Some(weights))?;
            fell_back += usize::from(histogram.fell_back);
            let total: f64 = weights.iter().sum();
            let score = match histogram.fell_back {
                true => values.iter().sum::<f64>() / values.len() as f64,
                false => values.iter().zip(weights).map(|(y, w)| y * w).sum::<f64>() / total,
            };
            Some(Label {
                score,
                shares: histogram.shares,
                votes: values.len(),
            })
        };
        Self {
            photos: of_photo.iter().map(&mut label).collect(),
            fell_back,
        }
    }
}
