//! The default experiment, small enough for a test.

use papers_core::base::{Error, config};
use randwire::config::{PRESETS, RandWireConfig};

/// The embedded digits with a tiny network and overrides.
pub(crate) fn digits(sets: &[&str]) -> RandWireConfig {
    try_digits(sets).expect("settings that exist")
}

/// What makes it tiny.
pub(crate) const TINY: [&str; 9] = [
    "training.batch=16",
    "network.channels=4",
    "network.head=8",
    "network.stages=[{nodes=5,width=1},{nodes=4,width=2}]",
    "network.graph={generator='ws',k=2,p=0.5}",
    "resnet.channels=4",
    "data.test=64",
    "damage.pictures=0",
    "schedule.steps=8",
];

/// The same, with the error of settings that make no sense.
pub(crate) fn try_digits(sets: &[&str]) -> Result<RandWireConfig, Error> {
    config::experiment(PRESETS, "digits", &[&TINY, sets].concat())
}
