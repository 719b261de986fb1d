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
        let (compared, skipped) =
            testing::assert_backends_agree::<SemiSupervised>(&config, 0, 3, TOLERANCE).expect("a run on each backend");
        eprintln!("{method}: flex and {} agree", compared.join(", "));
        for reason in &skipped {
            eprintln!("{method}: skipped: {reason}");
        }
        assert!(compared.contains(&"ndarray"), "the second CPU backend always opens");
        // Where a GPU driver is known to be there, such as in continuous integration, it has to be used.
        if let Ok(required) = std::env::var("BURN_PAPERS_REQUIRE") {
            assert!(
                compared.contains(&required.as_str()),
                "{required} is required: {skipped:?}"
            );
        }
    }
}
