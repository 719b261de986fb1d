//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use papers_core::testing;
use photofeeler::train::Photofeeler;

/// Backends sum in different orders: in single precision, after a few updates, numbers agree to this share of them.
const TOLERANCE: f64 = 5e-3;

#[test]
fn both_phases_train_alike() {
    for joint in [false, true] {
        // Few updates of the base network: what it says is brought to a deviation of 1 for the voter model, and so are the
        // differences between backends.
        let config = common::portraits(&["phase_1.steps=2", &format!("phase_2.joint={joint}")]);
        let name = format!("portraits, joint: {joint}");
        testing::assert_backends_agree::<Photofeeler>(&name, &config, 0, 6, TOLERANCE).expect("a run on each backend");
    }
}
