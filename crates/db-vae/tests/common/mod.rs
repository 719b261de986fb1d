//! Experiments small enough for a test.

use db_vae::config::{DbVaeConfig, PRESETS};
use papers_core::base::{Error, config};

/// Few drawings with a tiny network, and overrides.
pub(crate) fn drawn(sets: &[&str]) -> DbVaeConfig {
    try_drawn(sets).expect("settings that exist")
}

/// The same, with the error of settings that make no sense.
pub(crate) fn try_drawn(sets: &[&str]) -> Result<DbVaeConfig, Error> {
    let small = [
        "data.faces=60",
        "data.non_faces=50",
        "data.test_per_group=8",
        "data.test_non_faces=40",
        "batch=16",
        "network.filters=[4,5]",
        "network.hidden=[12]",
        "network.latent=3",
        "schedule.steps=24",
    ];
    config::experiment(PRESETS, "drawn-faces", &[&small, sets].concat())
}
