//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use papers_core::testing;
use randwire::train::Classify;

/// Backends sum in different orders: in single precision, after a few updates, losses near 2 agree to this.
const TOLERANCE: f64 = 2e-3;

#[test]
fn networks_train_alike() {
    for sets in [
        &["training.edge_drop=1.0"] as &[&str],
        &["network.operation='max-pool'"],
        &["model='resnet'"],
    ] {
        let name = sets.join(" ");
        testing::assert_backends_agree::<Classify>(&name, &common::digits(sets), 0, 0..3, TOLERANCE)
            .expect("a run on each backend");
    }
}
