use papers_core::base::metrics::mean;

/// Normal quantile of a two-sided 95 % interval.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a correlation over so many pairs, by Fisher's transformation; none of fewer than four.
pub fn pearson_interval(correlation: f64, pairs: usize) -> Option<[f64; 2]> {
    if pairs < 4 || correlation.abs() >= 1.0 {
        return None;
    }
    let half = QUANTILE / (pairs as f64 - 3.0).sqrt();
    Some([-half, half].map(|shift| (correlation.atanh() + shift).tanh()))
}

/// Root of the mean squared difference.
///
/// # Panics
///
/// If the lengths differ.
pub fn root_mean_squared_error(one: &[f64], other: &[f64]) -> f64 {
    mean_of(one, other, |difference| difference * difference).sqrt()
}

/// Mean of absolute differences.
///
/// # Panics
///
/// If the lengths differ.
pub fn mean_absolute_error(one: &[f64], other: &[f64]) -> f64 {
    mean_of(one, other, f64::abs)
}

fn mean_of(one: &[f64], other: &[f64], of: fn(f64) -> f64) -> f64 {
    assert_eq!(one.len(), other.len(), "one number for each number");
    let differences: Vec<f64> = one.iter().zip(other).map(|(one, other)| of(one - other)).collect();
    mean(&differences)
}

/// A line from scores to what they stand for: normalized votes have a scale of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// What a score of 0 stands for.
    pub offset: f64,
    /// By how much more a score of 1 does.
    pub slope: f64,
}

impl Line {
    /// The line nearest to the reference of some photos; flat for constant scores. None without photos.
    pub fn fit(scores: &[f64], reference: &[f64]) -> Option<Self> {
        if scores.is_empty() {
            return None;
        }
        let (score, target) = (mean(scores), mean(reference));
        let products: f64 = scores
            .iter()
            .zip(reference)
            .map(|(s, r)| (s - score) * (r - target))
            .sum();
        let squares: f64 = scores.iter().map(|s| (s - score).powi(2)).sum();
        let slope = if squares > 0.0 { products / squares } else { 0.0 };
        Some(Self {
            offset: target - slope * score,
            slope,
        })
    }

    /// Scores on the line.
    pub fn apply(self, scores: &[f64]) -> Vec<f64> {
        scores.iter().map(|score| self.offset + self.slope * score).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_tables() {
        // r = 0.5, n = 28: 0.5493 ± 0.3920 becomes 0.156 to 0.736.
        let [low, high] = pearson_interval(0.5, 28).unwrap();
        assert!(
            (low - 0.156).abs() < 1e-3 && (high - 0.736).abs() < 1e-3,
            "{low} {high}"
        );
        assert_eq!(pearson_interval(0.5, 3), None);
        assert_eq!(pearson_interval(1.0, 30), None);
    }

    #[test]
    fn lines_are_those_of_least_squares() {
        // Halves of what they stand for, and 3 more.
        let line = Line::fit(&[0.0, 1.0, 2.0], &[3.0, 5.0, 7.0]).unwrap();
        assert_eq!(line.apply(&[4.0]), [11.0]);
        let flat = Line::fit(&[0.5, 0.5], &[1.0, 3.0]).unwrap();
        assert_eq!((flat.slope, flat.offset), (0.0, 2.0));
        assert_eq!(Line::fit(&[], &[]), None);
    }
}
