//! Rows of the table of bad input: votes.

use std::fs;

use papers_core::{Experiment as _, base::figure::Body};
use photofeeler::votes::{Duplicates, Labels, Scale, Vote, VoteTables, VotesConfig, settle};

use crate::made_up::{accepted, load, numbers, refused, table};

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
    // Splits do not depend on votes.
    let plain = accepted(&table(|_| ()), &[]);
    let learned = plain.data().names[plain.data().split.train[0]].clone();
    let run = accepted(
        &table(|lines| {
            lines.push(format!("3,{learned},once"));
            lines.extend((0..30).map(|photo| format!("2,p{photo:02},always")));
        }),
        &[],
    );
    assert_eq!(run.data().voters.len(), 8);
    let mut run = run;
    run.train().expect("both phases");
    let figures = run.figures().expect("figures");
    let setup = figures.iter().find(|figure| figure.name == "setup").expect("a table");
    let Body::Table(table) = &setup.body else {
        panic!("a table");
    };
    let row = |what: &str| {
        table
            .rows
            .iter()
            .find(|row| row[0].starts_with(what))
            .map(|row| row[1].as_str())
    };
    assert_eq!(row("voters with one vote"), Some("once"));
    assert_eq!(row("voters with the same score every time"), Some("always"));
    let tables = &run.prepared().tables.voters;
    let voter = |name: &str| run.data().voters.iter().position(|other| other == name).expect("known");
    assert!(tables[voter("always")].weight >= 0.05 && tables[voter("always")].agreement.is_none());
    assert!(tables[voter("once")].weight >= 0.05 && tables[voter("once")].agreement.is_none());
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
fn weights_that_sum_to_nothing_are_left_aside_and_counted() {
    let votes: Vec<Vote> = [(0, 0, 1.0), (0, 1, 3.0), (1, 0, 2.0), (1, 2, 0.0)]
        .map(|(photo, voter, score)| Vote { photo, voter, score })
        .to_vec();
    let mut tables = VoteTables::fit(&votes, 3, 5.0);
    (tables.voters[0].weight, tables.voters[1].weight) = (0.0, 0.0);
    let config = VotesConfig {
        scale: Scale::Raw,
        ..VotesConfig::default()
    };
    let labels = Labels::of(&votes, 3, &tables, [0.0, 3.0], &config);
    assert_eq!(labels.fell_back, 1);
    let score = |photo: usize| labels.photos[photo].as_ref().map(|label| label.score);
    assert!(
        (score(0).expect("a label") - 2.0 / 3.0).abs() < 1e-12,
        "both votes count alike"
    );
    assert_eq!((score(1), score(2)), (Some(0.0), None));
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
    let failure = run.findings().expect("findings").failure().expect("undefined");
    assert!(failure.contains("measured against"), "{failure}");
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
    let findings = run.findings().expect("findings");
    assert!(findings.failure().expect("undefined").contains("the same score"));
    assert!(findings.collapse().is_some(), "nothing is left to voters");
    assert!(scalars.contains(&("collapsed".to_owned(), 1.0)), "{scalars:?}");
    assert!(scalars.contains(&("failed".to_owned(), 1.0)), "{scalars:?}");
    assert!(
        scalars
            .iter()
            .all(|(name, value)| name != "pearson" && value.is_finite())
    );
}
