//! A detector on the stages of a network.

use papers_core::{
    Context, Experiment as _,
    base::{config, journal::scalar, progress::Mode, provenance::Provenance},
    testing,
    training::{self, Options},
};
use randwire::{
    detection::{Detect, DetectConfig, PRESETS},
    train::Classify,
};

use crate::common::digits;

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
fn classified(folder: &std::path::Path) {
    let config = digits(&[
        "network.channels=4",
        "network.stages=[{nodes=0,width=1},{nodes=4,width=1},{nodes=4,width=2}]",
        "data.canvas={side=48,least=16,most=28,objects=1}",
    ]);
    let options = Options {
        out: folder.to_owned(),
        resume: false,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("randwire", "0", "digits-canvas", 7, "flex"),
    };
    training::run::<Classify>(&config, &Context::new(testing::device(), 7), &options).expect("a run");
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
        for step in 0..2 {
            run.step(step).expect("an update");
        }
        let after = norm(&run);
        [weights == stem(&run), mean == after[0], scale == after[1]]
    };
    assert_eq!(trained(&[]), [false; 3]);
    assert_eq!(trained(&["frozen=1"]), [true, false, true]);
    assert_eq!(trained(&["frozen_norms=true"]), [false, true, true]);
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
