//! Comparisons of clips teach an agent what it was never told, and answers that say nothing do not.

use papers_core::{Experiment, base::metrics};

use crate::common::{self, value};

/// What there is to learn with: 77,000 steps, and fewer minibatches than usual.
const SHORT: [&str; 8] = [
    "rollout.environments=16",
    "rollout.steps=200",
    "labels.total=100",
    "fitting.initial_minibatches=100",
    "fitting.minibatches=8",
    "reward.batch=32",
    "evaluation.episodes=32",
    "schedule.steps=24",
];

const SEEDS: [u64; 2] = [0, 1];

/// What the agents of some seeds gained in true return on episodes that they were measured on before, and the smallest
/// correlation of a predicted with the true reward.
fn learn(sets: &[&str]) -> (f64, f64) {
    let config = common::experiment("pendulum", &[&SHORT, sets].concat());
    let measured = SEEDS.map(|seed| {
        let mut experiment = common::begin(&config, seed);
        let before = experiment.evaluate().expect("an evaluation");
        common::advance(&mut experiment, 0, config.schedule.steps);
        let after = experiment.evaluate().expect("an evaluation");
        [
            value(&after, "return_true") - value(&before, "return_true"),
            value(&after, "correlation"),
        ]
    });
    let gains = measured.map(|[gain, _]| gain);
    let correlations = measured.map(|[_, correlation]| correlation);
    (metrics::mean(&gains), correlations.into_iter().fold(1.0, f64::min))
}

#[test]
fn a_hundred_comparisons_teach_a_pendulum_to_swing_up() {
    // Untrained agents have a return of about -1250, and those that rest upright one above -200.
    let (gain, correlation) = learn(&[]);
    assert!(gain > 400.0, "{gain}");
    assert!(correlation > 0.85, "{correlation}");
}

#[test]
fn answers_at_random_teach_nothing() {
    let (gain, correlation) = learn(&["feedback.noise=0.5"]);
    assert!(gain < 100.0, "{gain}");
    assert!(correlation < 0.7, "{correlation}");
}
