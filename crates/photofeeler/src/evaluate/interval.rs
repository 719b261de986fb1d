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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_tables() {
        // r = 0.5, n = 28: 0.5493 ± 0.3920 becomes 0.156 to 0.736.
        let [low, high] = pearson_interval(0.5, 28).unwrap();
        assert!((low - 0.156).abs() < 1e-3 && (high - 0.736).abs() < 1e-3, "{low} {high}");
        assert_eq!(pearson_interval(0.5, 3), None);
        assert_eq!(pearson_interval(1.0, 30), None);
    }
}
