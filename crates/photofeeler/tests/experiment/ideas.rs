//! What each idea of the method is for: without it, the test fails.

use papers_core::{Context, Experiment as _, base::journal::scalar, testing};
use photofeeler::{config::PRESETS, train::Photofeeler};

fn measured(sets: &[&str], metric: &str) -> f64 {
    let small = [
        "data.generator.train=900",
        "data.generator.test=400",
        "phase_1.steps=220",
        "schedule.steps=470",
        "data.generator.test_votes=12",
        "evaluation.human_draws=2",
    ];
    let config =
        papers_core::base::config::experiment(PRESETS, "features", &[&small, sets].concat()).expect("settings");
    let mut run = Photofeeler::new(&config, &Context::new(testing::device(), 11)).expect("a run");
    run.train().expect("both phases");
    scalar(&run.evaluate().expect("numbers"), metric).expect("a defined number")
}

#[test]
fn voters_are_told_apart() {
    let base = measured(&[], "votes_base");
    let voters = measured(&[], "votes_voter_model");
    assert!(voters > base + 0.08, "{voters} {base}");
}

#[test]
fn voters_who_are_not_told_apart_are_predicted_no_better_than_their_scale_allows() {
    // Raw votes, so that nothing is known of a voter but the embedding; with a hundredth of the learning none is known either.
    let raw = ["votes.scale='raw'"];
    let learned = measured(&raw, "votes_voter_model");
    let broken = measured(&["votes.scale='raw'", "phase_2.rate=1e-7"], "votes_voter_model");
    assert!(learned > broken + 0.08, "{learned} {broken}");
}

#[test]
fn distributions_of_votes_say_more_than_means() {
    let distribution = measured(&["data.generator.confounding=1.5"], "pearson");
    let regression = measured(
        &[
            "data.generator.confounding=1.5",
            "output='regression'",
            "votes.scale='raw'",
            "votes.weights='none'",
            "phase_1.steps=470",
        ],
        "pearson",
    );
    assert!(distribution > regression + 0.03, "{distribution} {regression}");
}

#[test]
fn normalization_repairs_lenient_voters_who_see_bright_photos() {
    let labels = |scale: &str| {
        let sets = ["data.generator.confounding=3.0", scale, "votes.weights='none'"];
        measured(&sets, "pearson")
    };
    let (normalized, raw) = (labels("votes.scale='normalized'"), labels("votes.scale='raw'"));
    assert!(normalized > raw + 0.02, "{normalized} {raw}");
}
