//! A round gives the same numbers on every backend. Built with `--features all-backends` only; run by `cargo xtask test
//! --backends`.

mod common;

use human_preferences::train::PreferenceLearning;
use papers_core::testing;

/// Backends sum in different orders: in single precision, after a round, numbers near 1 agree to this. Rounds of A2C and
/// regressed returns do not: the first steps of their optimizers are as long for a small gradient as for a large one.
const TOLERANCE: f64 = 2e-3;

/// The queries of the pendulum are drawn. Its ensemble, when fitted as briefly as here, is sure of most pairs: where two
/// members prefer one clip and the third the other, the variance is within rounding of the greatest possible, 2/9, and which
/// of those pairs come first differs between any two backends.
#[test]
fn trpo_and_the_reward_model_learn_alike() {
    let small = [
        ("pendulum", common::pendulum(&["queries.selection='uniform'"])),
        ("cartpole", common::small("cartpole", &[])),
    ];
    for (name, config) in small {
        testing::assert_backends_agree::<PreferenceLearning>(name, &config, 0, 1, TOLERANCE)
            .expect("a run on each backend");
    }
}
