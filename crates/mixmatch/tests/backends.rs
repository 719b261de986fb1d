//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use mixmatch::train::SemiSupervised;
use papers_core::testing;

/// Backends sum in different orders: in single precision, after a few updates, losses near 1 agree to this.
const TOLERANCE: f64 = 2e-3;

#[test]
fn mixmatch_and_its_baselines_train_alike() {
    for method in ["mix-match", "vat", "mean-teacher", "ict"] {
        // With the released 1e-6 the direction that VAT searches is mostly rounding, which no two backends share.
        let config = common::digits(&[&format!("method='{method}'"), "vat.xi=0.01"]);
        testing::assert_backends_agree::<SemiSupervised>(method, &config, 0, 0..3, TOLERANCE)
            .expect("a run on each backend");
    }
}
