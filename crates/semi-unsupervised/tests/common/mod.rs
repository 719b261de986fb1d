//! Experiments small enough for a test.

use papers_core::base::{Error, config};
use semi_unsupervised::config::{PRESETS, SemiUnsupervisedConfig};

/// The embedded digits with a tiny model and overrides.
pub(crate) fn digits(sets: &[&str]) -> SemiUnsupervisedConfig {
    try_digits(sets).expect("settings that exist")
}

/// The same, with the error of settings that make no sense.
pub(crate) fn try_digits(sets: &[&str]) -> Result<SemiUnsupervisedConfig, Error> {
    let small = [
        "batch.labeled=8",
        "batch.unlabeled=8",
        "sizes.hidden=[12]",
        "sizes.latent=3",
        "sizes.auxiliary=2",
        "data.test=64",
        "data.validation=40",
        "vade.pretraining=2",
        "schedule.steps=8",
        "restarts.count=1",
    ];
    config::experiment(PRESETS, "digits", &[&small, sets].concat())
}

/// The synthetic set with overrides.
pub(crate) fn synthetic(sets: &[&str]) -> SemiUnsupervisedConfig {
    config::experiment(PRESETS, "synthetic", sets).expect("settings that exist")
}
