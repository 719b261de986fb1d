/// The least threshold at which at most this share of scores is at or above it; halfway to the next lower score that would not do.
///
/// Of `n` scores `⌊rate · n⌋` count as faces, fewer where scores are equal. Without scores it is undefined.
pub fn threshold_at_false_positive_rate(scores_of_others: &[f64], rate: f64) -> Option<f64> {
    let mut scores = scores_of_others.to_vec();
    scores.sort_unstable_by(|one, other| other.total_cmp(one));
    // Rounding must not lose one of 5 % of 800.
    let allowed = (rate * scores.len() as f64 + 1e-9).floor() as usize;
    let Some(&refused) = scores.get(allowed) else {
        return scores.last().copied();
    };
    Some(match scores[..allowed].iter().rev().find(|&&score| score > refused) {
        Some(accepted) => 0.5 * (accepted + refused),
        None => refused.next_up(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share_above(scores: &[f64], threshold: f64) -> f64 {
        scores.iter().filter(|&&score| score >= threshold).count() as f64 / scores.len() as f64
    }

    #[test]
    fn the_wanted_share_is_taken_and_no_more() {
        let scores: Vec<f64> = (0..800).map(f64::from).collect();
        let threshold = threshold_at_false_positive_rate(&scores, 0.05).unwrap();
        assert_eq!(threshold, 759.5);
        assert_eq!(share_above(&scores, threshold), 0.05);
    }

    #[test]
    fn equal_scores_are_taken_together_or_not_at_all() {
        let scores = [3.0, 2.0, 2.0, 2.0, 1.0];
        let threshold = threshold_at_false_positive_rate(&scores, 0.4).unwrap();
        assert_eq!(share_above(&scores, threshold), 0.2);
        let threshold = threshold_at_false_positive_rate(&[1.0; 4], 0.5).unwrap();
        assert_eq!(share_above(&[1.0; 4], threshold), 0.0);
        assert_eq!(threshold_at_false_positive_rate(&[], 0.05), None);
    }
}
