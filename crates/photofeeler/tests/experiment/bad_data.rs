//! Each row of the table of bad input.

use std::{fs, path::Path};

use papers_core::{Context, Experiment as _, Result, testing};
use photofeeler::{
    data::{Inputs, RatedPhotos, Split},
    train::Photofeeler,
    votes::{Duplicates, TableOptions, Vote, VotesError, read_scut, read_table, read_wide, settle},
};

use crate::common::{features, try_of};

fn context() -> Context {
    Context::new(testing::device(), 4)
}

/// A table of 30 photos, 6 voters, every photo by 3 of them, and changes of it.
fn table(change: impl Fn(&mut Vec<String>)) -> String {
    let mut lines = vec!["score,photo,voter".to_owned()];
    for photo in 0..30 {
        for turn in 0..3 {
            lines.push(format!(
                "{},p{photo:02},v{}",
                (photo + turn * 2) % 4,
                (photo + turn * 2) % 6
            ));
        }
    }
    change(&mut lines);
    lines.join("\n")
}

/// Numbers of as many photos.
fn numbers(photos: usize) -> String {
    let rows = (0..photos).map(|photo| format!("p{photo:02},{},{}", photo % 7, (photo * 3) % 5));
    std::iter::once("photo,a,b".to_owned())
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

fn load(folder: &Path, votes: &str, sets: &[&str]) -> Result<Photofeeler> {
    fs::write(folder.join("votes.csv"), votes).expect("written");
    if !folder.join("numbers.csv").exists() {
        fs::write(folder.join("numbers.csv"), numbers(30)).expect("written");
    }
    let path = |name: &str| folder.join(name).display().to_string();
    let source = format!(
        "data.table={{votes='{}',features='{}',min=0.0,max=3.0}}",
        path("votes.csv"),
        path("numbers.csv")
    );
    let all = [&["data.set='csv'", source.as_str(), "data.min_votes_test=1"], sets].concat();
    Photofeeler::new(&try_of("features", &all).expect("settings"), &context())
}

fn refused(votes: &str, sets: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    match load(folder.path(), votes, sets) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

fn accepted(votes: &str, sets: &[&str]) -> Photofeeler {
    let folder = tempfile::tempdir().expect("a folder");
    load(folder.path(), votes, sets).expect("accepted")
}

#[test]
fn a_plain_table_is_learned_from() {
    let mut run = accepted(&table(|_| ()), &[]);
    assert_eq!(
        (run.data().names.len(), run.data().voters.len(), run.data().votes.len()),
        (30, 6, 90)
    );
    run.train().expect("both phases");
    assert!(
        run.evaluate()
            .expect("numbers")
            .iter()
            .all(|(_, value)| value.is_finite())
    );
}

#[test]
fn voters_with_one_vote_or_constant_votes_are_kept_and_told() {
    let run = accepted(
        &table(|lines| {
            lines.push("3,p01,once".to_owned());
            lines.extend((0..30).map(|photo| format!("2,p{photo:02},always")));
        }),
        &[],
    );
    assert_eq!(run.data().voters.len(), 8);
    let mut run = run;
    run.train().expect("both phases");
    assert!(
        run.figures()
            .expect("figures")
            .iter()
            .any(|figure| figure.name == "setup")
    );
}

#[test]
fn photos_without_votes_are_in_no_phase() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("numbers.csv"), numbers(32)).expect("written");
    let votes = table(|_| ());
    let Err(error) = load(folder.path(), &votes, &[]) else {
        panic!("accepted");
    };
    assert!(
        error.to_string().contains("2 pictures have no votes (p30, p31)"),
        "{error}"
    );
    let run = load(folder.path(), &votes, &["data.table.skip_missing=true"]).expect("left out");
    assert_eq!(run.data().names.len(), 30);
    assert!(run.data().warnings.iter().any(|warning| warning.contains("p30")));
}

#[test]
fn votes_on_photos_that_are_not_there_are_listed() {
    let votes = table(|lines| lines.push("1,nowhere,v1".to_owned()));
    let error = refused(&votes, &[]);
    assert!(
        error.contains("1 photos have votes and no picture (nowhere)"),
        "{error}"
    );
    assert_eq!(
        accepted(&votes, &["data.table.skip_missing=true"]).data().votes.len(),
        90
    );
}

#[test]
fn scores_that_are_none_are_named_with_their_line() {
    for (line, text) in [
        ("4.5,p01,v1", "4.5"),
        ("NaN,p01,v1", "NaN"),
        (",p01,v1", ""),
        ("good,p01,v1", "good"),
        ("inf,p01,v1", "inf"),
    ] {
        let error = refused(&table(|lines| lines.insert(3, line.to_owned())), &[]);
        assert!(
            error.contains("line 4") && error.contains(&format!("`{text}`")),
            "{error}"
        );
    }
    let error = refused(&table(|lines| lines.insert(3, "1,,v1".to_owned())), &[]);
    assert!(
        error.contains("line 4") && error.contains("`photo` is empty"),
        "{error}"
    );
    let error = refused(&table(|lines| lines[0] = "score,picture,voter".to_owned()), &[]);
    assert!(
        error.contains("no column `photo`") && error.contains("picture"),
        "{error}"
    );
}

#[test]
fn two_votes_of_a_voter_on_a_photo_need_a_rule() {
    let votes = table(|lines| lines.push("3,p00,v0".to_owned()));
    let error = refused(&votes, &[]);
    assert!(
        error.contains("`v0`") && error.contains("`p00`") && error.contains("duplicates"),
        "{error}"
    );
    let score = |rule: &str| {
        let run = accepted(&votes, &[rule]);
        let vote = |name: &str, names: &[String]| names.iter().position(|other| other == name).expect("known");
        let (photo, voter) = (vote("p00", &run.data().names), vote("v0", &run.data().voters));
        let found: Vec<f64> = run
            .data()
            .votes
            .iter()
            .filter(|vote| (vote.photo, vote.voter) == (photo, voter))
            .map(|vote| vote.score)
            .collect();
        assert_eq!(found.len(), 1);
        found[0]
    };
    assert_eq!(score("data.table.duplicates='last'"), 3.0);
    assert_eq!(score("data.table.duplicates='mean'"), 1.5);
    let three = [1.0, 2.0, 6.0].map(|score| Vote {
        photo: 0,
        voter: 0,
        score,
    });
    let mean = settle(three.to_vec(), Duplicates::Mean, |_| Default::default()).expect("one");
    assert_eq!((mean.len(), mean[0].score), (1, 3.0));
}

#[test]
fn votes_that_are_all_the_same_train_and_are_marked_failed() {
    let votes = table(|lines| {
        for line in lines.iter_mut().skip(1) {
            line.replace_range(..1, "2");
        }
    });
    let mut run = accepted(&votes, &[]);
    assert!(
        run.prepared()
            .warnings
            .iter()
            .any(|warning| warning.contains("all votes are the same"))
    );
    assert!(
        run.prepared()
            .labels
            .photos
            .iter()
            .flatten()
            .all(|label| label.score == 0.5)
    );
    run.train().expect("both phases");
    let scalars = run.evaluate().expect("numbers");
    // The reference is constant: no correlation, and no NaN.
    assert!(scalars.contains(&("failed".to_owned(), 1.0)), "{scalars:?}");
    assert!(
        scalars
            .iter()
            .all(|(name, value)| name != "pearson" && value.is_finite())
    );
    assert!(run.figures().is_ok());
}

#[test]
fn constant_predictions_are_marked_failed() {
    // All photos look the same.
    let folder = tempfile::tempdir().expect("a folder");
    let rows = (0..30).map(|photo| format!("p{photo:02},1,1"));
    let same = std::iter::once("photo,a,b".to_owned())
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n");
    fs::write(folder.path().join("numbers.csv"), same).expect("written");
    let mut run = load(folder.path(), &table(|_| ()), &[]).expect("accepted");
    run.train().expect("both phases");
    let scalars = run.evaluate().expect("numbers");
    assert!(scalars.contains(&("failed".to_owned(), 1.0)), "{scalars:?}");
    assert!(
        scalars
            .iter()
            .all(|(name, value)| name != "pearson" && value.is_finite())
    );
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
        .outputs(&run.data().inputs, &[0], run.device())
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

#[test]
fn wide_tables_and_scuts_sheet_become_rows() {
    let options = TableOptions {
        range: [1.0, 7.0],
        of_trait: "attractive",
    };
    let wide = "rater_sex,rater_age,X001,X002\nmale,20,3,\nfemale,31,7,1\n";
    let rows = read_wide(wide.as_bytes(), "wide", &options, &[]).expect("rows");
    assert_eq!(rows.len(), 3, "an empty cell is no vote");
    assert_eq!(
        (rows[1].photo.as_str(), rows[1].voter.as_deref(), rows[1].score),
        ("X001", Some("2"), 7.0)
    );
    let error = read_wide("X001\n9\n".as_bytes(), "wide", &options, &[]).expect_err("out of range");
    assert!(matches!(error, VotesError::Score { line: 2, .. }), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("All_Ratings.csv");
    fs::write(
        &path,
        "Rater,Filename,Rating,original Rating\n1,CF1.jpg,3,\n2,AM7.jpg,4,3\n2,mty9.jpg,2,\n",
    )
    .expect("written");
    let options = TableOptions {
        range: [1.0, 5.0],
        of_trait: "attractive",
    };
    let rows = read_scut(&path, &options).expect("rows");
    let genders: Vec<Option<&str>> = rows
        .iter()
        .map(|row| row.subject_gender.map(photofeeler::votes::Gender::name))
        .collect();
    assert_eq!(genders, [Some("female"), Some("male"), Some("male")]);
    assert_eq!(rows[1].score, 4.0, "the rating, not the original one");
    let means = folder.path().join("mean_scores.csv");
    fs::write(
        &means,
        "file,mean_score,cv_test_fold\nftw1.jpg,4.116667,5\nmtw2.jpg,3.55,2\n",
    )
    .expect("written");
    let rows = read_table(&means, &options).expect("rows");
    assert_eq!(
        (rows[0].photo.as_str(), rows[0].score, &rows[0].voter),
        ("ftw1.jpg", 4.116_667, &None)
    );
    let several = folder.path().join("traits.csv");
    fs::write(&several, "trait,photo,voter,score\nsmart,a,x,1\nattractive,a,x,2\n").expect("written");
    let of = read_table(&several, &options).expect("rows");
    assert_eq!((of.len(), of[0].score), (1, 2.0));
}
