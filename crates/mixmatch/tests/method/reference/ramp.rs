use mixmatch::ramp::{ramp, warm_up};
use serde::Deserialize;

use super::{DOUBLE, fixture};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<Case>,
    zero_ramp: Case,
    baseline_warmup: Vec<WarmUp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    lambda_max: f64,
    batch: u64,
    ramp_images: u64,
    steps: Vec<u64>,
    expect: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WarmUp {
    #[serde(rename = "rule")]
    _rule: String,
    total_images: u64,
    images: Vec<u64>,
    expect: Vec<f64>,
}

#[test]
fn the_weight_of_guesses_grows_as_in_the_reference() {
    let file: File = fixture("ramp.json");
    assert!(!file.cases.is_empty() && file.zero_ramp.ramp_images == 0);
    for case in file.cases.iter().chain([&file.zero_ramp]) {
        let weight = |step: &u64| case.lambda_max * ramp(step * case.batch, case.ramp_images);
        let found: Vec<f64> = case.steps.iter().map(weight).collect();
        DOUBLE.assert_numbers("weight", &found, &case.expect);
    }
}

#[test]
fn baselines_warm_up_as_in_the_reference() {
    // The share of the run is part of the rule's text.
    const SHARE: f64 = 0.4;
    let file: File = fixture("ramp.json");
    assert!(!file.baseline_warmup.is_empty());
    for case in file.baseline_warmup {
        let part = |images: &u64| warm_up(*images, case.total_images, SHARE);
        let found: Vec<f64> = case.images.iter().map(part).collect();
        DOUBLE.assert_numbers("part", &found, &case.expect);
    }
}
