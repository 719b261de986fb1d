//! What is fair to say of a vote, given who gave it. The paper keeps its own way secret; this one is ours, after what is known of
//! it: voters differ in leniency and in care (README, "Deviations").

use std::f64::consts::SQRT_2;

use papers_core::base::metrics::{mean, pearson_correlation, population_deviation};
use serde::{Deserialize, Serialize};

use super::Vote;

/// No voter counts for less.
pub const LEAST_WEIGHT: f64 = 0.05;
/// Votes beside those of others from which on agreement is measured.
const LEAST_OVERLAP: usize = 3;
/// Votes that the common agreement counts for.
const POOLED_COUNT: f64 = 5.0;
/// Below it, numbers count as all the same.
const CONSTANT: f64 = 1e-12;

/// What is known of a voter from votes to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VoterTable {
    /// Votes.
    pub count: usize,
    /// Mean score, drawn to that of all.
    pub mean: f64,
    /// Deviation of scores, drawn to that of all.
    pub deviation: f64,
    /// Votes on photos that others voted on, too.
    pub overlap: usize,
    /// Correlation with the mean of the others on the same photos; none of too few or constant votes.
    pub agreement: Option<f64>,
    /// What a vote counts for.
    pub weight: f64,
    /// Whether there are several votes, all the same.
    pub is_constant: bool,
}

/// Tables of all voters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoteTables {
    /// Mean of all scores.
    pub mean: f64,
    /// Deviation of all scores, 1 if they are all the same.
    pub deviation: f64,
    /// Mean agreement of the voters that have one, 1 if none has.
    pub pooled_agreement: f64,
    /// By number of the voter.
    pub voters: Vec<VoterTable>,
}

impl VoteTables {
    /// Tables of `voters` voters from votes to learn from; `shrinkage` is κ, the votes that the common mean and deviation count for.
    ///
    /// A voter without votes has the common mean and deviation.
    ///
    /// # Panics
    ///
    /// Without votes, or with a voter whose number is too large.
    pub fn fit(votes: &[Vote], voters: usize, shrinkage: f64) -> Self {
        assert!(!votes.is_empty(), "tables need votes");
        let scores: Vec<f64> = votes.iter().map(|vote| vote.score).collect();
        let (mean, mut deviation) = (mean(&scores), population_deviation(&scores));
        // The computed deviation of equal scores may be a rounding.
        if scores.iter().all(|score| *score == scores[0]) {
            deviation = 1.0;
        }
        let mut of_voter = vec![Vec::new(); voters];
        for vote in votes {
            of_voter[vote.voter].push(vote.score);
        }
        let table = |scores: &Vec<f64>| {
            let all = scores.len() as f64 + shrinkage;
            let own = if all > 0.0 {
                (scores.iter().sum::<f64>() + shrinkage * mean) / all
            } else {
                mean
            };
            let squares: f64 = scores.iter().map(|score| (score - own).powi(2)).sum();
            let variance = if all > 0.0 {
                (squares + shrinkage * deviation * deviation) / all
            } else {
                deviation * deviation
            };
            VoterTable {
                count: scores.len(),
                mean: own,
                // Without shrinkage, constant votes have no deviation of their own.
                deviation: if variance > 0.0 { variance.sqrt() } else { deviation },
                overlap: 0,
                agreement: None,
                weight: 1.0,
                is_constant: scores.len() > 1 && scores.iter().all(|score| *score == scores[0]),
            }
        };
        let mut tables = Self {
            mean,
            deviation,
            pooled_agreement: 1.0,
            voters: of_voter.iter().map(table).collect(),
        };
        tables.weigh(votes);
        tables
    }

    /// Agreement of each voter with the others on the same photos, and the weights that follow.
    fn weigh(&mut self, votes: &[Vote]) {
        let photos = votes.iter().map(|vote| vote.photo + 1).max().unwrap_or(0);
        let mut sums = vec![(0.0, 0_usize); photos];
        for vote in votes {
            let (sum, count) = &mut sums[vote.photo];
            *sum += self.standardized(vote);
            *count += 1;
        }
        let mut pairs = vec![(Vec::new(), Vec::new()); self.voters.len()];
        for vote in votes {
            let (sum, count) = sums[vote.photo];
            if count > 1 {
                let own = self.standardized(vote);
                pairs[vote.voter].0.push(own);
                pairs[vote.voter].1.push((sum - own) / (count as f64 - 1.0));
            }
        }
        for (table, (own, others)) in self.voters.iter_mut().zip(&pairs) {
            table.overlap = own.len();
            let varies = |values: &[f64]| population_deviation(values) > CONSTANT;
            if own.len() >= LEAST_OVERLAP && varies(own) && varies(others) {
                table.agreement = pearson_correlation(own, others);
            }
        }
        let known: Vec<f64> = self.voters.iter().filter_map(|table| table.agreement).collect();
        if !known.is_empty() {
            self.pooled_agreement = mean(&known);
        }
        let pooled = self.pooled_agreement;
        for table in &mut self.voters {
            let count = table.overlap as f64;
            let weight = table.agreement.map_or(pooled, |agreement| {
                (count * agreement + POOLED_COUNT * pooled) / (count + POOLED_COUNT)
            });
            table.weight = weight.max(LEAST_WEIGHT);
        }
    }

    /// `z`: by how many deviations of the voter the score is above the voter's mean.
    pub fn standardized(&self, vote: &Vote) -> f64 {
        let table = &self.voters[vote.voter];
        (vote.score - table.mean) / table.deviation
    }

    /// `y = Φ(z)`, in `(0, 1)`.
    pub fn normalized(&self, vote: &Vote) -> f64 {
        normal_cdf(self.standardized(vote))
    }

    /// The score that a voter would give where the normalized vote is `y`: the way back.
    pub fn score_of(&self, voter: usize, y: f64) -> f64 {
        let table = &self.voters[voter];
        table.mean + table.deviation * normal_quantile(y)
    }
}

/// `Φ`, the distribution function of the standard normal distribution.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// The inverse of [`normal_cdf`], by bisection and then Newton; probabilities are brought into `[1e-9, 1 - 1e-9]` first.
pub fn normal_quantile(probability: f64) -> f64 {
    let probability = probability.clamp(1e-9, 1.0 - 1e-9);
    let (mut least, mut most) = (-7.0, 7.0);
    for _ in 0..20 {
        let middle = f64::midpoint(least, most);
        match normal_cdf(middle) < probability {
            true => least = middle,
            false => most = middle,
        }
    }
    let mut z = f64::midpoint(least, most);
    for _ in 0..3 {
        let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        z -= (normal_cdf(z) - probability) / density;
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_inverse() {
        for z in [-4.0, -1.3, 0.0, 0.2, 2.5] {
            assert!((normal_quantile(normal_cdf(z)) - z).abs() < 1e-9, "{z}");
        }
        // The well-known 97.5 %.
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!(normal_quantile(0.0).is_finite() && normal_quantile(1.0).is_finite());
    }
}
