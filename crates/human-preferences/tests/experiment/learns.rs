//! Comparisons of clips teach an agent what it was never told, and answers that say nothing do not.

use papers_core::{Experiment, metrics};

use crate::common::{self, value};

/// What there is to learn with: 36,000 steps.
const SHORT: [&str; 5] = [
    "rollout.environments=16",
    "rollout.steps=200",
    "labels.total=100",
    "evaluation.episodes=16",
    "schedule.steps=14",
];

/// True return of the untrained and of the trained agent, and how well the predicted reward follows the true one.
fn learn(sets: &[&str], seed: u64) -> [f64; 3] {
    let config = common::experiment("pendulum", &[&SHORT, sets].concat());
    let mut experiment = common::begin(&config, seed);
    let measured = common::advance(&mut experiment, 0, config.schedule.steps);
    let evaluation = experiment.evaluate().expect("an evaluation");
    [
        value(&measured[0], "return_true"),
        value(&evaluation, "return_true"),
        common::find(&evaluation, "correlation").unwrap_or_default(),
    ]
}

#[test]
fn probe() {
    for sets in [
        &[][..],
        &["feedback.noise=0.5"],
        &["feedback.noise=1.0"],
        &["feedback.mode='none'"],
    ] {
        for seed in 0..2 {
            let start = std::time::Instant::now();
            eprintln!("{sets:?} {seed} {:?} {:?}", learn(sets, seed), start.elapsed());
        }
    }
    let _ = metrics::mean(&[1.0]);
}
