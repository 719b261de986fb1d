//! How a detector does on each group, and how far groups are apart: the metrics of fairness toolkits, with intervals.

mod interval;
mod threshold;

use papers_core::base::metrics::{mean, population_variance};

pub use interval::{Z95, student_interval, wilson_interval};
pub use threshold::threshold_at_false_positive_rate;

/// Predictions of one group beside the truth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Faces that were found.
    pub true_positives: u64,
    /// Others that were taken for faces.
    pub false_positives: u64,
    /// Others that were not.
    pub true_negatives: u64,
    /// Faces that were not found.
    pub false_negatives: u64,
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Confusion {
    /// Counts one picture.
    pub fn add(&mut self, is_face: bool, is_found: bool) {
        match (is_face, is_found) {
            (true, true) => self.true_positives += 1,
            (true, false) => self.false_negatives += 1,
            (false, true) => self.false_positives += 1,
            (false, false) => self.true_negatives += 1,
        }
    }

    /// Faces.
    pub fn positives(&self) -> u64 {
        self.true_positives + self.false_negatives
    }

    /// Others.
    pub fn negatives(&self) -> u64 {
        self.false_positives + self.true_negatives
    }

    /// Pictures.
    pub fn count(&self) -> u64 {
        self.positives() + self.negatives()
    }

    /// Share of pictures that were judged right; undefined (`None`) without one, as all rates are without what they divide by.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.true_positives + self.true_negatives, self.count())
    }

    /// Share of faces that were found, the true positive rate. The paper calls it accuracy.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positives, self.positives())
    }

    /// Share of others that were taken for faces.
    pub fn false_positive_rate(&self) -> Option<f64> {
        ratio(self.false_positives, self.negatives())
    }

    /// Share of faces that were not found.
    pub fn false_negative_rate(&self) -> Option<f64> {
        ratio(self.false_negatives, self.positives())
    }

    /// Share of faces among what was taken for one.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Share of pictures that were taken for faces.
    pub fn selection_rate(&self) -> Option<f64> {
        ratio(self.true_positives + self.false_positives, self.count())
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            true_positives: self.true_positives + other.true_positives,
            false_positives: self.false_positives + other.false_positives,
            true_negatives: self.true_negatives + other.true_negatives,
            false_negatives: self.false_negatives + other.false_negatives,
        }
    }
}

/// Every group's predictions beside the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Fairness {
    /// Name of each group.
    pub names: Vec<String>,
    /// Its predictions.
    pub groups: Vec<Confusion>,
}

/// Greatest less least.
fn difference(values: &[f64]) -> Option<f64> {
    let (least, greatest) = extremes(values)?;
    Some(greatest - least)
}

fn extremes(values: &[f64]) -> Option<(f64, f64)> {
    let least = values.iter().copied().reduce(f64::min)?;
    Some((least, values.iter().copied().reduce(f64::max)?))
}

impl Fairness {
    /// Groups without a picture yet.
    pub fn new<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        Self {
            groups: vec![Confusion::default(); names.len()],
            names,
        }
    }

    /// Counts one picture.
    ///
    /// # Panics
    ///
    /// If there is no such group.
    pub fn add(&mut self, group: usize, is_face: bool, is_found: bool) {
        self.groups[group].add(is_face, is_found);
    }

    /// All groups together.
    pub fn overall(&self) -> Confusion {
        self.groups
            .iter()
            .fold(Confusion::default(), |sum, group| sum.plus(group))
    }

    /// A rate of each group that has one; the others are left out of extremes and means.
    pub fn defined(&self, rate: fn(&Confusion) -> Option<f64>) -> Vec<f64> {
        self.groups.iter().filter_map(rate).collect()
    }

    /// Recalls of groups in percent.
    fn recalls_percent(&self) -> Vec<f64> {
        self.defined(Confusion::recall)
            .iter()
            .map(|recall| 100.0 * recall)
            .collect()
    }

    /// Mean of the recalls of groups, in percent: the paper's `E[A]`.
    pub fn mean_recall_percent(&self) -> Option<f64> {
        let recalls = self.recalls_percent();
        (!recalls.is_empty()).then(|| mean(&recalls))
    }

    /// Population variance of the recalls of groups, of the percentages: the paper's `Var[A]`.
    pub fn recall_variance(&self) -> Option<f64> {
        let recalls = self.recalls_percent();
        (!recalls.is_empty()).then(|| population_variance(&recalls))
    }

    /// Sample variance of the same, by n − 1: the reproduction's.
    pub fn recall_sample_variance(&self) -> Option<f64> {
        let recalls = self.recalls_percent();
        let count = recalls.len() as f64;
        (recalls.len() > 1).then(|| population_variance(&recalls) * count / (count - 1.0))
    }

    /// Least rate over groups.
    pub fn worst(&self, rate: fn(&Confusion) -> Option<f64>) -> Option<f64> {
        extremes(&self.defined(rate)).map(|(least, _)| least)
    }

    /// Greatest difference of a rate between two groups.
    pub fn gap(&self, rate: fn(&Confusion) -> Option<f64>) -> Option<f64> {
        difference(&self.defined(rate))
    }

    /// Least by greatest rate; undefined where the greatest is 0.
    pub fn least_ratio(&self, rate: fn(&Confusion) -> Option<f64>) -> Option<f64> {
        let (least, greatest) = extremes(&self.defined(rate))?;
        (greatest > 0.0).then(|| least / greatest)
    }

    /// Gap of selection rates.
    pub fn demographic_parity_difference(&self) -> Option<f64> {
        self.gap(Confusion::selection_rate)
    }

    /// Ratio of selection rates.
    pub fn demographic_parity_ratio(&self) -> Option<f64> {
        self.least_ratio(Confusion::selection_rate)
    }

    /// Gap of recalls.
    pub fn equal_opportunity_difference(&self) -> Option<f64> {
        self.gap(Confusion::recall)
    }

    /// The greater of the gaps of recalls and of false positive rates.
    pub fn equalized_odds_difference(&self) -> Option<f64> {
        let gaps = [self.gap(Confusion::recall), self.gap(Confusion::false_positive_rate)];
        gaps.into_iter().flatten().reduce(f64::max)
    }

    /// Mean of the differences of false positive rate and recall between two groups, with their signs.
    ///
    /// # Panics
    ///
    /// If there is no such group.
    pub fn average_odds_difference(&self, one: usize, other: usize) -> Option<f64> {
        let (one, other) = (&self.groups[one], &self.groups[other]);
        let by_others = one.false_positive_rate()? - other.false_positive_rate()?;
        Some(0.5 * (by_others + one.recall()? - other.recall()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_pictures_is_undefined_and_left_out() {
        let mut fairness = Fairness::new(["a", "b", "nobody"]);
        fairness.add(0, true, true);
        fairness.add(1, true, false);
        fairness.add(1, true, true);
        assert_eq!(fairness.groups[2].recall(), None);
        assert_eq!(fairness.mean_recall_percent(), Some(75.0));
        assert_eq!(fairness.recall_variance(), Some(625.0));
        assert_eq!(fairness.recall_sample_variance(), Some(1250.0));
        assert_eq!(fairness.worst(Confusion::recall), Some(0.5));
        assert_eq!(fairness.gap(Confusion::false_positive_rate), None);
        assert_eq!(fairness.average_odds_difference(0, 1), None);
        let nobody = Fairness::new(["nobody"]);
        assert_eq!(
            (nobody.mean_recall_percent(), nobody.equalized_odds_difference()),
            (None, None)
        );
    }
}
