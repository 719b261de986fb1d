//! Ten bins of votes in `[0, 1]`.

/// Bins of a distribution of votes, outputs of a network.
pub const BINS: usize = 10;

/// Sums such as `0.8 - 0.1` lie one rounding below a tenth.
const ROUNDING: f64 = 1e-9;

/// The bin of a vote in `[0, 1]`: that of the nearest center, exact tenths go up, 1 belongs to the last.
///
/// The paper rounds to the nearest tenth, which makes eleven values for ten outputs.
pub fn bin(vote: f64) -> usize {
    ((BINS as f64 * vote + ROUNDING).floor().max(0.0) as usize).min(BINS - 1)
}

/// Middle of a bin: 0.05, 0.15, .., 0.95.
pub fn center(bin: usize) -> f64 {
    0.05 + 0.1 * bin as f64
}

/// 1 at the bin of a vote, 0 elsewhere.
pub fn one_hot(vote: f64) -> [f64; BINS] {
    let mut shares = [0.0; BINS];
    shares[bin(vote)] = 1.0;
    shares
}

/// The mean of a distribution over the bins, in `[0.05, 0.95]`.
///
/// # Panics
///
/// If there are not as many shares as bins.
pub fn expected_score(shares: &[f64]) -> f64 {
    assert_eq!(shares.len(), BINS, "one share for each bin");
    shares.iter().enumerate().map(|(bin, share)| share * center(bin)).sum()
}

/// Shares of votes in each bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Histogram {
    /// They sum to 1.
    pub shares: [f64; BINS],
    /// Whether weights that sum to 0 were left aside.
    pub fell_back: bool,
}

/// Shares of votes, each with its weight; none without votes.
///
/// Weights that sum to 0 say nothing: all votes count alike then.
///
/// # Panics
///
/// If there are weights, and not one for each vote.
pub fn histogram(votes: &[f64], weights: Option<&[f64]>) -> Option<Histogram> {
    if votes.is_empty() {
        return None;
    }
    let total: f64 = weights.map_or(votes.len() as f64, |weights| {
        assert_eq!(weights.len(), votes.len(), "one weight for each vote");
        weights.iter().sum()
    });
    if total <= 0.0 {
        let plain = histogram(votes, None)?;
        return Some(Histogram {
            fell_back: true,
            ..plain
        });
    }
    let mut shares = [0.0; BINS];
    for (index, &vote) in votes.iter().enumerate() {
        shares[bin(vote)] += weights.map_or(1.0, |weights| weights[index]) / total;
    }
    Some(Histogram {
        shares,
        fell_back: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_sum_to_nothing_are_left_aside_and_told() {
        let votes = [0.0, 0.5, 1.0, 1.0];
        let plain = histogram(&votes, None).unwrap();
        let none = histogram(&votes, Some(&[0.0; 4])).unwrap();
        assert_eq!(none.shares, plain.shares);
        assert!(none.fell_back && !plain.fell_back);
    }

    #[test]
    fn scores_lie_between_the_outer_centers() {
        assert!((expected_score(&one_hot(0.0)) - 0.05).abs() < 1e-15);
        assert!((expected_score(&one_hot(1.0)) - 0.95).abs() < 1e-15);
    }
}
