//! A detector on the stages of a network.

use std::path::Path;

use papers_core::{
    Context, Experiment as _,
    base::{config, journal::scalar},
    testing, training,
};
use randwire::{
    detection::{Detect, DetectConfig, PRESETS},
    network::Block,
    train::Classify,
};

use crate::{common::digits, train};

fn try_scenes(sets: &[&str]) -> Result<DetectConfig, papers_core::base::Error> {
    let small = [
        "network.channels=4",
        "network.stages=[{nodes=0,width=1},{nodes=4,width=1},{nodes=4,width=2}]",
        "network.graph={generator='ws',k=2,p=0.5}",
        "levels=2",
        "pyramid.channels=8",
        "scenes={side=48,least=16,most=28,objects=2}",
        "data.train=32",
        "data.test=8",
        "training.batch=4",
        "schedule.steps=8",
    ];
    config::experiment(PRESETS, "scenes", &[&small, sets].concat())
}

fn scenes(sets: &[&str]) -> DetectConfig {
    try_scenes(sets).expect("settings that exist")
}

fn context() -> Context {
    Context::new(testing::device(), 2)
}

fn begun(sets: &[&str]) -> Detect {
    Detect::new(&scenes(sets), &context()).expect("a detector")
}

/// A classifier of the same stages, trained for some updates, as a run's folder.
fn classified(folder: &Path) {
    let config = digits(&[
        "network.channels=4",
        "network.stages=[{nodes=0,width=1},{nodes=4,width=1},{nodes=4,width=2}]",
        "data.canvas={side=48,least=16,most=28,objects=1}",
    ]);
    train::<Classify>(&config, folder, 7, false).expect("a run");
}

fn stem(run: &Detect) -> Vec<f64> {
    testing::values(run.model().backbone.stem.convolution.weight.val().inner())
}

#[test]
fn runs_resume_exactly() {
    for sets in [&[] as &[&str], &["frozen_norms=true", "frozen=2"]] {
        testing::assert_resumes_exactly::<Detect>(&scenes(sets), &context(), 2)
            .unwrap_or_else(|error| panic!("{sets:?}: {error}"));
    }
}

#[test]
fn a_detector_begins_with_the_weights_and_wires_of_a_classifier() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("classifier");
    classified(&run);
    let set = format!("pretrained='{}'", run.display());
    let saved: randwire::config::RandWireConfig = config::of_run(&run, &[]).expect("a run");
    let its_own = Context::new(testing::device(), 7);
    let (classifier, _) = training::restore::<Classify>(&saved, &its_own, &run).expect("a run");
    let wires = |detector: &Detect| {
        let stages = detector.model().backbone.stages.iter();
        stages.map(|stage| stage.graph().cloned()).collect::<Vec<_>>()
    };
    let detector = begun(&[&set]);
    let network = classifier.model().wired().expect("wires");
    assert_eq!(
        stem(&detector),
        testing::values(network.backbone.stem.convolution.weight.val().inner())
    );
    assert_eq!(
        wires(&detector),
        classifier.graphs(),
        "the seed of the classifier, not of the detector"
    );
    assert_ne!(stem(&detector), stem(&begun(&[])));
}

#[test]
fn frozen_parts_and_norms_stay_what_they_are() {
    let trained = |sets: &[&str]| {
        let mut run = begun(sets);
        let norm = |run: &Detect| {
            let norm = &run.model().backbone.stem.norm;
            [
                testing::values(norm.running_mean.value()),
                testing::values(norm.scale.val().inner()),
            ]
        };
        let (weights, [mean, scale]) = (stem(&run), norm(&run));
        let statistics = |run: &Detect| match &run.model().backbone.stages[1] {
            Block::Wired(stage) => testing::values(stage.nodes[0].norm.running_variance.value()),
            Block::Dense(_) => panic!("a wired stage"),
        };
        let variance = statistics(&run);
        for step in 0..2 {
            run.step(step).expect("an update");
        }
        let after = norm(&run);
        [
            weights == stem(&run),
            mean == after[0],
            scale == after[1],
            variance == statistics(&run),
        ]
    };
    assert_eq!(trained(&[]), [false; 4]);
    // The stem alone, and the stem with two stages.
    assert_eq!(trained(&["frozen=1"]), [true, true, true, false]);
    assert_eq!(trained(&["frozen=3"]), [true; 4]);
    assert_eq!(trained(&["frozen_norms=true"]), [false, true, true, true]);
}

#[test]
fn a_detector_that_was_begun_needs_the_classifier_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let [classifier, run] = ["classifier", "run"].map(|name| folder.path().join(name));
    classified(&classifier);
    // Its own network would have other channels.
    let set = format!("pretrained='{}'", classifier.display());
    let sets = [set.as_str(), "network.channels=6", "schedule.steps=4"];
    let finished = train::<Detect>(&scenes(&sets), &run, 2, false).expect("a run");
    std::fs::remove_dir_all(&classifier).expect("a folder");
    let (restored, step) = training::restore::<Detect>(&scenes(&sets), &context(), &run).expect("a run");
    assert_eq!(step, 4);
    assert_eq!(restored.evaluate().expect("an evaluation"), finished.scalars);
    let more = [set.as_str(), "network.channels=6", "schedule.steps=6"];
    assert_eq!(train::<Detect>(&scenes(&more), &run, 2, true).expect("a run").step, 6);
    assert!(Detect::new(&scenes(&sets), &context()).is_err(), "a new one needs it");
}

#[test]
fn a_loss_that_is_no_number_is_told_with_rate_and_seed() {
    let folder = tempfile::tempdir().expect("a folder");
    let sets = ["training.rate=1e30", "training.warm_up=0"];
    let error = train::<Detect>(&scenes(&sets), folder.path(), 2, false).expect_err("diverged");
    let message = error.to_string();
    assert!(
        message.contains("with seed 2") && message.contains("rate 9"),
        "{message}"
    );
}

#[test]
fn updates_lower_the_loss() {
    let sets = [
        "data.train=4",
        "training.rate=0.05",
        "schedule.steps=60",
        "training.warm_up=5",
    ];
    let mut run = begun(&sets);
    let mut losses = Vec::new();
    for step in 0..60 {
        let scalars = run.step(step).expect("an update");
        let of = |name| scalar(&scalars, name).expect("a loss");
        losses.push(of("loss_class") + of("loss_bounds"));
    }
    let (first, last) = (losses[0], losses[55..].iter().sum::<f64>() / 5.0);
    assert!(last < 0.6 * first, "{first} became {last}");
    let scalars = run.evaluate().expect("an evaluation");
    assert!(
        scalars.iter().all(|(_, value)| (0.0..=1.0).contains(value)),
        "{scalars:?}"
    );
    assert_eq!(run.figures().expect("figures").len(), 1);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (set, expected) in [
        ("levels=4", "from 1 to the number of stages, 3"),
        ("frozen=5", "there are 4 parts"),
        ("pyramid.channels=0", "at least 1"),
        (
            "scenes={side=16,least=8,most=24,objects=1}",
            "from `least` (8) to `side` (16)",
        ),
        ("scenes={side=16,least=8,most=12,objects=0}", "at least 1"),
        ("scenes={side=16,least=8,most=12,objects=2000}", "at most 1000"),
        ("scenes={side=5000,least=8,most=12,objects=1}", "at most 4096"),
        ("data.train=0", "at least 1"),
    ] {
        let error = try_scenes(&[set]).expect_err("no such run");
        let message = format!("{:#}", anyhow::Error::from(error));
        assert!(message.contains(expected), "{set}: {message}");
    }
    let refused = |set: &str| {
        Detect::new(&scenes(&[set]), &context())
            .expect_err("no such run")
            .to_string()
    };
    let message = refused("scenes={side=8,least=4,most=8,objects=1}");
    assert!(message.contains("sides of 16 or more"), "{message}");
    let message = refused("pretrained='nowhere'");
    assert!(message.contains("`pretrained`: nowhere"), "{message}");
}
