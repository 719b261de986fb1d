//! The default experiment, small enough for a test.

use divide_and_conquer::config::{MetricConfig, PRESETS};
use papers_core::base::{Error, config};

/// Pairs of the embedded digits with a tiny network, a division after four updates, and overrides.
pub(crate) fn digits(sets: &[&str]) -> MetricConfig {
    try_digits(sets).expect("settings that exist")
}

/// The same, with the error of settings that make no sense.
pub(crate) fn try_digits(sets: &[&str]) -> Result<MetricConfig, Error> {
    let small = [
        "dimension=8",
        "data.train_per_class=6",
        "data.test_per_class=3",
        "model.conv_net.filters=4",
        "model.conv_net.hidden=16",
        "training.epoch_steps=4",
        "divide.learners=4",
        "divide.warm_up=1",
        "divide.slices_until=3",
        "divide.clusters_until=4",
        "schedule.steps=20",
    ];
    config::experiment(PRESETS, "digit-pairs", &[&small, sets].concat())
}
