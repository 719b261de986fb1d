/// The 97.5 % quantile of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// 97.5 % quantiles of Student's distribution for 1, 2, .. degrees of freedom; the normal one beyond.
const STUDENT: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/// The 95 % interval of a probability by so many successes of so many trials (Wilson 1927): within [0, 1] and of sensible width for
/// few trials and extreme rates. Undefined without trials.
pub fn wilson_interval(successes: u64, trials: u64) -> Option<[f64; 2]> {
    if trials == 0 {
        return None;
    }
    let (count, share) = (trials as f64, successes as f64 / trials as f64);
    let square = Z95 * Z95;
    let middle = share + square / (2.0 * count);
    let half = Z95 * (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
    let scale = 1.0 + square / count;
    Some([((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)])
}

/// Half the width of the 95 % interval of a mean, by the sample deviation of so many values: Student's. Undefined for fewer than two.
pub fn student_interval(deviation: f64, count: usize) -> Option<f64> {
    let freedom = count.checked_sub(1).filter(|freedom| *freedom > 0)?;
    let quantile = STUDENT.get(freedom - 1).copied().unwrap_or(Z95);
    Some(quantile * deviation / (count as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_known_examples() {
        // Of 10 of 20: [0.2993, 0.7007]; of 0 of 10: [0, 0.2775].
        let [low, high] = wilson_interval(10, 20).unwrap();
        assert!(
            (low - 0.2993).abs() < 1e-4 && (high - 0.7007).abs() < 1e-4,
            "{low} {high}"
        );
        let [low, high] = wilson_interval(0, 10).unwrap();
        assert!(low == 0.0 && (high - 0.2775).abs() < 1e-4, "{high}");
        assert_eq!(wilson_interval(0, 0), None);
    }

    #[test]
    fn a_mean_of_five_values() {
        assert!((student_interval(1.0, 5).unwrap() - 2.776 / 5f64.sqrt()).abs() < 1e-12);
        assert_eq!(student_interval(1.0, 1), None);
        assert_eq!(student_interval(1.0, 0), None);
    }
}
