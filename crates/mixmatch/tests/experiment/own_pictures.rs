//! Pictures of one's own, in folders and with a table of a few labels.

use std::path::Path;

use mixmatch::{
    config::{MixMatchConfig, PRESETS},
    train::SemiSupervised,
};
use papers_core::{
    Context, Experiment,
    base::{
        catalogue::Split,
        config,
        images::{self, Tile},
    },
    testing,
};

const PICTURES: usize = 60;

/// The embedded digits as PNG files, of which every second is in the table.
fn write_pictures(folder: &Path) {
    let set = images::digits(Split::Train).expect("embedded");
    let mut table = "file,label\n".to_owned();
    for index in 0..PICTURES {
        let tile = Tile {
            pixels: set.image(index).to_vec(),
            ..Tile::default()
        };
        let file = format!("{index:03}.png");
        let png = images::sheet(&set, &[tile], 1).expect("a picture");
        std::fs::write(folder.join(&file), png).expect("a file");
        if index % 2 == 0 {
            table += &format!("{file},{}\n", set.class_names[usize::from(set.labels[index])]);
        }
    }
    std::fs::write(folder.join("labels.csv"), table).expect("a file");
}

fn configuration(folder: &Path, sets: &[&str]) -> MixMatchConfig {
    let place = folder.display();
    let all = [
        format!("data.folder.path='{place}'"),
        format!("data.folder.labels='{place}/labels.csv'"),
        "data.folder.side=8".to_owned(),
        "data.folder.channels=1".to_owned(),
        "data.folder.test=10".to_owned(),
        "data.augmentation.pad=1".to_owned(),
        "model.filters=4".to_owned(),
        "model.scales=2".to_owned(),
        "batch=4".to_owned(),
        "schedule.steps=2".to_owned(),
    ];
    let all: Vec<&str> = all.iter().map(String::as_str).chain(sets.iter().copied()).collect();
    config::experiment(PRESETS, "folder", &all).expect("settings that exist")
}

#[test]
fn a_folder_with_a_table_of_labels_is_trained_on_and_tested() {
    let folder = tempfile::tempdir().expect("a folder");
    write_pictures(folder.path());
    let config = configuration(folder.path(), &[]);
    let mut experiment = SemiSupervised::new(&config, &Context::new(testing::device(), 0)).expect("pictures");
    let pictures = experiment.pictures();
    let sizes = [&pictures.labeled, &pictures.unlabeled, &pictures.test].map(|set| set.len());
    // Thirty of sixty are in the table, ten of them are tested on.
    assert_eq!(sizes, [20, 30, 10]);
    assert!(!pictures.unlabeled.is_labeled());
    for step in 0..2 {
        experiment.step(step).expect("an update");
    }
    let scalars = experiment.evaluate().expect("an evaluation");
    assert!(scalars.iter().any(|(name, _)| name == "test_error"));
    assert!(!experiment.figures().expect("figures").is_empty());
}

#[test]
fn fewer_unlabeled_pictures_than_a_sheet_shows_are_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    write_pictures(folder.path());
    // One batch of eight is guessed out of nine; of twenty labeled pictures sixteen could be shown.
    for index in (1..PICTURES).step_by(2).skip(9) {
        std::fs::remove_file(folder.path().join(format!("{index:03}.png"))).expect("a picture");
    }
    let config = configuration(folder.path(), &["batch=8"]);
    let experiment = SemiSupervised::new(&config, &Context::new(testing::device(), 0)).expect("pictures");
    assert_eq!(experiment.pictures().unlabeled.len(), 9);
    assert!(!experiment.figures().expect("figures").is_empty());
}

#[test]
fn labels_that_are_kept_back_join_the_unlabeled_pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    write_pictures(folder.path());
    let config = configuration(folder.path(), &["data.labels=15"]);
    let experiment = SemiSupervised::new(&config, &Context::new(testing::device(), 0)).expect("pictures");
    let pictures = experiment.pictures();
    assert_eq!([pictures.labeled.len(), pictures.unlabeled.len()], [15, 35]);
}

#[test]
fn a_class_without_a_picture_to_learn_from_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    write_pictures(folder.path());
    let config = configuration(folder.path(), &["data.folder.test=30"]);
    let error = SemiSupervised::new(&config, &Context::new(testing::device(), 0)).expect_err("nothing is left");
    assert!(error.to_string().contains("leave no labeled one of `0`"), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let config = configuration(Path::new("/no/such/folder"), &[]);
    let error = SemiSupervised::new(&config, &Context::new(testing::device(), 0)).expect_err("no folder");
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}
