//! Whole runs on the embedded digits.

mod bad_input;
mod detection;
mod files;
mod ideas;
mod program;
mod resume;

#[path = "../common/mod.rs"]
mod common;

use std::path::Path;

use papers_core::{
    Context, Experiment, Result,
    base::{progress::Mode, provenance::Provenance},
    testing,
    training::{self, Options, Summary},
};

/// Trains a run in a folder, or goes on with the one that it holds.
fn train<E: Experiment>(config: &E::Config, out: &Path, seed: u64, resume: bool) -> Result<Summary> {
    let options = Options {
        out: out.to_owned(),
        resume,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("randwire", "0", "test", seed, "flex"),
    };
    training::run::<E>(config, &Context::new(testing::device(), seed), &options)
}
