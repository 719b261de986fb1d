//! What each idea of the method is for: without it, the test fails.

use burn::module::Param;
use papers_core::{
    Context, Experiment as _,
    base::{
        journal::scalar,
        metrics::{mean, pearson_correlation},
    },
    testing,
};
use photofeeler::{
    config::PRESETS,
    evaluate::{Findings, Model},
    train::Photofeeler,
    votes::{BINS, Vote, expected_score},
};

const SEED: u64 = 11;

fn trained(sets: &[&str], seed: u64) -> Photofeeler {
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
    let mut run = Photofeeler::new(&config, &Context::new(testing::device(), seed)).expect("a run");
    run.train().expect("both phases");
    run
}

fn measured(sets: &[&str], metric: &str) -> f64 {
    let numbers = trained(sets, SEED).evaluate().expect("numbers");
    scalar(&numbers, metric).expect("a defined number")
}

/// Correlation of what a model says of single raw votes on the photos to measure with.
fn of_votes(run: &Photofeeler, model: &Model, findings: &Findings) -> f64 {
    let place = |photo: usize| findings.photos.iter().position(|&other| other == photo);
    let is_known = |vote: &&Vote| model.seen.contains(&vote.voter);
    let votes = run.data().votes.iter().filter(is_known);
    let votes: Vec<(usize, &Vote)> = votes.filter_map(|vote| Some((place(vote.photo)?, vote))).collect();
    let asked: Vec<(usize, Option<usize>)> = votes.iter().map(|(place, vote)| (*place, Some(vote.voter))).collect();
    let shares = model.votes(&findings.outputs, &asked, run.device()).expect("read");
    let shares: Vec<f64> = shares.expect("a voter model").into_iter().map(f64::from).collect();
    let predicted: Vec<f64> = shares.chunks(BINS).map(expected_score).collect();
    let raw: Vec<f64> = votes.iter().map(|(_, vote)| vote.score).collect();
    pearson_correlation(&predicted, &raw).expect("defined")
}

#[test]
fn voters_are_told_apart_by_their_embeddings() {
    // Raw votes: nothing is known of a voter but the embedding.
    let run = trained(&["votes.scale='raw'"], SEED);
    let findings = run.findings().expect("findings");
    let base = findings.votes.base.expect("defined");
    let voters = findings.votes.voter_model.expect("defined");
    assert!(voters > base + 0.08, "{voters} {base}");
    assert!((of_votes(&run, &run.model(), &findings) - voters).abs() < 1e-9);

    let mut leveled = run.model();
    let network = leveled.voters.as_mut().expect("voters");
    let embeddings = network.embeddings.val();
    let count = embeddings.dims()[0];
    network.embeddings = Param::from_tensor(embeddings.mean_dim(0).repeat_dim(0, count));
    let leveled = of_votes(&run, &leveled, &findings);
    assert!(voters > leveled + 0.08, "{voters} {leveled}");
}

#[test]
fn distributions_of_votes_say_more_than_means() {
    // The same votes, weights of voters and updates; the output alone differs.
    let of = |output: &str| -> f64 {
        let sets = [output, "phase_1.steps=470", "schedule.steps=470"];
        let pearson = |seed| {
            trained(&sets, seed)
                .findings()
                .expect("findings")
                .pearson
                .expect("defined")
        };
        mean(&[SEED, SEED + 1, SEED + 2].map(pearson))
    };
    let (distribution, regression) = (of("output='distribution'"), of("output='regression'"));
    assert!(distribution > regression + 0.02, "{distribution} {regression}");
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
