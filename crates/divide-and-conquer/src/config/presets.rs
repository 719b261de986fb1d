use papers_core::base::{config::Preset, presets};

/// The experiments; the default one needs no data.
pub const PRESETS: &[Preset] = presets![
    "digit-pairs",
    "dg-100-s",
    "dg-100-l",
    "mnist-halves",
    "fashion-halves",
    "cifar10-halves",
    "cars196-80",
    "birds-sample",
    "folder",
    "cub-200-2011",
    "cars196",
    "sop",
    "sop-released",
    "in-shop",
    "vehicle-id",
];
