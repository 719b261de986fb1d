//! A few rounds give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use human_preferences::{config::PreferenceConfig, train::PreferenceLearning};
use papers_core::testing;

/// Backends sum in different orders: in single precision, after a round, numbers near 1 agree to this. Rounds of A2C and
/// regressed returns do not: the first steps of their optimizers are as long for a small gradient as for a large one.
const TOLERANCE: f64 = 2e-3;

fn check(name: &str, config: &PreferenceConfig) {
    testing::assert_backends_agree::<PreferenceLearning>(name, config, 0, 1, TOLERANCE).expect("a run on each backend");
}

#[test]
fn trpo_and_the_reward_model_learn_alike() {
    check("TRPO", &common::pendulum(&[]));
    check("the baseline", &common::pendulum(&["feedback.mode='none'"]));
}
