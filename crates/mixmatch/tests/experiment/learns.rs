//! On the embedded digits MixMatch makes good use of unlabeled pictures.

use mixmatch::train::SemiSupervised;
use papers_core::{Context, Experiment, base::config, testing};

/// Test error after a shortened run of the default experiment.
fn error(method: &str) -> f64 {
    let sets = [
        &format!("method='{method}'"),
        "schedule.steps=300",
        "mix_match.ramp_images=9600",
        "model.filters=8",
    ];
    let sets = sets.map(str::to_owned);
    let preset = mixmatch::config::PRESETS
        .iter()
        .find(|preset| preset.name == "digits-20");
    let config = config::resolve(preset.expect("a preset").toml, None, &sets).expect("settings that exist");
    let mut experiment = SemiSupervised::new(&config, &Context::new(testing::device(), 1)).expect("embedded data");
    for step in 0..300 {
        experiment.step(step).expect("an update");
    }
    let scalars = experiment.evaluate().expect("an evaluation");
    scalars
        .iter()
        .find(|(name, _)| name == "test_error")
        .expect("the error")
        .1
}

#[test]
fn unlabeled_pictures_take_away_a_third_of_the_errors() {
    let (with, without) = (error("mix-match"), error("supervised"));
    assert!(
        with < 0.67 * without,
        "MixMatch {with}, labeled pictures alone {without}"
    );
}
