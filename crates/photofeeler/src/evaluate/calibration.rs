//! Whether predicted distributions come true.

use crate::votes::BINS;

/// Groups of like probabilities.
const GROUPS: usize = 10;

/// Predictions of like probability, and how often they came true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share that came true.
    pub observed: f64,
    /// Number of predictions.
    pub count: usize,
}

/// Predictions "the vote is in this bin or a higher one", for each vote and each bin but the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Groups of a tenth of the probabilities each, those without predictions left out.
    pub groups: Vec<Reliability>,
    /// Mean over predictions of the difference of both in their group.
    pub error: f64,
    /// Mean over votes of `-log q(bin)`, in nats.
    pub cross_entropy: f64,
}

impl Calibration {
    /// Of votes: the predicted distribution of each and the bin that it was in. None without votes.
    pub fn of(votes: impl Iterator<Item = (Vec<f64>, usize)>) -> Option<Self> {
        let mut sums = [(0.0, 0.0, 0_usize); GROUPS];
        let (mut nats, mut count) = (0.0, 0_usize);
        for (shares, bin) in votes {
            nats -= shares[bin].max(1e-12).ln();
            count += 1;
            let mut above = 1.0;
            for threshold in 1..BINS {
                above -= shares[threshold - 1];
                let group = ((above * GROUPS as f64).max(0.0) as usize).min(GROUPS - 1);
                sums[group].0 += above.clamp(0.0, 1.0);
                sums[group].1 += f64::from(u8::from(bin >= threshold));
                sums[group].2 += 1;
            }
        }
        if count == 0 {
            return None;
        }
        let groups: Vec<Reliability> = sums
            .iter()
            .filter(|(_, _, count)| *count > 0)
            .map(|&(predicted, observed, count)| Reliability {
                predicted: predicted / count as f64,
                observed: observed / count as f64,
                count,
            })
            .collect();
        let all: usize = groups.iter().map(|group| group.count).sum();
        let error = groups
            .iter()
            .map(|group| (group.predicted - group.observed).abs() * group.count as f64)
            .sum::<f64>();
        Some(Self {
            groups,
            error: error / all as f64,
            cross_entropy: nats / count as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_distributions_are_calibrated_and_sure_ones_are_not() {
        // Votes in bins 2 and 7, half of them each.
        let votes = || (0..100).map(|vote| if vote % 2 == 0 { 2 } else { 7 });
        let mut fair = vec![0.0; BINS];
        (fair[2], fair[7]) = (0.5, 0.5);
        let right = Calibration::of(votes().map(|bin| (fair.clone(), bin))).unwrap();
        assert!(right.error < 1e-12 && (right.cross_entropy - 2.0_f64.ln()).abs() < 1e-12);
        let mut sure = vec![0.0; BINS];
        sure[7] = 1.0;
        let wrong = Calibration::of(votes().map(|bin| (sure.clone(), bin))).unwrap();
        // Bins 3 to 7 are sure and come true half of the time, others are right.
        assert!((wrong.error - 0.5 * 5.0 / 9.0).abs() < 1e-12);
        assert_eq!(Calibration::of(std::iter::empty()), None);
    }
}
