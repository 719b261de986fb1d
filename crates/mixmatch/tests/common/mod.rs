//! The default experiment, small enough for a test.

use mixmatch::config::{MixMatchConfig, PRESETS};
use papers_core::base::{Error, config};

/// The embedded digits with a tiny network and overrides.
pub(crate) fn digits(sets: &[&str]) -> MixMatchConfig {
    try_digits(sets).expect("settings that exist")
}

/// The same, with the error of settings that make no sense.
pub(crate) fn try_digits(sets: &[&str]) -> Result<MixMatchConfig, Error> {
    let small = [
        "batch=8",
        "model.filters=4",
        "data.test=64",
        "data.validation=32",
        "schedule.steps=8",
    ];
    config::experiment(PRESETS, "digits-20", &[&small, sets].concat())
}
