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
    let sets: Vec<String> = small.iter().chain(sets).map(|&set| set.to_owned()).collect();
    let preset = PRESETS
        .iter()
        .find(|preset| preset.name == "digits-20")
        .expect("a preset");
    config::resolve(preset.toml, None, &sets)
}
