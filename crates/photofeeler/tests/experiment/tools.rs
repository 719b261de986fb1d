//! Runs without their data, six models in one file, voter models of one's own ratings, kept outputs, the simulated voters.

use std::path::Path;

use image::{Rgb, RgbImage};
use papers_core::{
    Context, Experiment as _,
    base::{progress::Mode, provenance::Provenance},
    testing, training,
};
use photofeeler::{
    bundle::Bundle,
    cache::OutputCache,
    config::{PhotofeelerConfig, Subjects},
    data::{
        Inputs, RatedPhotos,
        generator::{Attributes, Population, Serving},
        picture,
    },
    evaluate::draw_panel,
    fit::Ratings,
    model::VoterInput,
    rater::Rater,
    train::Photofeeler,
    votes::{Trait, Vote},
};

use crate::common::{features, portraits};

const SEED: u64 = 6;

fn context() -> Context {
    Context::new(testing::device(), SEED)
}

/// A finished run in a folder.
fn run(out: &Path, config: &PhotofeelerConfig) {
    let options = training::Options {
        out: out.to_owned(),
        resume: false,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("photofeeler", "0", "test", SEED, "flex"),
    };
    training::run::<Photofeeler>(config, &context(), &options).expect("a run");
}

fn gray_pictures(count: usize) -> Inputs {
    let pictures = (0..count).map(|number| {
        RgbImage::from_fn(40, 30, |x, y| {
            Rgb([((x * 5 + y * 3 + number as u32 * 40) % 256) as u8; 3])
        })
    });
    let images: Vec<u8> = pictures.flat_map(|picture| picture::fit(&picture, 32, 1)).collect();
    Inputs::Pictures(papers_core::base::images::ImageSet {
        name: "gray".to_owned(),
        images,
        labels: Vec::new(),
        height: 32,
        width: 32,
        channels: 1,
        maximum: 255,
        classes: 0,
        class_names: Vec::new(),
    })
}

#[test]
fn a_run_rates_without_its_data_what_the_experiment_rates() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = portraits(&[]);
    run(folder.path(), &config);
    let rater = Rater::of_run(folder.path(), &testing::device()).expect("a model");
    assert_eq!(rater.picture_size().expect("pictures"), [32, 1]);
    let (restored, _) = training::restore::<Photofeeler>(&config, &context(), folder.path()).expect("a run");
    let findings = restored.findings().expect("findings");
    let test = restored.data().inputs.subset(&findings.photos);
    let ratings = rater.rate(&test, &[Some(0), None]).expect("ratings");
    for (place, rating) in ratings.iter().enumerate() {
        assert!((rating.score - findings.scores[place]).abs() < 1e-6);
        assert!((rating.base - findings.base_scores[place]).abs() < 1e-6);
        assert!((0.05 - 1e-6..=0.95 + 1e-6).contains(&rating.score));
        assert!((rating.shares.as_ref().expect("bins").iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert_eq!(rating.of_voters.len(), 2);
    }
    assert_eq!(rater.voter("voter-000").is_some(), rater.about.seen.contains(&0));
    assert_eq!(rater.voter("nobody"), None);
}

#[test]
fn a_run_that_has_not_reached_phase_2_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = features(&["phase_1.steps=12", "schedule.checkpoint_every=11"]);
    let options = training::Options {
        out: folder.path().to_owned(),
        resume: false,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("photofeeler", "0", "test", SEED, "flex"),
    };
    training::run::<Photofeeler>(&config, &context(), &options).expect("a run");
    // The newest generation is gone, as after a crash; the one before is of update 11, in phase 1.
    let rater = Rater::of_run(folder.path(), &testing::device()).expect("a model");
    let error = rater.picture_size().expect_err("numbers").to_string();
    assert!(error.contains("own_features"), "{error}");
    let checkpoints = folder.path().join("checkpoints");
    let mut generations: Vec<_> = std::fs::read_dir(&checkpoints)
        .expect("there")
        .map(|entry| entry.expect("one").path())
        .collect();
    generations.sort();
    assert_eq!(generations.len(), 2, "of updates 11 and 14");
    std::fs::remove_dir_all(&generations[1]).expect("removed");
    let error = Rater::of_run(folder.path(), &testing::device())
        .expect_err("phase 1")
        .to_string();
    assert!(error.contains("phase 2"), "{error}");
}

#[test]
fn six_models_are_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = testing::device();
    let mut raters = Vec::new();
    for of in Trait::ALL {
        for subjects in ["female", "male"] {
            let sets = [
                format!("data.trait='{}'", of.name()),
                format!("data.subjects='{subjects}'"),
            ];
            let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
            let out = folder.path().join(format!("{}-{subjects}", of.name()));
            run(&out, &portraits(&sets));
            raters.push(Rater::of_run(&out, &device).expect("a model"));
        }
    }
    let bundle = Bundle::new(raters.clone()).expect("six");
    assert!(bundle.lacking().is_empty());
    let path = folder.path().join("six.bundle");
    bundle.save(&path).expect("saved");
    let loaded = Bundle::load(&path, &device).expect("loaded");
    assert_eq!(loaded.raters().len(), 6);
    let photos = gray_pictures(3);
    let mut scores = Vec::new();
    for (ours, theirs) in raters.iter().zip(loaded.raters()) {
        let [ours, theirs] = [ours, theirs].map(|rater| rater.rate(&photos, &[]).expect("ratings"));
        assert_eq!(ours, theirs);
        scores.push(ours[0].score);
    }
    scores.sort_by(f64::total_cmp);
    scores.dedup();
    assert_eq!(scores.len(), 6, "each model is another one");
    assert_eq!(
        loaded.rater(Trait::Smart, Subjects::Male).map(Rater::rates),
        Some((Trait::Smart, Subjects::Male))
    );
    assert!(loaded.rater(Trait::Smart, Subjects::All).is_none());

    let error = Bundle::new(vec![raters[0].clone(), raters[0].clone()])
        .expect_err("twice")
        .to_string();
    assert!(error.contains("smart-female"), "{error}");
    assert_eq!(Bundle::new(vec![raters[0].clone()]).expect("one").lacking().len(), 5);
    let mut bytes = std::fs::read(&path).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).expect("written");
    assert!(
        Bundle::load(&path, &device)
            .expect_err("damaged")
            .to_string()
            .contains("damaged")
    );
    std::fs::write(&path, b"something else").expect("written");
    assert!(
        Bundle::load(&path, &device)
            .expect_err("none")
            .to_string()
            .contains("no bundle")
    );
}

#[test]
fn outputs_are_kept_under_their_digest_and_computed_again_where_they_are_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = Photofeeler::new(&features(&[]), &context()).expect("a run");
    let base = run.model().base;
    let cache = OutputCache::new(Some(folder.path()));
    let photos: Vec<usize> = (0..20).collect();
    let outputs = || {
        cache
            .outputs(&base, &run.data().inputs, &photos, VoterInput::Temporary, run.device())
            .expect("outputs")
    };
    let first = outputs();
    let files = || -> Vec<_> {
        let entries = std::fs::read_dir(folder.path().join("embeddings")).expect("kept");
        entries.map(|entry| entry.expect("one").path()).collect()
    };
    assert_eq!(files().len(), 1);
    assert_eq!(outputs(), first);
    let mut bytes = std::fs::read(&files()[0]).expect("there");
    bytes[40] ^= 1;
    std::fs::write(&files()[0], &bytes).expect("written");
    assert_eq!(outputs(), first, "damaged numbers are not taken");
    // Without embeddings, which nobody asked for; those have a file of their own, as other photos have.
    assert!(first.embeddings.is_empty() && first.features == 0);
    let both = cache
        .outputs(&base, &run.data().inputs, &photos, VoterInput::Both, run.device())
        .expect("outputs");
    assert_eq!(both.embeddings.len(), 20 * both.features);
    assert_eq!(both.temporary, first.temporary);
    cache
        .outputs(
            &base,
            &run.data().inputs,
            &photos[1..],
            VoterInput::Temporary,
            run.device(),
        )
        .expect("outputs");
    assert_eq!(files().len(), 3);
    // Other weights take the place of those that were.
    let other = Photofeeler::new(&features(&[]), &Context::new(testing::device(), SEED + 1)).expect("a run");
    cache
        .outputs(
            &other.model().base,
            &run.data().inputs,
            &photos,
            VoterInput::Temporary,
            run.device(),
        )
        .expect("outputs");
    assert_eq!(files().len(), 3);
    assert_eq!(outputs(), first, "computed again");
}

#[test]
fn ratings_of_anything_are_learned_by_who_gave_them() {
    // Two kinds of voters who want the opposite, as many of each: distributions alone do not say which end a thing is at, so that the voter
    // model has to see the embedding.
    let things = 240;
    let value = |thing: usize, column: usize| ((thing * 37 + column * 101) % 97) as f32 / 48.0 - 1.0;
    let features: Vec<f32> = (0..things * 3).map(|place| value(place / 3, place % 3)).collect();
    let votes = (0..things * 6).map(|number| {
        let (thing, voter) = (number / 6, number % 12);
        let sign = if voter % 2 == 0 { 1.0 } else { -1.0 };
        Vote {
            photo: thing,
            voter,
            score: (3.0 + sign * 2.0 * f64::from(value(thing, 0))).round().clamp(1.0, 5.0),
        }
    });
    let ratings = Ratings {
        features: features.clone(),
        width: 3,
        votes: votes.collect(),
        // The last one has no votes.
        voters: 13,
        range: [1.0, 5.0],
    };
    let settings = [
        "phase_1.steps=60",
        "schedule.steps=460",
        "phase_1.batch=32",
        "phase_2.batch=64",
        "phase_2.rate=1e-2",
        "phase_2.input='both'",
    ];
    let fitted = ratings.clone().fit(&settings, &context()).expect("fitted");
    let found = fitted.findings().expect("findings").votes;
    assert!(found.voter_model.expect("defined") > 0.8, "{found:?}");
    assert!(found.base.is_none_or(|base| base < 0.4), "{found:?}");
    let high = [0.9, 0.0, 0.0];
    let says = |voter| fitted.predict(&high, voter).expect("a score").scores[0];
    assert!(says(Some(0)) > says(Some(1)) + 1.0);
    assert!(
        says(Some(1)) < says(None) && says(None) < says(Some(0)),
        "somebody unknown is between them"
    );
    // Voters of whom nothing was learned are told, and are like somebody unknown.
    for (voter, is_unknown) in [
        (Some(1), false),
        (Some(12), true),
        (Some(usize::MAX), true),
        (None, true),
    ] {
        let predicted = fitted.predict(&high, voter).expect("a score");
        assert_eq!(predicted.is_unknown, is_unknown, "{voter:?}");
        assert_eq!(predicted.scores[0] == says(None), is_unknown);
    }
    assert!(
        fitted
            .predict(&high[..2], None)
            .expect_err("ragged")
            .to_string()
            .contains("rows of 3")
    );

    let wrong = Ratings {
        width: 7,
        ..ratings.clone()
    };
    assert!(
        wrong
            .fit(&settings, &context())
            .expect_err("ragged")
            .to_string()
            .contains("rows of 7")
    );
    let mut outside = ratings;
    outside.votes[5].score = 9.0;
    assert!(
        outside
            .fit(&settings, &context())
            .expect_err("out of range")
            .to_string()
            .contains('9')
    );
}

#[test]
fn what_all_voters_say_is_the_mean_of_many_votes() {
    let streams = context().streams;
    let population = Population::draw(Trait::Attractive, 0, 40, &streams);
    let attributes = Attributes::draw(&mut streams.at("one", 0, 0));
    let mut random = streams.at("many", 0, 0);
    let draws = 2000;
    let mut sum = 0.0;
    for voter in &population.voters {
        for _ in 0..draws {
            sum += voter.vote(&attributes, &mut random);
        }
    }
    let mean = sum / (3.0 * 40.0 * f64::from(draws));
    // The deviation of a vote is at most 1.5 of 3: three standard errors are 0.0053.
    assert!((population.truth(&attributes) - mean).abs() < 0.0053);
}

#[test]
fn confounding_shows_bright_photos_to_lenient_voters() {
    let streams = context().streams;
    let population = Population::draw(Trait::Attractive, 0, 150, &streams);
    let mean_bias = |confounding: f64, background: f64| {
        let biases: Vec<f64> = (0..200)
            .flat_map(|photo| {
                let drawn = Attributes::draw(&mut streams.at("photo", 0, photo));
                let attributes = Attributes { background, ..drawn };
                let serving = Serving { votes: 3, confounding };
                population.served(&attributes, serving, &mut streams.at("served", 0, photo))
            })
            .map(|voter| population.voters[voter].bias)
            .collect();
        biases.iter().sum::<f64>() / biases.len() as f64
    };
    assert!(mean_bias(1.5, 0.9) > mean_bias(1.5, -0.9) + 0.5);
    assert!(
        (mean_bias(0.0, 0.9) - mean_bias(0.0, -0.9)).abs() < 1e-12,
        "the same voters whatever the background"
    );
}

#[test]
fn persons_keep_to_one_side_and_share_a_face() {
    let config = portraits(&["data.generator.photos_per_person=3"]);
    let data = RatedPhotos::load(&config.data, &context()).expect("portraits");
    data.check().expect("nobody is on both sides");
    assert_eq!(data.persons[0], data.persons[2]);
    assert_ne!(data.persons[2], data.persons[3]);
    // 120 photos to learn from, 15 % of them to choose by, dealt out by person.
    assert_eq!(
        (
            data.split.train.len(),
            data.split.validation.len(),
            data.split.test.len()
        ),
        (102, 18, 40)
    );
    assert_eq!(data.votes.len(), 120 * 3 + 40 * 8);
}

#[test]
fn a_panel_has_only_voters_who_were_learned_from() {
    let run = Photofeeler::new(&features(&[]), &context()).expect("a run");
    let seen = &run.prepared().seen;
    let panel = draw_panel(seen, &run.config().evaluation, run.streams());
    assert!(panel.iter().all(|voter| seen.contains(voter)));
    assert!(draw_panel(&[], &run.config().evaluation, run.streams()).is_empty());
    assert!(run.evaluate().is_ok(), "an untrained run can be measured");
}
