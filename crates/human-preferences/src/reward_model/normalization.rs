use std::collections::VecDeque;

use papers_core::base::config::ConfigError;
use serde::{Deserialize, Serialize};

use super::NormalizationConfig;

/// Added to a deviation before it divides, so that constant predictions become 0.
const SMALLEST_DEVIATION: f64 = 1e-8;

/// Number, mean and squared deviations of some values (Welford; joined as by Chan, Golub and LeVeque 1983).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moments {
    /// How many values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Sum of the squares of their deviations from the mean.
    pub squares: f64,
}

impl Moments {
    /// Of some values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut moments = Self::default();
        for value in values {
            moments.count += 1;
            let off = value - moments.mean;
            moments.mean += off / moments.count as f64;
            moments.squares += off * (value - moments.mean);
        }
        moments
    }

    /// Of these values and others.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let (own, others) = (self.count as f64, other.count as f64);
        let off = other.mean - self.mean;
        Self {
            count: self.count + other.count,
            mean: self.mean + off * others / (own + others),
            squares: self.squares + other.squares + off * off * own * others / (own + others),
        }
    }

    /// Population variance; 0 of no value.
    pub fn variance(&self) -> f64 {
        self.squares / self.count.max(1) as f64
    }

    /// Population standard deviation.
    pub fn deviation(&self) -> f64 {
        self.variance().sqrt()
    }
}

/// Moments of the latest batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    size: Option<usize>,
    batches: VecDeque<Moments>,
}

impl Window {
    /// Of the latest `size` batches; of all without a size.
    pub fn new(size: Option<usize>) -> Self {
        Self {
            size,
            batches: VecDeque::new(),
        }
    }

    /// Adds a batch and forgets the oldest one beyond the window.
    pub fn push(&mut self, batch: Moments) {
        match self.size {
            Some(size) => {
                self.batches.push_back(batch);
                while self.batches.len() > size {
                    self.batches.pop_front();
                }
            }
            None => {
                let before = self.batches.pop_back().unwrap_or_default();
                self.batches.push_back(before.joined(batch));
            }
        }
    }

    /// Of all values in the window.
    pub fn moments(&self) -> Moments {
        self.batches
            .iter()
            .fold(Moments::default(), |sum, batch| sum.joined(*batch))
    }
}

/// Gives predicted rewards mean 0 and a fixed deviation, each member on its own, and averages the members.
///
/// Predictions have no scale of their own: comparisons fix them up to a constant, and with separable answers they grow
/// without bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardNormalizer {
    deviation: f64,
    members: Vec<Window>,
}

impl RewardNormalizer {
    /// For an ensemble of `members`.
    pub fn new(members: usize, config: &NormalizationConfig) -> Self {
        Self {
            deviation: config.deviation,
            members: vec![Window::new(Some(config.batches)); members],
        }
    }

    /// Takes one batch of predictions into the statistics, `[members][steps]`, and returns the rewards that it becomes,
    /// `[steps]`.
    ///
    /// # Panics
    ///
    /// If there are other members than at first.
    pub fn normalized(&mut self, predicted: &[Vec<f64>]) -> Vec<f64> {
        assert_eq!(predicted.len(), self.members.len(), "as many members as at first");
        for (window, values) in self.members.iter_mut().zip(predicted) {
            window.push(Moments::of(values.iter().copied()));
        }
        self.scaled(predicted)
    }

    /// Whether there are statistics: without any, scaled predictions have a scale of chance.
    pub fn has_statistics(&self) -> bool {
        self.members.iter().all(|window| window.moments().count > 0)
    }

    /// The rewards that predictions become by the statistics so far, which learn nothing from them.
    pub fn scaled(&self, predicted: &[Vec<f64>]) -> Vec<f64> {
        let mut sum = vec![0.0; predicted.first().map_or(0, Vec::len)];
        for (window, values) in self.members.iter().zip(predicted) {
            let moments = window.moments();
            let deviation = moments.deviation() + SMALLEST_DEVIATION;
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += (value - moments.mean) / deviation;
            }
        }
        let factor = self.deviation / self.members.len() as f64;
        sum.iter_mut().for_each(|value| *value *= factor);
        sum
    }

    /// Takes the statistics of a saved one that fits.
    ///
    /// # Errors
    ///
    /// One of another number of members.
    pub fn restore(&mut self, saved: Self) -> Result<(), ConfigError> {
        if saved.members.len() != self.members.len() {
            let problem = format!(
                "is {}, and the saved run has {}",
                self.members.len(),
                saved.members.len()
            );
            return Err(ConfigError::invalid("reward.members", problem));
        }
        *self = saved;
        Ok(())
    }
}
