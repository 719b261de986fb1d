//! Comparisons of clips teach an agent what it was never told, and answers that say nothing do not.

use papers_core::Experiment;

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

/// True return of the untrained and of the trained agent on the same episodes, and the correlation of the predicted with
/// the true reward.
fn learn(sets: &[&str], seed: u64) -> [f64; 3] {
    let config = common::experiment("pendulum", &[&SHORT, sets].concat());
    let mut experiment = common::begin(&config, seed);
    let before = experiment.evaluate().expect("an evaluation");
    common::advance(&mut experiment, 0, config.schedule.steps);
    let after = experiment.evaluate().expect("an evaluation");
    [
        value(&before, "return_true"),
        value(&after, "return_true"),
        common::find(&after, "correlation").unwrap_or_default(),
    ]
}

#[test]
fn probe() {
    for sets in [&[][..], &["feedback.noise=0.5"], &["feedback.mode='none'"]] {
        for seed in 0..3 {
            let start = std::time::Instant::now();
            eprintln!("{sets:?} {seed} {:?} {:?}", learn(sets, seed), start.elapsed());
        }
    }
}
