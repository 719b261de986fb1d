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
    population_variance(values).sqrt()
}

/// Variance of values that are all there is: the mean squared deviation. NaN of no values.
pub fn population_variance(values: &[f64]) -> f64 {
    squared_deviations(values) / values.len() as f64
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

/// Pearson's correlation of pairs of numbers, in `[-1, 1]`: how close they are to a rising or falling line.
///
/// None where it is undefined: fewer than two pairs, numbers that are all the same on one side, or are not finite.
///
/// # Panics
///
/// If the lengths differ.
pub fn pearson_correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    assert_eq!(one.len(), other.len(), "one number for each number");
    let (one, other) = (scaled_deviations(one)?, scaled_deviations(other)?);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let correlation = dot(&one, &other) / (dot(&one, &one) * dot(&other, &other)).sqrt();
    Some(correlation.clamp(-1.0, 1.0))
}

/// Spearman's rank correlation of pairs of numbers, in `[-1, 1]`: how close their order is to the same or the opposite.
/// Equal numbers share the mean of their ranks.
///
/// None where [`pearson_correlation`] is.
///
/// # Panics
///
/// If the lengths differ.
pub fn spearman_correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    assert_eq!(one.len(), other.len(), "one number for each number");
    let is_finite = one.iter().chain(other).all(|value| value.is_finite());
    is_finite.then(|| pearson_correlation(&ranks(one), &ranks(other)))?
}

/// Deviations from the mean, the largest of which becomes 1, so that no square of them overflows or vanishes; none of
/// equal numbers, whose computed mean may be off by a rounding.
fn scaled_deviations(values: &[f64]) -> Option<Vec<f64>> {
    let first = *values.first()?;
    if values.iter().all(|&value| value == first) {
        return None;
    }
    // Halved, since a difference of two finite numbers may not be.
    let halves: Vec<f64> = values.iter().map(|value| value / 2.0 - first / 2.0).collect();
    let largest = largest_magnitude(&halves)?;
    let scaled: Vec<f64> = halves.iter().map(|value| value / largest).collect();
    let mean = mean(&scaled);
    let deviations: Vec<f64> = scaled.iter().map(|value| value - mean).collect();
    let largest = largest_magnitude(&deviations)?;
    Some(deviations.iter().map(|value| value / largest).collect())
}

/// None where it is 0 or a number is not finite.
fn largest_magnitude(values: &[f64]) -> Option<f64> {
    let is_finite = values.iter().all(|value| value.is_finite());
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    (is_finite && largest > 0.0).then_some(largest)
}

/// Ranks from 0; equal numbers share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (group.len() as f64 - 1.0) / 2.0;
        group.iter().for_each(|&index| ranks[index] = rank);
        first += group.len();
    }
    ranks
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

    #[test]
    fn correlation_is_that_of_a_hand_worked_example() {
        // Deviations -2 -1 0 1 2 and -1 -2 1 -1 3: products sum to 9, squares to 10 and 16.
        let (one, other) = ([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 0.0, 3.0, 1.0, 5.0]);
        let pearson = pearson_correlation(&one, &other).expect("defined");
        assert!((pearson - 9.0 / 160.0_f64.sqrt()).abs() < 1e-15, "{pearson}");
        // Ranks 1.5 0 3 1.5 4 of the second: deviations -0.5 -2 1 -0.5 2, products sum to 6.5, squares to 9.5.
        let spearman = spearman_correlation(&one, &other).expect("defined");
        assert!((spearman - 6.5 / 95.0_f64.sqrt()).abs() < 1e-15, "{spearman}");
    }

    #[test]
    fn a_line_has_correlation_one_or_minus_one_at_any_scale() {
        for scale in [1e-300, 1.0, 1e300] {
            let one: Vec<f64> = [1.0, -0.3, 0.5, 0.2].iter().map(|value| value * scale).collect();
            let falling: Vec<f64> = one.iter().map(|value| -3.0 * (value / scale) + 7.0).collect();
            for correlation in [pearson_correlation, spearman_correlation] {
                let [same, opposite] = [&one, &falling].map(|other| correlation(&one, other).expect("defined"));
                assert!(
                    (same - 1.0).abs() < 1e-12 && (opposite + 1.0).abs() < 1e-12,
                    "{scale}: {same} {opposite}"
                );
            }
        }
    }

    #[test]
    fn a_bent_line_keeps_its_rank_correlation() {
        let one = [-1.0, 0.0, 1.0, 2.0, 3.0];
        let bent = one.map(|value: f64| (4.0 * value).exp());
        assert_eq!(spearman_correlation(&one, &bent), Some(1.0));
        assert!(pearson_correlation(&one, &bent).expect("defined") < 0.8);
    }

    #[test]
    fn correlation_with_a_constant_is_undefined() {
        let varied = [1.0, 2.0, 4.0];
        // The mean of three times 0.1 is not 0.1.
        for constant in [[0.1; 3], [0.0; 3], [f64::NAN, 1.0, 2.0], [f64::INFINITY, 1.0, 2.0]] {
            for correlation in [pearson_correlation, spearman_correlation] {
                assert_eq!(correlation(&varied, &constant), None, "{constant:?}");
                assert_eq!(correlation(&constant, &varied), None, "{constant:?}");
            }
        }
        assert_eq!(pearson_correlation(&[], &[]), None);
        assert_eq!(spearman_correlation(&[1.0], &[2.0]), None);
    }
}
