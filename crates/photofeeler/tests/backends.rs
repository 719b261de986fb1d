//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use std::ops::Range;

use papers_core::testing;
use photofeeler::{config::PhotofeelerConfig, train::Photofeeler};

/// Backends sum in different orders: in single precision, after a few updates, numbers agree to this share of them.
const TOLERANCE: f64 = 5e-3;

#[test]
fn pictures_are_learned_alike() {
    check("portraits", &common::portraits(&["phase_1.steps=4"]), 0..4);
}

#[test]
fn voters_are_learned_alike() {
    for setting in ["phase_2.input='both'", "phase_2.joint=true"] {
        let config = common::features(&[setting]);
        // From an update on with which the voter model is there: each backend would draw other first weights.
        let begun = config.phase_1.steps + 1;
        check(setting, &config, begun..begun + 3);
    }
}

fn check(name: &str, config: &PhotofeelerConfig, updates: Range<u64>) {
    testing::assert_backends_agree::<Photofeeler>(name, config, 0, updates, TOLERANCE).expect("a run on each backend");
}
