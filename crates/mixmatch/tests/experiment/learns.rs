//! On the embedded digits MixMatch makes good use of unlabeled pictures.

use mixmatch::{config::PRESETS, train::SemiSupervised};
use papers_core::{
    Context, Experiment,
    base::{config, journal::scalar},
    testing,
};

/// Test error after a shortened run of the default experiment.
fn error(method: &str) -> f64 {
    let sets = [
        &format!("method='{method}'"),
        "schedule.steps=300",
        "mix_match.ramp_images=9600",
        "model.filters=8",
    ];
    let config = config::experiment(PRESETS, "digits-20", &sets).expect("settings that exist");
    let mut experiment = SemiSupervised::new(&config, &Context::new(testing::device(), 1)).expect("embedded data");
    for step in 0..300 {
        experiment.step(step).expect("an update");
    }
    scalar(&experiment.evaluate().expect("an evaluation"), "test_error").expect("the error")
}

#[test]
fn unlabeled_pictures_take_away_a_third_of_the_errors() {
    let (with, without) = (error("mix-match"), error("supervised"));
    assert!(
        with < 0.67 * without,
        "MixMatch {with}, labeled pictures alone {without}"
    );
}
