//! What a run refuses, and what it says.

use db_vae::train::DebiasedDetector;
use papers_core::{Context, Experiment as _, testing};

use crate::common::{drawn, try_drawn};

#[test]
fn settings_out_of_their_range() {
    for (set, expected) in [
        ("resampling.strategy={kind='paper-product',alpha=0.0}", "above 0"),
        (
            "resampling.strategy={kind='paper-product',alpha=-1.0}",
            "above 0 and finite, not -1",
        ),
        ("resampling.strategy={kind='paper-product',alpha=nan}", "not NaN"),
        ("resampling.strategy={kind='paper-product',alpha=inf}", "not inf"),
        ("resampling.strategy={kind='lab-max',smoothing=-0.1}", "at least 0"),
        ("resampling.strategy={kind='top5-product',smoothing=-0.1}", "at least 0"),
        (
            "resampling.strategy={kind='tempered',alpha=0.1,rho=0.0}",
            "at most 1, not 0",
        ),
        (
            "resampling.strategy={kind='tempered',alpha=0.1,rho=1.5}",
            "at most 1, not 1.5",
        ),
        (
            "resampling.strategy={kind='gaussian',alpha=0.1,half_width=-1.0}",
            "half_width",
        ),
        ("resampling.strategy={kind='lab-min'}", "lab-min"),
        ("resampling.bins=0", "at least 1"),
        ("batch=1", "at least 2"),
        ("network.latent=0", "at least 1"),
        ("network.filters=[4,0]", "a layer needs a channel"),
        ("network.filters=[4]", "must have a side for each of the 1 layers"),
        ("network.kernels=[3,1]", "sides from 2 to 64"),
        ("network.hidden=[0]", "a layer needs a unit"),
        ("network.slope=1.0", "in [0, 1)"),
        ("data.side=18", "18×18 pixels must be multiples of 2^2"),
        ("data.side=0", "at least 1"),
        ("data.faces=0", "at least 1"),
        ("data.non_faces=0", "at least 1"),
        ("data.shares=[0.5,0.5,0.5,0.5]", "sum to 1"),
        ("data.dark_heads=1.5", "in [0, 1]"),
        ("objective.divergence=-1.0", "0 or more"),
        ("learner.rate=0.0", "positive"),
        ("evaluation.threshold=1.0", "between 0 and 1"),
        ("evaluation.false_positive_rate=0.0", "between 0 and 1"),
        ("data.set='photos'", "photos"),
    ] {
        let error = try_drawn(&[set]).expect_err(set);
        let message = format!("{:#}", anyhow::Error::from(error));
        assert!(message.contains(expected), "{set}: {message}");
    }
    assert!(try_drawn(&["resampling.strategy={kind='paper-product',alpha=1e-300}"]).is_ok());
}

#[test]
fn a_plain_classifier_has_no_latents_to_draw_by() {
    let sets = ["objective.reconstruction=0.0", "objective.divergence=0.0"];
    let error = try_drawn(&sets).expect_err("no latents").to_string();
    assert!(error.contains("latents that mean something"), "{error}");
    let config = drawn(&[sets[0], sets[1], "resampling.strategy={kind='uniform'}"]);
    let mut run = DebiasedDetector::new(&config, &Context::new(testing::device(), 0)).expect("a classifier");
    let scalars = run.step(0).expect("an update");
    assert!(!scalars.iter().any(|(name, _)| name == "reconstruction"), "{scalars:?}");
}

#[test]
fn faces_have_one_label() {
    let config = drawn(&["network.labels=2"]);
    let error = DebiasedDetector::new(&config, &Context::new(testing::device(), 0))
        .err()
        .expect("two labels");
    assert!(error.to_string().contains("`network.labels` must be 1"), "{error}");
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_with_step_and_term() {
    let config = drawn(&["learner.rate=1e30", "resampling.strategy={kind='uniform'}"]);
    let mut run = DebiasedDetector::new(&config, &Context::new(testing::device(), 0)).expect("a detector");
    let error = (0..8)
        .find_map(|step| run.step(step).err())
        .expect("weights without bounds");
    let message = error.to_string();
    assert!(message.contains("step") && message.contains("became"), "{message}");
    assert!(
        ["classification", "reconstruction", "divergence"]
            .iter()
            .any(|term| message.contains(&format!("`{term}`"))),
        "{message}"
    );
}

#[test]
fn latents_that_are_no_numbers_name_row_and_dimension() {
    // The first update is finite, and what it makes of the weights is not.
    let config = drawn(&["learner.rate=1e30", "data.faces=4", "resampling.warmup_epochs=1"]);
    let mut run = DebiasedDetector::new(&config, &Context::new(testing::device(), 0)).expect("a detector");
    run.step(0).expect("the first update");
    let message = run.step(1).expect_err("no latents").to_string();
    assert!(
        message.contains("row 0") && message.contains("dimension 0"),
        "{message}"
    );
}
