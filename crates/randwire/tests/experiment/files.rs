//! Pictures that are read from disk.

use std::{fs, path::Path};

use image::{Rgb, RgbImage};
use papers_core::{
    Context, Experiment as _, Result,
    base::{
        config,
        journal::{Scalars, scalar},
    },
    testing, training,
};
use randwire::{
    config::{PRESETS, RandWireConfig},
    train::Classify,
};

use crate::train;

/// Pictures of each class.
const COUNT: u32 = 12;

/// Bright and dark pictures of many sizes, as PNG and as JPEG, in a sub-folder for each class.
fn write(folder: &Path, classes: &[(&str, u8)]) {
    for &(class, brightness) in classes {
        fs::create_dir_all(folder.join(class)).expect("a folder");
        for number in 0..COUNT {
            let value = |x: u32, y: u32| brightness + ((7 * x + 3 * y + number) % 30) as u8;
            let picture = RgbImage::from_fn(20 + number, 34 - number, |x, y| Rgb([value(x, y); 3]));
            let ending = if number % 2 == 0 { "png" } else { "jpg" };
            let path = folder.join(class).join(format!("{number}.{ending}"));
            picture.save(path).expect("a picture");
        }
    }
}

const CLASSES: [(&str, u8); 2] = [("bright", 200), ("dark", 20)];

fn files(train: &Path, more: &str, sets: &[&str]) -> RandWireConfig {
    let data = format!("data.files={{train='{}',side=16,resize=18,{more}}}", train.display());
    let small = [
        data.as_str(),
        "network.channels=4",
        "network.head=8",
        "network.stages=[{nodes=0,width=1},{nodes=5,width=2}]",
        "network.graph={generator='ws',k=2,p=0.5}",
        "training.batch=8",
        "schedule={steps=30,evaluate_every=15}",
    ];
    config::experiment(PRESETS, "files", &[&small, sets].concat()).expect("settings that exist")
}

fn begun(config: &RandWireConfig) -> Result<Classify> {
    Classify::new(config, &Context::new(testing::device(), 1))
}

fn error(scalars: &Scalars) -> f64 {
    scalar(scalars, "test_error").expect("an error rate")
}

#[test]
fn a_network_learns_from_a_folder_and_is_tested_on_what_it_has_not_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let [pictures, run] = ["pictures", "run"].map(|name| folder.path().join(name));
    write(&pictures, &CLASSES);
    let config = files(&pictures, "held_out=6", &[]);
    let before = begun(&config).expect("a network");
    assert_eq!(before.pictures().test_len(), 6);
    assert_eq!(before.pictures().shape(), [3, 16, 16]);
    let finished = train::<Classify>(&config, &run, 1, false).expect("a run");
    assert_eq!(error(&finished.scalars), 0.0, "bright and dark can be told apart");
    // The same weights with larger pictures.
    let larger: RandWireConfig = config::of_run(
        &run,
        &["data.files.side=24".to_owned(), "data.files.resize=28".to_owned()],
    )
    .expect("a run");
    let context = Context::new(testing::device(), 1);
    let (restored, _) = training::restore::<Classify>(&larger, &context, &run).expect("a run");
    assert_eq!(restored.pictures().shape(), [3, 24, 24]);
    assert_eq!(error(&restored.evaluate().expect("an evaluation")), 0.0);
}

#[test]
fn updates_repeat_and_runs_resume_exactly() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &CLASSES);
    let context = Context::new(testing::device(), 1);
    testing::assert_resumes_exactly::<Classify>(&files(folder.path(), "held_out=6", &[]), &context, 2)
        .expect("both runs");
}

#[test]
fn a_folder_of_test_pictures_has_the_classes_of_the_training_pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    let [pictures, test] = ["pictures", "test"].map(|name| folder.path().join(name));
    write(&pictures, &CLASSES);
    write(&test, &CLASSES[1..]);
    let more = format!("test='{}'", test.display());
    let run = begun(&files(&pictures, &more, &[])).expect("a network");
    let pictures_of = run.pictures();
    assert_eq!(pictures_of.test_len(), COUNT as usize);
    assert!((0..pictures_of.test_len()).all(|index| pictures_of.test_label(index) == 1));
    let images = pictures_of.test(&[0, 5, 11], &testing::device()).expect("pictures");
    assert_eq!(images.dims(), [3, 3, 16, 16]);
    assert!(
        testing::values(images).iter().all(|&value| value < -1.0),
        "they are dark"
    );
    write(&test, &[("gray", 100)]);
    let message = begun(&files(&pictures, &more, &[]))
        .expect_err("another class")
        .to_string();
    assert!(message.contains("gray"), "{message}");
}

#[test]
fn folders_that_cannot_be_learned_from_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |more: &str| {
        let error = begun(&files(folder.path(), more, &[])).expect_err(more);
        format!("{:#}", anyhow::Error::from(error))
    };
    write(folder.path(), &CLASSES[..1]);
    let message = refused("held_out=2");
    assert!(message.contains("1 class cannot be told from others"), "{message}");
    write(folder.path(), &CLASSES);
    let message = refused("held_out=24");
    assert!(message.contains("leave none of 24 to learn from"), "{message}");
}

#[test]
fn a_picture_that_cannot_be_read_stops_the_run_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &CLASSES);
    for number in 0..COUNT / 2 {
        fs::write(folder.path().join(format!("dark/{}.png", 2 * number)), b"no picture").expect("a file");
    }
    let mut run = begun(&files(folder.path(), "held_out=1", &[])).expect("a network");
    let error = (0..3).find_map(|step| run.step(step).err()).expect("an error");
    let message = format!("{:#}", anyhow::Error::from(error));
    assert!(message.contains("dark") && message.contains(".png"), "{message}");
}
