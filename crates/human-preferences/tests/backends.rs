//! A few rounds give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use human_preferences::{config::PreferenceConfig, train::PreferenceLearning};
use papers_core::testing;

/// Backends sum in different orders: in single precision, after a few rounds, numbers near 1 agree to this.
const TOLERANCE: f64 = 2e-3;
/// The first steps of RMSProp are as long for a small gradient as for a large one, so that they turn rounding into
/// differences of weights.
const TOLERANCE_OF_RMSPROP: f64 = 5e-2;

fn check(name: &str, config: &PreferenceConfig, tolerance: f64) {
    testing::assert_backends_agree::<PreferenceLearning>(name, config, 0, 1, tolerance).expect("a run on each backend");
}

#[test]
fn trpo_and_the_reward_model_learn_alike() {
    check("TRPO", &common::pendulum(&[]), TOLERANCE);
    check(
        "the target ablation",
        &common::pendulum(&["ablation='target'"]),
        TOLERANCE,
    );
    check("the baseline", &common::pendulum(&["feedback.mode='none'"]), TOLERANCE);
}

#[test]
fn a2c_and_the_reward_model_learn_alike() {
    check("A2C", &common::a2c(&[]), TOLERANCE_OF_RMSPROP);
    let pictures = [
        "environment.name='moving-dot'",
        "agent.network={ kind = 'grid' }",
        "reward.network={ kind = 'grid' }",
    ];
    check("A2C of grids", &common::a2c(&pictures), TOLERANCE_OF_RMSPROP);
}
