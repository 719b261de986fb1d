//! Which pairs of clips are worth asking about (section 2.2.4).
//!
//! Many pairs are drawn at random, and those are asked about on which the members of the ensemble disagree most. The paper
//! names the expected value of the information of a query as future work; it is not here either.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
};

use papers_core::base::config::{Checks, ConfigError};
use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{
    clip::Clip,
    preference,
    reward_model::{Moments, RewardError, RewardPredictor},
    reward_network::RewardNetwork,
};

/// Draws per wanted candidate after which all pairs are looked at instead.
const PATIENCE: usize = 20;

/// How pairs are chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryConfig {
    /// By what.
    pub selection: Selection,
    /// Pairs that are drawn for each one that is asked about (section 2.2.4: 10 times as many).
    pub factor: usize,
    /// Latest clips that pairs are drawn from.
    pub pool: usize,
}

/// By what pairs are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// The variance over the ensemble of the probability that the first clip is preferred.
    #[default]
    Variance,
    /// Nothing: the paper's ablation `random queries`.
    Uniform,
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            factor: 10,
            pool: 2000,
        }
    }
}

impl QueryConfig {
    /// Refuses a pool of less than a pair, and a factor of zero.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming a key below `queries`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("queries");
        checks.require(
            (1..=1000).contains(&self.factor),
            "factor",
            format_args!("must be between 1 and 1000, not {}", self.factor),
        )?;
        checks.require(
            self.pool >= 2,
            "pool",
            format_args!("must be at least 2, not {}: a pair has two clips", self.pool),
        )
    }
}

/// A clip that can be asked about, and what its owner knows of it besides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate<T> {
    /// Its number in the pool, from 0; never given twice.
    pub number: u64,
    /// The clip.
    #[serde(with = "shared")]
    pub clip: Arc<Clip>,
    /// What no reward model is shown, such as the true return.
    pub record: T,
}

/// The latest clips, and which pairs of them were asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClipPool<T> {
    candidates: VecDeque<Candidate<T>>,
    capacity: usize,
    next: u64,
    /// Smaller number first; in order, so that equal pools are equal bytes.
    asked: BTreeSet<(u64, u64)>,
}

impl<T> ClipPool<T> {
    /// An empty pool of at most `capacity` clips.
    pub fn new(capacity: usize) -> Self {
        Self {
            candidates: VecDeque::new(),
            capacity,
            next: 0,
            asked: BTreeSet::new(),
        }
    }

    /// Clips in the pool, oldest first.
    pub fn candidates(&self) -> impl ExactSizeIterator<Item = &Candidate<T>> {
        self.candidates.iter()
    }

    /// Clips that were ever added.
    pub fn received(&self) -> u64 {
        self.next
    }

    /// Number of clips in the pool.
    pub fn len(&self) -> usize {
        self.candidates.len()
    }

    /// Clips that it holds at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether there is no clip.
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// Adds a clip; the oldest one leaves a full pool.
    pub fn push(&mut self, clip: Arc<Clip>, record: T) {
        self.candidates.push_back(Candidate {
            number: self.next,
            clip,
            record,
        });
        self.next += 1;
        if self.candidates.len() > self.capacity {
            self.candidates.pop_front();
            let oldest = self.candidates.front().map_or(self.next, |candidate| candidate.number);
            // The smaller number of a pair stands first.
            self.asked = self.asked.split_off(&(oldest, 0));
        }
    }

    /// Chooses up to `count` pairs, none that was chosen before, and no clips that show the same steps. Fewer come back
    /// where the pool has no more.
    ///
    /// The predictor is not asked where the selection is uniform. Returned with each pair: the variance of the
    /// ensemble's probabilities, if it was asked.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn choose<N: RewardNetwork>(
        &mut self,
        count: usize,
        config: &QueryConfig,
        predictor: Option<&RewardPredictor<N>>,
        generator: &mut ChaCha8Rng,
    ) -> Result<Vec<Query<T>>, RewardError>
    where
        T: Clone,
    {
        let predictor = predictor.filter(|_| config.selection == Selection::Variance);
        let factor = if predictor.is_some() { config.factor } else { 1 };
        let pairs = self.draw(count * factor, generator);
        let chosen: Vec<((usize, usize), Option<f64>)> = match predictor {
            Some(predictor) => {
                let variances = self.variances(&pairs, predictor)?;
                let best = ranking(&variances).into_iter().take(count);
                best.map(|index| (pairs[index], Some(variances[index]))).collect()
            }
            None => pairs.into_iter().map(|pair| (pair, None)).collect(),
        };
        let mut query = |((first, second), variance)| {
            let (first, second) = (&self.candidates[first], &self.candidates[second]);
            self.asked.insert(ordered(first.number, second.number));
            Query {
                first: first.clone(),
                second: second.clone(),
                variance,
            }
        };
        Ok(chosen.into_iter().map(&mut query).collect())
    }

    /// Draws different pairs that may be asked about.
    fn draw(&self, wanted: usize, generator: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
        let clips = self.candidates.len();
        let mut pairs = Vec::with_capacity(wanted);
        let mut drawn = HashSet::new();
        for _ in 0..wanted * PATIENCE {
            if pairs.len() == wanted || clips < 2 {
                return pairs;
            }
            let first = generator.random_range(0..clips);
            let second = generator.random_range(0..clips);
            if self.may_ask(first, second) && drawn.insert(ordered(first, second)) {
                pairs.push((first, second));
            }
        }
        pairs.extend(self.rest(&drawn, wanted - pairs.len(), generator));
        pairs
    }

    /// Draws from the pairs that were not drawn yet, where there are hardly any.
    fn rest(&self, drawn: &HashSet<(usize, usize)>, wanted: usize, generator: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
        let clips = self.candidates.len();
        let all = (0..clips).flat_map(|first| (first + 1..clips).map(move |second| (first, second)));
        let mut rest: Vec<(usize, usize)> = all
            .filter(|&(first, second)| !drawn.contains(&(first, second)) && self.may_ask(first, second))
            .collect();
        rest.shuffle(generator);
        rest.truncate(wanted);
        // Which of the two stands first is as random as which pair it is.
        let turned = |(first, second)| {
            if generator.random() {
                (first, second)
            } else {
                (second, first)
            }
        };
        rest.into_iter().map(turned).collect()
    }

    fn may_ask(&self, first: usize, second: usize) -> bool {
        let (one, other) = (&self.candidates[first], &self.candidates[second]);
        first != second
            && !self.asked.contains(&ordered(one.number, other.number))
            && one.clip.steps() == other.clip.steps()
            && !one.clip.overlaps(&other.clip)
    }

    /// Variance of each pair; each clip goes through the ensemble once.
    fn variances<N: RewardNetwork>(
        &self,
        pairs: &[(usize, usize)],
        predictor: &RewardPredictor<N>,
    ) -> Result<Vec<f64>, RewardError> {
        let mut indices: Vec<usize> = pairs.iter().flat_map(|(first, second)| [*first, *second]).collect();
        indices.sort_unstable();
        indices.dedup();
        let clips: Vec<&Clip> = indices
            .iter()
            .map(|&index| self.candidates[index].clip.as_ref())
            .collect();
        let returns = predictor.clip_returns(&clips)?;
        let place = |index: usize| indices.binary_search(&index).expect("every clip of a pair is listed");
        let of_pairs = |choose: fn(&(usize, usize)) -> usize| -> Vec<Vec<f64>> {
            let of_member = |returns: &Vec<f64>| pairs.iter().map(|pair| returns[place(choose(pair))]).collect();
            returns.iter().map(of_member).collect()
        };
        Ok(variances(&of_pairs(|pair| pair.0), &of_pairs(|pair| pair.1)))
    }
}

/// A pair to ask about.
#[derive(Debug, Clone, PartialEq)]
pub struct Query<T> {
    /// The first clip.
    pub first: Candidate<T>,
    /// The second clip.
    pub second: Candidate<T>,
    /// Variance over the ensemble of the probability that the first is preferred; none where nobody asked the ensemble.
    pub variance: Option<f64>,
}

/// Population variance over members of the probability that the first clip of each pair is preferred.
///
/// # Shapes
///
/// - `first`, `second`: `[members][pairs]`, predicted returns
/// - output: `[pairs]`
pub fn variances(first: &[Vec<f64>], second: &[Vec<f64>]) -> Vec<f64> {
    let pairs = first.first().map_or(0, Vec::len);
    let of_pair = |pair: usize| {
        let members = first.iter().zip(second);
        Moments::of(members.map(|(first, second)| preference::probability(first[pair] - second[pair]))).variance()
    };
    (0..pairs).map(of_pair).collect()
}

/// Pairs by falling variance; of equal ones the lower number first.
pub fn ranking(variances: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variances.len()).collect();
    order.sort_by(|&one, &other| variances[other].total_cmp(&variances[one]));
    order
}

fn ordered<I: Ord>(one: I, other: I) -> (I, I) {
    if one < other { (one, other) } else { (other, one) }
}

/// A shared clip is written as the clip.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::clip::Clip;

    pub(super) fn serialize<S: Serializer>(clip: &Arc<Clip>, serializer: S) -> Result<S::Ok, S::Error> {
        clip.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Clip>, D::Error> {
        Clip::deserialize(deserializer).map(Arc::new)
    }
}
