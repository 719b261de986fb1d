//! Columns, traits and lists of tables that are not as they should be.

use std::fs;

use papers_core::Experiment as _;
use photofeeler::{
    train::Photofeeler,
    votes::{TableOptions, VotesError, read_means, read_table, read_wide},
};

use crate::made_up::{accepted, context, load, numbers, refused, table};

const MARK: &str = "\u{feff}";

fn options() -> TableOptions {
    TableOptions {
        range: [1.0, 7.0],
        of_trait: "attractive",
    }
}

#[test]
fn names_of_columns_have_any_case_and_marks_are_passed_over() {
    let wide = |text: &str| read_wide(text.as_bytes(), "wide", &options(), &["Notes".to_owned()]).expect("rows");
    let plain = wide("rater,rater_sex,Notes,X001\na,male,9,3\n");
    assert_eq!(plain.len(), 1);
    for marked in [
        format!("{MARK}Rater,RATER_SEX,notes,X001\na,male,9,3\n"),
        format!("{MARK} RATER , Rater_Sex ,NOTES, X001\na,male,9,3\n"),
        format!("{MARK}\"rater\",rater_sex,notes,X001\na,male,9,3\n"),
    ] {
        assert_eq!(wide(&marked), plain, "{marked}");
    }
    let first = wide(&format!("{MARK}X001,Rater\n3,a\n"));
    assert_eq!(
        (first[0].photo.as_str(), first[0].voter.as_deref()),
        ("X001", Some("a"))
    );

    let means = |text: &str| read_means(text.as_bytes(), "means", &options()).expect("rows").rows;
    let plain = means("file,mean_score,fold\np,2,4\n");
    assert_eq!(plain[0].fold, Some(4));
    for marked in ["FOLD,File,Mean_Score\n4,p,2\n", "CV_test_fold,Photo,SCORE\n4,p,2\n"] {
        assert_eq!(means(&format!("{MARK}{marked}")), plain, "{marked}");
    }

    // Votes and numbers, as a spreadsheet saves them.
    let folder = tempfile::tempdir().expect("a folder");
    let numbers = numbers(30).replacen("photo,", &format!("{MARK}Photo,"), 1);
    fs::write(folder.path().join("numbers.csv"), numbers).expect("written");
    let votes = table(|lines| lines[0] = format!("{MARK}Score,PHOTO,Voter"));
    let run = load(folder.path(), &votes, &[]).expect("accepted");
    assert_eq!(run.data().votes, accepted(&table(|_| ()), &[]).data().votes);
}

#[test]
fn cells_without_a_name_are_refused_with_their_line() {
    let empty = |error: VotesError, line: u64, column: &str| {
        let is_right = matches!(&error, VotesError::Empty { line: at, column: of, .. } if *at == line && *of == column);
        assert!(is_right, "{error}");
    };
    let wide = |text: &str| read_wide(text.as_bytes(), "wide", &options(), &[]).expect_err("no voter");
    empty(wide("voter,X001\na,3\n,4\n"), 3, "voter");
    empty(wide("X001,RATER\n3,\n"), 2, "rater");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("votes.csv");
    for (text, line, column) in [
        ("photo,voter,score\np,,3\n", 2, "voter"),
        ("photo,trait,voter,score\np,attractive,a,3\np,,b,3\n", 3, "trait"),
    ] {
        fs::write(&path, text).expect("written");
        empty(read_table(&path, &options()).expect_err("empty"), line, column);
    }
    fs::write(folder.path().join("numbers.csv"), "photo,a\np00,1\n,2\n").expect("written");
    let Err(error) = load(folder.path(), &table(|_| ()), &[]) else {
        panic!("accepted");
    };
    assert!(error.to_string().contains("line 3: `photo` is empty"), "{error}");
}

#[test]
fn rows_of_other_traits_are_counted_and_told() {
    let of = |traits: [&str; 3]| {
        table(|lines| {
            lines[0] += ",trait";
            for (number, line) in lines.iter_mut().enumerate().skip(1) {
                *line = format!("{line},{}", traits[number % 3]);
            }
        })
    };
    let run = accepted(&of(["attractive", "Attractive", "smart"]), &[]);
    assert_eq!(run.data().votes.len(), 60);
    let told = |warning: &String| warning.contains("30 rows of other traits") && warning.contains("30 of smart");
    assert!(run.data().warnings.iter().any(told), "{:?}", run.data().warnings);
    let error = refused(&of(["smart", "atractive", "smart"]), &[]);
    assert!(
        error.contains("no scores of `attractive`") && error.contains("atractive, smart"),
        "{error}"
    );
    // A column of traits leaves the folds where they are.
    let means = "file,trait,mean_score,fold\np,smart,2,1\np,attractive,3,2\nq,attractive,4,5\n";
    let means = read_means(means.as_bytes(), "means", &options()).expect("rows");
    let found: Vec<_> = means.rows.iter().map(|row| (row.photo.as_str(), row.fold)).collect();
    assert_eq!(found, [("p", Some(2)), ("q", Some(5))]);
    assert_eq!(means.warnings.len(), 1);
    // Of rows that count, a fold is a number; of others nobody asks.
    let bad = |of: &str| {
        read_means(
            format!("file,trait,score,fold\np,{of},2,x\nq,attractive,3,1\n").as_bytes(),
            "means",
            &options(),
        )
    };
    assert!(bad("smart").is_ok());
    assert!(bad("attractive").expect_err("no number").to_string().contains("line 2"));
}

#[test]
fn listed_photos_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("test.txt");
    fs::write(&list, "p00.jpg 1.5\np01\np02\nq77 2.0\nq78.png\n").expect("written");
    let sets = format!("data.table.test_list='{}'", list.display());
    let Err(error) = load(folder.path(), &table(|_| ()), &[&sets]) else {
        panic!("accepted");
    };
    let error = error.to_string();
    assert!(
        error.contains("2 names") && error.contains("(q77, q78.png)") && error.contains("skip_missing"),
        "{error}"
    );
    let run = load(folder.path(), &table(|_| ()), &[&sets, "data.table.skip_missing=true"]).expect("passed over");
    assert_eq!(run.data().split.test.len(), 3);
    assert!(run.data().warnings.iter().any(|warning| warning.contains("q78.png")));
    fs::write(&list, "p00\np01\np02\n").expect("written");
    let run = load(folder.path(), &table(|_| ()), &[&sets]).expect("all are there");
    assert!(run.data().warnings.is_empty(), "{:?}", run.data().warnings);
}

#[test]
fn voters_need_votes_to_learn_from() {
    let run = accepted(&table(|_| ()), &[]);
    let mut data = run.data().clone();
    // Six voters, five of whom voted on photos to measure with alone.
    let train = data.split.train.clone();
    data.votes
        .retain(|vote| vote.voter == 0 || !train.contains(&vote.photo));
    assert!((1..6).all(|voter| data.votes.iter().any(|vote| vote.voter == voter)));
    let Err(error) = Photofeeler::with_data(run.config(), data.clone(), &context()) else {
        panic!("accepted");
    };
    assert!(
        error
            .to_string()
            .contains("1 voters with votes to learn from and 2 are needed"),
        "{error}"
    );
    // Distributions need no second voter.
    let mut config = run.config().clone();
    config.output = photofeeler::model::OutputKind::Distribution;
    config.phase_1.steps = config.schedule.steps;
    let mut run = Photofeeler::with_data(&config, data, &context()).expect("accepted");
    run.train().expect("phase 1");
    assert!(run.evaluate().is_ok());
}
