//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use papers_core::testing;
use semi_unsupervised::train::SemiUnsupervised;

/// Backends sum in different orders: in single precision, after a few updates, numbers agree to this share of them.
const TOLERANCE: f64 = 2e-3;

#[test]
fn models_train_alike() {
    // Of all models the one with the most kinds of operations: every other one makes a software GPU compile for minutes.
    let config = common::digits(&["model='agm-dgm'"]);
    testing::assert_backends_agree::<SemiUnsupervised>("agm-dgm", &config, 0, 0..3, TOLERANCE)
        .expect("a run on each backend");
}
