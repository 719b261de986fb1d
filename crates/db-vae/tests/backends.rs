//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use db_vae::train::DebiasedDetector;
use papers_core::testing;

/// Backends sum in different orders: in single precision, after a few updates, losses near 1 agree to this. Weights stay uniform: a
/// latent mean at the edge of a bin may fall on either side.
const TOLERANCE: f64 = 2e-3;

#[test]
fn detectors_train_alike() {
    let sets = ["resampling.strategy={kind='uniform'}", "data.test_non_faces=400"];
    testing::assert_backends_agree::<DebiasedDetector>(&sets.join(" "), &common::drawn(&sets), 0, 0..1, TOLERANCE)
        .expect("a run on each backend");
}
