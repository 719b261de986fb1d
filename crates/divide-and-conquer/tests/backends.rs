//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use divide_and_conquer::train::MetricLearning;
use papers_core::testing;

/// Backends sum in different orders: in single precision, after a few updates, losses near 1 agree to this.
const TOLERANCE: f64 = 2e-3;

#[test]
fn every_loss_trains_alike() {
    for loss in ["triplet", "margin", "contrastive", "proxy-nca", "n-pair"] {
        // Clusters may differ by a picture near a border; without a division they cannot.
        let config = common::digits(&[
            &format!("loss.kind='{loss}'"),
            "divide.warm_up=3",
            "evaluation.agreement=false",
        ]);
        testing::assert_backends_agree::<MetricLearning>(loss, &config, 0, 0..3, TOLERANCE)
            .expect("a run on each backend");
    }
}
