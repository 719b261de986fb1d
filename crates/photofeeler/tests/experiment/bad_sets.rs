//! Rows of the table of bad input: who voted on whom, and which photos are for what.

use std::fs;

use papers_core::Experiment as _;
use photofeeler::{
    data::{Inputs, RatedPhotos, Split},
    evaluate::draw_panel,
    model::VoterInput,
    train::Photofeeler,
    votes::{Vote, VotesError},
};

use crate::{
    common::features,
    made_up::{accepted, context, load, numbers, refused, table},
};

#[test]
fn photos_whose_votes_do_not_count_have_no_label_and_may_be_scored() {
    // The votes on five photos are all by voters of the subject's gender.
    let votes = table(|lines| {
        lines[0] += ",voter_gender,subject_gender";
        for line in lines.iter_mut().skip(1) {
            let is_left_out = ["p03", "p08", "p15", "p21", "p27"]
                .iter()
                .any(|name| line.contains(name));
            *line += if is_left_out { ",female,female" } else { ",male,female" };
        }
    });
    let mut run = accepted(&votes, &["data.voters='opposite'"]);
    let photos: Vec<usize> = (0..30).filter(|photo| [3, 8, 15, 21, 27].contains(photo)).collect();
    let split = &run.data().split;
    for photo in &photos {
        assert_eq!(run.prepared().labels.photos[*photo], None, "never 0");
        let is_in = [&split.train, &split.validation, &split.test]
            .iter()
            .any(|part| part.contains(photo));
        assert!(!is_in, "in no phase, and not measured with");
    }
    assert!(
        run.data()
            .warnings
            .iter()
            .any(|warning| warning.contains("5 photos have no votes"))
    );
    run.train().expect("both phases");
    let panel = draw_panel(&run.prepared().seen, &run.config().evaluation, run.streams());
    let scores = run
        .model()
        .score(&run.data().inputs, &photos, &panel, run.device())
        .expect("scores");
    assert!(scores.len() == 5 && scores.iter().all(|score| (0.05..=0.95).contains(score)));
}

#[test]
fn photos_to_measure_with_need_votes_and_the_error_says_which_setting() {
    // Each photo has three votes.
    let error = refused(&table(|_| ()), &["data.min_votes_test=4"]);
    assert!(error.contains("data.min_votes_test"), "{error}");
    let run = accepted(&table(|_| ()), &["data.min_votes_test=3"]);
    assert!(run.data().split.test.len() > 2);
    let counted = accepted(&table(|_| ()), &["data.test_photos=5", "data.validation_photos=4"]);
    let split = &counted.data().split;
    assert_eq!(
        (split.test.len(), split.validation.len(), split.train.len()),
        (5, 4, 21)
    );
}

#[test]
fn a_photo_to_measure_with_that_lost_its_votes_is_no_photo_of_score_0() {
    let run = accepted(&table(|_| ()), &[]);
    let mut data = run.data().clone();
    let lost = data.split.test[0];
    data.votes.retain(|vote| vote.photo != lost);
    let others = data.split.test.len() - 1;
    let run = Photofeeler::with_data(run.config(), data, &context()).expect("the others are left");
    assert_eq!(run.findings().expect("findings").photos.len(), others);
}

#[test]
fn pictures_of_one_name_and_rows_that_differ_are_refused() {
    let votes = table(|lines| {
        lines[0] += ",person";
        for (number, line) in lines.iter_mut().enumerate().skip(1) {
            *line += if number == 2 { ",somebody" } else { ",a" };
            let end = line.rfind(',').expect("a person");
            if !line.contains("p00") {
                line.truncate(end + 1);
            }
        }
    });
    let error = refused(&votes, &[]);
    assert!(
        error.contains("`p00`") && error.contains("somebody") && error.contains("person"),
        "{error}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let twice = numbers(30) + "\np05.png,1,1\np05.jpg,2,2";
    fs::write(folder.path().join("numbers.csv"), twice.replace("p05,", "p05.jpeg,")).expect("written");
    let Err(error) = load(folder.path(), &table(|_| ()), &[]) else {
        panic!("accepted");
    };
    assert!(error.to_string().contains("both called `p05`"), "{error}");
}

#[test]
fn one_photo_or_one_voter_is_too_few() {
    let error = refused(
        "photo,voter,score\np00,v0,1\np00,v1,2",
        &["data.table.skip_missing=true"],
    );
    assert!(error.contains("photos") && error.contains("2 are needed"), "{error}");
    let alone = table(|lines| {
        lines.truncate(1);
        lines.extend((0..30).map(|photo| format!("{},p{photo:02},v0", photo % 4)));
    });
    let error = refused(&alone, &[]);
    assert!(error.contains("1 voters and 2 are needed"), "{error}");
}

#[test]
fn an_unknown_voter_is_like_the_mean_of_the_known_ones() {
    let mut run = accepted(&table(|_| ()), &[]);
    run.train().expect("both phases");
    let model = run.model();
    let outputs = model
        .base
        .outputs(&run.data().inputs, &[0], VoterInput::Temporary, run.device())
        .expect("outputs");
    let says = |voter| {
        model
            .votes(&outputs, &[(0, voter)], run.device())
            .expect("read")
            .expect("a voter model")
    };
    assert_eq!(says(None).len(), 10);
    assert_ne!(says(None), says(Some(0)));
}

#[test]
fn a_person_on_both_sides_is_refused() {
    let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
    let photos = RatedPhotos {
        name: "toy".to_owned(),
        inputs: Inputs::Features { values, width: 2 },
        names: (0..6).map(|photo| format!("p{photo}")).collect(),
        persons: vec![0, 0, 1, 1, 2, 3],
        voters: vec!["a".to_owned(), "b".to_owned()],
        is_anonymous: false,
        has_means_alone: false,
        votes: (0..12)
            .map(|number| Vote {
                photo: number / 2,
                voter: number % 2,
                score: (number % 3) as f64,
            })
            .collect(),
        range: [0.0, 3.0],
        split: Split {
            train: vec![0, 1, 2],
            validation: vec![4],
            test: vec![3, 5],
        },
        simulated: None,
        warnings: Vec::new(),
    };
    let error = photos.check().expect_err("person 1 is in two parts");
    assert!(
        matches!(
            error,
            VotesError::Leak {
                one: "train",
                other: "test",
                ..
            }
        ),
        "{error}"
    );
    let Err(error) = Photofeeler::with_data(&features(&[]), photos, &context()) else {
        panic!("accepted");
    };
    assert!(error.to_string().contains("learned by heart"), "{error}");
    // A list of the photos to measure with that tears a person apart, from a table.
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("test.txt");
    fs::write(&list, "p00 1.5\np01 2.0\np02 0.1\n").expect("written");
    let votes = table(|lines| {
        lines[0] += ",person";
        for line in lines.iter_mut().skip(1) {
            *line += if line.contains("p02") || line.contains("p03") {
                ",both"
            } else {
                ","
            };
        }
    });
    let sets = format!("data.table.test_list='{}'", list.display());
    let Err(error) = load(folder.path(), &votes, &[&sets]) else {
        panic!("accepted");
    };
    assert!(error.to_string().contains("`both`"), "{error}");
}

#[test]
fn scores_of_nobody_serve_distributions_alone() {
    let anonymous = table(|lines| {
        for line in lines.iter_mut() {
            let end = line.rfind(',').expect("a voter");
            line.truncate(end);
        }
    });
    let error = refused(&anonymous, &[]);
    assert!(error.contains("NoPerVoterRows"), "{error}");
    let error = refused(&anonymous, &["output='distribution'", "phase_1.steps=14"]);
    assert!(
        error.contains("NoPerVoterRows"),
        "normalization needs voters, too: {error}"
    );
    let sets = ["output='distribution'", "phase_1.steps=14", "votes.scale='raw'"];
    let mut run = accepted(&anonymous, &sets);
    run.train().expect("phase 1");
    assert!(run.evaluate().is_ok() && run.figures().is_ok());
}

#[test]
fn votes_of_the_same_gender_and_of_unknown_ones_are_left_out_and_counted() {
    let votes = table(|lines| {
        lines[0] += ",voter_gender,subject_gender";
        for (number, line) in lines.iter_mut().enumerate().skip(1) {
            *line += ["", ",male,female", ",female,female", ",,female"][1 + number % 3];
        }
    });
    let run = accepted(&votes, &["data.voters='opposite'"]);
    assert_eq!(run.data().votes.len(), 30);
    assert!(
        run.data()
            .warnings
            .iter()
            .any(|warning| warning.contains("60 votes are left out"))
    );
    let none = refused(&votes, &["data.subjects='male'"]);
    assert!(none.contains("are needed"), "{none}");
}
