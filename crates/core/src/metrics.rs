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

/// The middle value, or the mean of the two in the middle.
///
/// # Panics
///
/// Without values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The [`median`] of the last `count` values, or of all if there are fewer.
///
/// # Panics
///
/// Without values, or if none are asked for.
pub fn median_of_last(values: &[f64], count: usize) -> f64 {
    median(&values[values.len().saturating_sub(count)..])
}

/// The arithmetic mean; NaN of no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation of values that are all there is: the root of the mean squared deviation. NaN of no values.
pub fn population_deviation(values: &[f64]) -> f64 {
    (squared_deviations(values) / values.len() as f64).sqrt()
}

/// Standard deviation estimated from a sample: with one less than there are values as the divisor. NaN of fewer than
/// two.
pub fn sample_deviation(values: &[f64]) -> f64 {
    (squared_deviations(values) / (values.len() as f64 - 1.0)).sqrt()
}

fn squared_deviations(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_between_the_two() {
        assert_eq!(median(&[4.0]), 4.0);
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), 3.0);
    }

    #[test]
    fn only_the_last_values_count() {
        let values = [100.0, 3.0, 1.0, 2.0];
        assert_eq!(median_of_last(&values, 3), 2.0);
        assert_eq!(median_of_last(&values, 1), 2.0);
        assert_eq!(median_of_last(&values, 20), 2.5);
    }

    #[test]
    fn deviations_divide_by_all_or_by_one_less() {
        // Mean 5; squared deviations 9 1 1 1 0 0 4 16 sum to 32.
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!((mean(&values), population_deviation(&values)), (5.0, 2.0));
        assert!((sample_deviation(&values) - (32.0_f64 / 7.0).sqrt()).abs() < 1e-15);
        assert_eq!(population_deviation(&[3.0]), 0.0);
        assert!(sample_deviation(&[3.0]).is_nan());
    }

    #[test]
    fn one_wrong_of_four_is_a_quarter() {
        assert_eq!(error_rate(&[1, 2, 3, 4], &[1, 2, 3, 0]), 0.25);
    }
}
