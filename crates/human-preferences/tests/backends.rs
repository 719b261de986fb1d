//! A few rounds give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use human_preferences::{config::PreferenceConfig, train::PreferenceLearning};
use papers_core::testing;

/// Backends sum in different orders: in single precision, after a few rounds, numbers near 1 agree to this.
const TOLERANCE: f64 = 2e-3;

fn check(name: &str, config: &PreferenceConfig) {
    testing::assert_backends_agree::<PreferenceLearning>(name, config, 0, 2, TOLERANCE).expect("a run on each backend");
}

#[test]
fn trpo_and_the_reward_model_learn_alike() {
    check("TRPO", &common::pendulum(&[]));
    check("the target ablation", &common::pendulum(&["ablation='target'"]));
    check("the baseline", &common::pendulum(&["feedback.mode='none'"]));
}

#[test]
fn a2c_and_the_reward_model_learn_alike() {
    check("A2C", &common::a2c(&[]));
    let pictures = [
        "environment.name='moving-dot'",
        "agent.network={ kind = 'grid' }",
        "reward.network={ kind = 'grid' }",
    ];
    check("A2C of grids", &common::a2c(&pictures));
}

#[test]
fn the_networks_of_the_papers_games_learn_alike() {
    // Without dropout, whose masks no two backends share.
    let pixels = [
        "environment.name='moving-dot'",
        "environment.options.view='pixels'",
        "environment.episode_steps=12",
        "environment.clip_steps=3",
        "rollout.environments=2",
        "rollout.updates=2",
        "labels.total=6",
        "queries.pool=20",
        "reward.batch=4",
        "fitting.initial_minibatches=2",
        "fitting.minibatches=1",
        "evaluation.episodes=1",
        "agent.network={ kind = 'atari' }",
        "reward.network={ kind = 'atari', dropout = 0.0 }",
    ];
    check("the networks of Atari games", &common::a2c(&pixels));
}
