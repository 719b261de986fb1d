//! When labels become due.

use human_preferences::label_schedule::{LabelConfig, LabelRate, falling_rate, stepwise_rate};

const RATES: [LabelRate; 3] = [LabelRate::Falling, LabelRate::Stepwise, LabelRate::Offline];

fn config(total: u64, schedule: LabelRate) -> LabelConfig {
    LabelConfig {
        total,
        schedule,
        ..LabelConfig::default()
    }
}

#[test]
fn totals_are_exact_at_the_end_and_labels_never_become_fewer() {
    for rate in RATES {
        for total in [4, 7, 200, 5500] {
            for steps in [1, 999, 256_000] {
                let schedule = config(total, rate).over(steps);
                let due: Vec<u64> = (0..=100).map(|part| schedule.due(steps * part / 100)).collect();
                assert!(due.is_sorted(), "{rate:?} {total} {steps}: {due:?}");
                assert_eq!(due[0], schedule.initial(), "{rate:?} {total} {steps}");
                assert_eq!(due[100], total, "{rate:?} {total} {steps}");
                assert_eq!(schedule.due(2 * steps), total, "{rate:?} {total} {steps}");
            }
        }
    }
}

#[test]
fn a_quarter_is_asked_for_at_the_start_unless_said_otherwise() {
    assert_eq!(config(203, LabelRate::Falling).over(1000).initial(), 50);
    let paper = LabelConfig {
        initial: Some(500),
        ..config(5500, LabelRate::Stepwise)
    };
    assert_eq!(paper.over(50_000_000).initial(), 500);
    assert_eq!(config(203, LabelRate::Offline).over(1000).initial(), 203);
}

#[test]
fn labels_are_the_integral_of_the_rate() {
    for (rate, function) in [
        (LabelRate::Falling, falling_rate as fn(f64, f64) -> f64),
        (LabelRate::Stepwise, stepwise_rate),
    ] {
        let (steps, decay, total) = (40_000_u32, 6_000.0, 1_000_000);
        let config = LabelConfig {
            decay_steps: Some(decay),
            ..config(total, rate)
        };
        let schedule = config.over(steps.into());
        // Midpoints of single steps.
        let rates: Vec<f64> = (0..steps).map(|step| function(f64::from(step) + 0.5, decay)).collect();
        let whole: f64 = rates.iter().sum();
        for step in [1_000, 6_000, 17_000, 39_000] {
            let part: f64 = rates[..step].iter().sum();
            let expected = 250_000.0 + 750_000.0 * part / whole;
            let due = schedule.due(step as u64) as f64;
            assert!((due - expected).abs() < 2.0, "{rate:?} after {step}: {due} {expected}");
        }
    }
}

#[test]
fn a_run_without_steps_is_due_at_once() {
    for rate in RATES {
        assert_eq!(config(10, rate).over(0).due(0), 10);
    }
}
