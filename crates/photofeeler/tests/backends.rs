//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use papers_core::testing;
use photofeeler::train::Photofeeler;

/// Backends sum in different orders: in single precision, after a few updates, numbers agree to this share of them.
const TOLERANCE: f64 = 5e-3;

#[test]
fn both_phases_train_alike() {
    for (name, config) in [
        ("portraits", common::portraits(&[])),
        ("portraits, joint", common::portraits(&["phase_2.joint=true"])),
        ("features", common::features(&["phase_2.input='both'"])),
    ] {
        testing::assert_backends_agree::<Photofeeler>(name, &config, 0, 14, TOLERANCE).expect("a run on each backend");
    }
}
