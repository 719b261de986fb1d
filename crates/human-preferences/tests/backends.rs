//! A round gives the same numbers on every backend. Built with `--features all-backends` only; run by `cargo xtask test
//! --backends`.

mod common;

use human_preferences::train::PreferenceLearning;
use papers_core::testing;

/// Backends sum in different orders: in single precision, after a round, numbers near 1 agree to this. Rounds of A2C and
/// regressed returns do not: the first steps of their optimizers are as long for a small gradient as for a large one.
const TOLERANCE: f64 = 2e-3;

/// Clips of two steps: of longer ones an ensemble that is fitted as briefly as here is too sure. Where two members prefer
/// one clip and the third the other, the variance is then within rounding of the greatest possible, 2/9, and which of those
/// pairs come first differs between any two backends.
#[test]
fn trpo_and_the_reward_model_learn_alike() {
    let config = common::pendulum(&["environment.clip_steps=2"]);
    testing::assert_backends_agree::<PreferenceLearning>("TRPO", &config, 0, 0..1, TOLERANCE)
        .expect("a run on each backend");
}
