//! The scale of rewards on their way to reinforcement learning.

use human_preferences::reward_model::{Moments, NormalizationConfig, RewardNormalizer};

use crate::synthetic::{generator, normal};

/// The `1e-8` that is added to deviations.
const TOLERANCE: f64 = 1e-6;

fn batch(scale: f64, offset: f64, index: u64) -> Vec<f64> {
    let values = normal(500, &mut generator(index));
    values.iter().map(|value| scale * f64::from(*value) + offset).collect()
}

fn moments(values: &[f64]) -> Moments {
    Moments::of(values.iter().copied())
}

#[test]
fn the_first_batch_gets_mean_zero_and_the_deviation_of_the_configuration() {
    for deviation in [1.0, 0.05] {
        let config = NormalizationConfig {
            deviation,
            ..NormalizationConfig::default()
        };
        let mut normalizer = RewardNormalizer::new(1, &config);
        let rewards = moments(&normalizer.normalized(&[batch(40.0, 7.0, 0)]));
        assert!(rewards.mean.abs() < TOLERANCE);
        assert!((rewards.deviation() - deviation).abs() < TOLERANCE);
    }
}

#[test]
fn members_of_any_scale_weigh_the_same() {
    let mut normalizer = RewardNormalizer::new(2, &NormalizationConfig::default());
    let large = normalizer.normalized(&[batch(1e6, -3e6, 0), batch(1e-3, 5.0, 1)]);
    let mut normalizer = RewardNormalizer::new(2, &NormalizationConfig::default());
    let same = normalizer.normalized(&[batch(1.0, 0.0, 0), batch(1.0, 0.0, 1)]);
    for (large, same) in large.iter().zip(&same) {
        // 1e-8 is a hundred-thousandth of the second member's deviation.
        assert!((large - same).abs() < 1e-4, "{large} {same}");
    }
}

#[test]
fn batches_beyond_the_window_are_forgotten() {
    let config = NormalizationConfig {
        batches: 3,
        ..NormalizationConfig::default()
    };
    let rewards = |earlier: &[Vec<f64>]| {
        let mut normalizer = RewardNormalizer::new(1, &config);
        for batch in earlier {
            normalizer.normalized(std::slice::from_ref(batch));
        }
        normalizer.normalized(&[batch(1.0, 0.0, 9)])
    };
    let outlier = batch(1e3, 1e4, 0);
    let recent = [batch(2.0, 1.0, 1), batch(2.0, 1.0, 2)];
    let with: Vec<_> = std::iter::once(outlier.clone()).chain(recent.clone()).collect();
    assert_eq!(rewards(&with), rewards(&recent));
    // It counts as long as it is within.
    assert_ne!(rewards(&[outlier, recent[0].clone()]), rewards(&recent[..1]));
}

#[test]
fn a_constant_member_adds_nothing_and_no_nan() {
    let mut normalizer = RewardNormalizer::new(2, &NormalizationConfig::default());
    // Three times 0.1 is no multiple of it in binary.
    let rewards = normalizer.normalized(&[vec![0.1; 3], vec![1.0, 2.0, 3.0]]);
    let half = (1.5_f64).sqrt() / 2.0;
    for (reward, expected) in rewards.iter().zip([-half, 0.0, half]) {
        assert!((reward - expected).abs() < TOLERANCE, "{rewards:?}");
    }
    let mut normalizer = RewardNormalizer::new(2, &NormalizationConfig::default());
    assert_eq!(normalizer.normalized(&[vec![0.1; 3], vec![2.0; 3]]), [0.0; 3]);
}

#[test]
fn no_step_has_no_reward() {
    let mut normalizer = RewardNormalizer::new(2, &NormalizationConfig::default());
    assert!(normalizer.normalized(&[vec![], vec![]]).is_empty());
    let rewards = normalizer.normalized(&[vec![1.0, 3.0], vec![1.0, 3.0]]);
    assert!((rewards[1] - 1.0).abs() < TOLERANCE);
}
