//! Experiments that are small enough for a test.

#![allow(dead_code, reason = "each test program uses a part of this")]

use human_preferences::{
    config::{PRESETS, PreferenceConfig},
    train::PreferenceLearning,
};
use papers_core::{
    Context, Experiment,
    base::{
        Error, config,
        journal::{Scalars, scalar},
    },
    testing,
};

/// Four rounds of a pendulum in episodes of 60 steps and clips of 10, of which rounds of 35 steps end in the midst.
const SMALL: [&str; 12] = [
    "environment.episode_steps=60",
    "environment.clip_steps=10",
    "rollout.environments=4",
    "rollout.steps=35",
    "labels.total=23",
    "queries.pool=100",
    "fitting.initial_minibatches=10",
    "fitting.minibatches=3",
    "evaluation.episodes=3",
    "schedule.steps=4",
    "schedule.evaluate_every=2",
    "schedule.checkpoint_every=2",
];

/// The experiment called `name` with overrides, and nothing else changed.
pub(crate) fn experiment(name: &str, sets: &[&str]) -> PreferenceConfig {
    config::experiment(PRESETS, name, sets).expect("settings that exist")
}

/// A small pendulum with overrides, or the error of settings that make no sense.
pub(crate) fn try_pendulum(sets: &[&str]) -> Result<PreferenceConfig, Error> {
    config::experiment(PRESETS, "pendulum", &[&SMALL, sets].concat())
}

/// A small pendulum with overrides.
pub(crate) fn pendulum(sets: &[&str]) -> PreferenceConfig {
    try_pendulum(sets).expect("settings that exist")
}

/// The same, and an agent that learns by A2C.
pub(crate) fn a2c(sets: &[&str]) -> PreferenceConfig {
    let a2c = ["agent.algorithm='a2c'", "rollout.steps=5", "rollout.updates=7"];
    pendulum(&[&a2c, sets].concat())
}

/// The experiment before its first round.
pub(crate) fn begin(config: &PreferenceConfig, seed: u64) -> PreferenceLearning {
    PreferenceLearning::new(config, &Context::new(testing::device(), seed)).expect("an experiment that can begin")
}

/// Does the rounds from `from` to `to`, and returns what each measured.
pub(crate) fn advance(experiment: &mut PreferenceLearning, from: u64, to: u64) -> Vec<Scalars> {
    (from..to)
        .map(|round| experiment.step(round).expect("a round"))
        .collect()
}

/// The number called `name`.
pub(crate) fn value(scalars: &Scalars, name: &str) -> f64 {
    scalar(scalars, name).unwrap_or_else(|| panic!("no `{name}` among {scalars:?}"))
}
