//! Numbers of tables, from host data: plain functions, checked by hand.

/// Share of predictions that differ from the truth, in `[0, 1]`.
///
/// # Panics
///
/// If the lengths differ or are zero.
pub fn error_rate(predicted: &[usize], truth: &[usize]) -> f64 {
    assert_eq!(predicted.len(), truth.len(), "one prediction for each truth");
    assert!(!truth.is_empty(), "an error rate needs at least one sample");
    let wrong = predicted.iter().zip(truth).filter(|(a, b)| a != b).count();
    wrong as f64 / truth.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_of_four_is_a_quarter() {
        assert_eq!(error_rate(&[1, 2, 3, 4], &[1, 2, 3, 0]), 0.25);
    }
}
