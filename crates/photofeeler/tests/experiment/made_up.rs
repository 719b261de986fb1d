//! A made-up table of votes on things that are described by two numbers.

use std::{fs, path::Path};

use papers_core::{Context, Experiment as _, Result, testing};
use photofeeler::train::Photofeeler;

use crate::common::try_of;

pub(crate) fn context() -> Context {
    Context::new(testing::device(), 4)
}

/// A table of 30 photos, 6 voters, every photo by 3 of them, and changes of it.
pub(crate) fn table(change: impl Fn(&mut Vec<String>)) -> String {
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
pub(crate) fn numbers(photos: usize) -> String {
    let rows = (0..photos).map(|photo| format!("p{photo:02},{},{}", photo % 7, (photo * 3) % 5));
    std::iter::once("photo,a,b".to_owned())
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

pub(crate) fn load(folder: &Path, votes: &str, sets: &[&str]) -> Result<Photofeeler> {
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

pub(crate) fn refused(votes: &str, sets: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    match load(folder.path(), votes, sets) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

pub(crate) fn accepted(votes: &str, sets: &[&str]) -> Photofeeler {
    let folder = tempfile::tempdir().expect("a folder");
    load(folder.path(), votes, sets).expect("accepted")
}
