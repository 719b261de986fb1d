use papers_core::random::Streams;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::{Attributes, FEATURES, features};
use crate::votes::{Trait, normal_cdf};

/// Shares of the clusters of preferences, added up.
const CLUSTERS: [f64; 3] = [0.5, 0.8, 1.0];
/// Deviations of a cluster's and of a voter's own preferences, for each weight.
const CLUSTER_DEVIATION: f64 = 0.56;
const OWN_DEVIATION: f64 = 0.28;
/// Deviation of leniency.
const BIAS_DEVIATION: f64 = 0.9;
/// Of the logarithm of how far apart a voter's scores are.
const SCALE_DEVIATION: f64 = 0.35;
/// Mean and deviation of the logarithm of a voter's noise.
const NOISE: [f64; 2] = [0.7, 0.4];
/// Exponent of activity, and what each voter has at least.
const ACTIVITY: [f64; 2] = [1.2, 0.3];
/// Utilities from which on a vote is 1, 2, 3.
const THRESHOLDS: [f64; 3] = [-1.1, 0.0, 1.1];

/// What the population as a whole likes about a portrait, in the order of [`features`].
pub fn trait_weights(of: Trait) -> [f64; FEATURES] {
    //    smile  eyes  aspect hair glasses bg offset sharp | eyes² smile·bg aspect²
    match of {
        Trait::Smart => [0.2, 0.1, 0.0, 0.1, 0.5, 0.0, 0.0, 0.7, 0.2, 0.2, 0.2],
        Trait::Trustworthy => [0.9, 0.2, 0.1, 0.0, 0.1, 0.6, 0.0, 0.2, 0.3, 0.4, 0.2],
        Trait::Attractive => [0.9, 0.7, 0.0, 0.1, -0.35, 0.1, 0.0, 0.6, 0.4, 0.4, 0.4],
    }
}

/// A simulated voter.
#[derive(Debug, Clone, PartialEq)]
pub struct Voter {
    /// What the voter likes, the population's and the voter's own.
    pub weights: [f64; FEATURES],
    /// Leniency.
    pub bias: f64,
    /// How far apart scores are.
    pub scale: f64,
    /// Deviation of utilities from one look to another.
    pub noise: f64,
    /// How often the voter votes, beside others.
    pub activity: f64,
    /// Cluster of preferences.
    pub cluster: usize,
}

impl Voter {
    /// Utility without noise.
    fn utility(&self, features: &[f64; FEATURES]) -> f64 {
        let liked: f64 = self.weights.iter().zip(features).map(|(w, f)| w * f).sum();
        self.scale * liked + self.bias
    }

    /// A vote of 0 to 3.
    pub fn vote(&self, attributes: &Attributes, random: &mut impl Rng) -> f64 {
        let noise: f64 = StandardNormal.sample(random);
        let utility = self.utility(&features(attributes)) + self.noise * noise;
        THRESHOLDS.iter().filter(|&&threshold| utility > threshold).count() as f64
    }

    /// The mean of the voter's votes on a portrait, in closed form.
    pub fn expected_vote(&self, attributes: &Attributes) -> f64 {
        let utility = self.utility(&features(attributes));
        THRESHOLDS
            .iter()
            .map(|threshold| normal_cdf((utility - threshold) / self.noise))
            .sum()
    }
}

/// Who sees which portrait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Serving {
    /// Votes of each portrait, of as many voters.
    pub votes: usize,
    /// How much more often lenient voters see portraits with a bright background; 0: not at all.
    pub confounding: f64,
}

/// All voters of a trait.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// The voters.
    pub voters: Vec<Voter>,
}

impl Population {
    /// Draws voters: 3 clusters of preferences (50, 30, 20 %), each voter with leniency, scale, noise and activity.
    ///
    /// `group` numbers populations that are alike, such as those who vote on women and on men.
    pub fn draw(of: Trait, group: u64, voters: usize, streams: &Streams) -> Self {
        let common = trait_weights(of);
        let mut random = streams.at("clusters", group, 0);
        let clusters: [[f64; FEATURES]; 3] =
            std::array::from_fn(|_| std::array::from_fn(|_| CLUSTER_DEVIATION * normal(&mut random)));
        let draw = |index: usize| {
            let random = &mut streams.at("voters", group, index as u64);
            let place: f64 = random.random();
            let cluster = CLUSTERS.iter().filter(|&&end| place >= end).count();
            Voter {
                weights: std::array::from_fn(|feature| {
                    common[feature] + clusters[cluster][feature] + OWN_DEVIATION * normal(random)
                }),
                bias: BIAS_DEVIATION * normal(random),
                scale: (SCALE_DEVIATION * normal(random)).exp(),
                noise: NOISE[0] * (NOISE[1] * normal(random)).exp(),
                // Pareto's distribution from 0 on.
                activity: (1.0 - random.random::<f64>()).powf(-1.0 / ACTIVITY[0]) - 1.0 + ACTIVITY[1],
                cluster,
            }
        };
        Self {
            voters: (0..voters).map(draw).collect(),
        }
    }

    /// What all voters together say of a portrait: the mean of their expected votes, divided by 3, in `[0, 1]`.
    pub fn truth(&self, attributes: &Attributes) -> f64 {
        let sum: f64 = self.voters.iter().map(|voter| voter.expected_vote(attributes)).sum();
        sum / (3.0 * self.voters.len() as f64)
    }

    /// The different voters that see a portrait: drawn by activity and, where that is asked for, by leniency times background.
    pub fn served(&self, attributes: &Attributes, serving: Serving, random: &mut impl Rng) -> Vec<usize> {
        let key = |voter: &Voter| {
            let pull = serving.confounding * voter.bias * attributes.background;
            voter.activity.ln() + pull
        };
        // The largest of logarithms of weights with Gumbel noise are a draw without replacement.
        let mut keys: Vec<(f64, usize)> = self
            .voters
            .iter()
            .enumerate()
            .map(|(index, voter)| {
                let uniform = random.random::<f64>().max(f64::MIN_POSITIVE);
                (key(voter) - (-uniform.ln()).ln(), index)
            })
            .collect();
        keys.sort_by(|one, other| other.0.total_cmp(&one.0));
        keys.iter().take(serving.votes).map(|&(_, voter)| voter).collect()
    }
}

fn normal(random: &mut impl Rng) -> f64 {
    StandardNormal.sample(random)
}
