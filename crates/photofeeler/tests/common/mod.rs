//! Experiments small enough for a test.

use papers_core::base::{Error, config};
use photofeeler::config::{PRESETS, PhotofeelerConfig};

/// The procedural set with numbers in place of pictures, and overrides.
pub(crate) fn features(sets: &[&str]) -> PhotofeelerConfig {
    try_of("features", sets).expect("settings that exist")
}

/// Small portraits.
pub(crate) fn portraits(sets: &[&str]) -> PhotofeelerConfig {
    let small = ["backbone={kind='cnn',channels=[4,8]}"];
    try_of("portraits", &[&small, sets].concat()).expect("settings that exist")
}

/// An experiment with sizes for a test and overrides, or the error of settings that make no sense.
pub(crate) fn try_of(experiment: &str, sets: &[&str]) -> Result<PhotofeelerConfig, Error> {
    let small = [
        "data.generator.train=120",
        "data.generator.test=40",
        "data.generator.voters=20",
        "data.generator.test_votes=8",
        "phase_1.batch=16",
        "phase_1.steps=6",
        "phase_2.batch=16",
        "phase_2.hidden=[8]",
        "phase_2.embedding=3",
        "schedule.steps=14",
    ];
    config::experiment(PRESETS, experiment, &[&small, sets].concat())
}
