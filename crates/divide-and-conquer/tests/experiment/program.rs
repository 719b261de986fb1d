//! `index` and `query` with a run on a folder of pictures.

use std::path::Path;

use image::RgbImage;
use papers_core::testing::Program;

fn program(arguments: &[&str], folder: &Path) -> (bool, String) {
    let output = Program(env!("CARGO_BIN_EXE_divide-and-conquer")).run(folder, arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn a_folder_is_indexed_and_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let photos = folder.path().join("photos");
    for class in 0..4_u8 {
        std::fs::create_dir_all(photos.join(format!("{class}"))).expect("a folder");
        for number in 0..4_u8 {
            let picture = RgbImage::from_fn(16, 12, |x, y| {
                [class * 60, (x as u8).wrapping_mul(class + 1) * 8, y as u8 * 4 + number].into()
            });
            picture
                .save(photos.join(format!("{class}/{number}.png")))
                .expect("a picture");
        }
    }
    let sets = [
        "data.files.side=12",
        "data.files.resize=12",
        "batch.classes=2",
        "schedule.steps=6",
        "training.epoch_steps=2",
        "divide.warm_up=1",
        "divide.slices_until=2",
        "divide.clusters_until=2",
        "divide.learners=2",
        "model.conv_net.filters=2",
    ];
    let mut train = vec!["train", "--experiment", "folder", "--out", "run"];
    sets.iter().for_each(|set| train.extend(["--set", set]));
    let (is_done, text) = program(&train, folder.path());
    assert!(is_done, "{text}");
    assert!(folder.path().join("run/figures/neighbors.png").is_file(), "{text}");

    let (is_done, text) = program(&["query", "none", "photos/0/0.png"], folder.path());
    assert!(!is_done && text.contains("cannot read none"), "{text}");
    let (is_done, text) = program(&["index", "run", "photos"], folder.path());
    assert!(is_done && text.contains("16 pictures, 64 numbers each"), "{text}");
    let query = [
        "query",
        "run/index.safetensors",
        "photos/2/1.png",
        "-k",
        "3",
        "--sheet",
        "sheet.png",
    ];
    let (is_done, text) = program(&query, folder.path());
    assert!(is_done, "{text}");
    // The picture is in the index itself.
    assert!(text.contains("| 1 | 2/1.png | 0.0000 |"), "{text}");
    assert!(folder.path().join("sheet.png").is_file());

    std::fs::write(photos.join("3/9.png"), "no picture").expect("a file");
    let (is_done, text) = program(&["index", "run", "photos"], folder.path());
    assert!(
        !is_done && text.contains("3/9.png") && text.contains("--skip-bad"),
        "{text}"
    );
    let (is_done, text) = program(&["index", "run", "photos", "--skip-bad"], folder.path());
    assert!(
        is_done && text.contains("left out") && text.contains("16 pictures"),
        "{text}"
    );
    let (is_done, text) = program(&["query", "run/index.safetensors", "photos/3/9.png"], folder.path());
    assert!(!is_done && text.contains("9.png"), "{text}");
}

/// Reported is the last evaluation, and the best one on training classes held out can be had beside it.
#[test]
fn the_best_weights_are_chosen_on_held_out_classes() {
    let folder = tempfile::tempdir().expect("a folder");
    let sets = [
        "dimension=8",
        "data.train_per_class=6",
        "data.test_per_class=3",
        "data.validation_classes=10",
        "model.conv_net.filters=4",
        "model.conv_net.hidden=16",
        "training.epoch_steps=2",
        "divide.learners=2",
        "schedule.steps=16",
        "schedule.evaluate_every=4",
        "schedule.best={metric='validation_recall_at_1',goal='maximize'}",
    ];
    let mut train = vec!["train", "--experiment", "digit-pairs", "--out", "run"];
    sets.iter().for_each(|set| train.extend(["--set", set]));
    let (is_done, text) = program(&train, folder.path());
    assert!(is_done, "{text}");
    for best in [&[][..], &["--best"]] {
        let (is_done, text) = program(&[&["eval", "--run", "run"][..], best].concat(), folder.path());
        assert!(is_done && text.contains("validation_recall_at_1"), "{text}");
    }
}
