//! The program, as it is called.

use std::{fs, path::Path};

use image::{Rgb, RgbImage};
use papers_core::testing::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_photofeeler"));

const SMALL: [&str; 8] = [
    "data.generator.train=80",
    "data.generator.test=30",
    "data.generator.voters=15",
    "data.generator.test_votes=6",
    "backbone={kind='cnn',channels=[4]}",
    "phase_1.steps=4",
    "schedule.steps=8",
    "schedule.evaluate_every=0",
];

/// A tiny trained run.
fn trained(folder: &Path, out: &str, sets: &[&str]) {
    let mut arguments = vec!["train", "--quiet", "--out", out, "--seed", "3"];
    for set in SMALL.iter().chain(sets) {
        arguments.extend(["--set", *set]);
    }
    PROGRAM.done(folder, &arguments);
}

/// Three pictures of several shapes, and a file that is none.
fn pictures(folder: &Path) {
    let photos = folder.join("photos/more");
    fs::create_dir_all(&photos).expect("a folder");
    for (name, [width, height]) in [
        ("wide.png", [50, 20]),
        ("tall.jpg", [20, 50]),
        ("more/square.png", [32, 32]),
    ] {
        let picture = RgbImage::from_fn(width, height, |x, y| Rgb([(x * 5) as u8, (y * 5) as u8, 80]));
        picture.save(folder.join("photos").join(name)).expect("saved");
    }
    fs::write(folder.join("photos/broken.png"), b"no picture").expect("written");
}

fn table(csv: &str) -> Vec<Vec<String>> {
    let rows = csv.lines().map(|line| line.split(',').map(str::to_owned).collect());
    rows.collect()
}

#[test]
fn a_folder_is_rated_by_a_run_and_by_a_bundle() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    pictures(folder);
    trained(folder, "women", &["data.subjects='female'"]);
    trained(folder, "men", &["data.subjects='male'", "data.generator.pooling=2"]);
    let voters = ["--voters", "voter-001,nobody"];
    let printed = table(&PROGRAM.done(
        folder,
        &[&["rate", "women", "--photos", "photos"], &voters[..]].concat(),
    ));
    let column = |name: &str| printed[0].iter().position(|other| other == name).expect(name);
    assert_eq!(printed.len(), 1 + 3, "the broken one is left out");
    assert_eq!(printed[0].len(), 5 + 10 + 4);
    let mut names: Vec<&str> = printed[1..].iter().map(|row| row[0].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["more/square.png", "tall.jpg", "wide.png"]);
    for row in &printed[1..] {
        let number = |name: &str| row[column(name)].parse::<f64>().expect("a number");
        assert_eq!(row[column("model")], "attractive-female");
        assert!((0.05..=0.95).contains(&number("score")) && number("spread") >= 0.0);
        let shares: f64 = (0..10).map(|bin| number(&format!("bin_{bin}"))).sum();
        assert!((shares - 1.0).abs() < 1e-3);
        assert_eq!(
            (
                row[column("unknown voter-001")].as_str(),
                row[column("unknown nobody")].as_str()
            ),
            ("false", "true")
        );
    }
    let warned = PROGRAM.run(folder, &["rate", "women", "--photos", "photos"]);
    assert!(String::from_utf8_lossy(&warned.stderr).contains("broken.png"));

    // Both in one file, of pictures of two sizes: the same scores.
    let told = PROGRAM.done(folder, &["bundle", "women", "men", "--out", "two.bundle"]);
    assert!(
        told.contains("attractive-male") && told.contains("smart-female"),
        "{told}"
    );
    PROGRAM.done(
        folder,
        &[
            &["rate", "two.bundle", "--photos", "photos", "--out", "scores.csv"],
            &voters[..],
        ]
        .concat(),
    );
    let both = table(&fs::read_to_string(folder.join("scores.csv")).expect("written"));
    assert_eq!(both.len(), 1 + 6);
    let of_women: Vec<&Vec<String>> = both.iter().filter(|row| row[1] == "attractive-female").collect();
    assert_eq!(of_women, printed[1..].iter().collect::<Vec<_>>());

    assert!(
        PROGRAM
            .refused(folder, &["rate", "women", "--photos", "nowhere"])
            .contains("nowhere")
    );
    assert!(
        PROGRAM
            .refused(folder, &["rate", "nothing", "--photos", "photos"])
            .contains("nothing")
    );
    assert!(
        PROGRAM
            .refused(folder, &["bundle", "women", "women", "--out", "b"])
            .contains("two models")
    );
    fs::create_dir(folder.join("bad")).expect("a folder");
    fs::write(folder.join("bad/one.png"), b"no picture").expect("written");
    assert!(
        PROGRAM
            .refused(folder, &["rate", "women", "--photos", "bad"])
            .contains("no picture of bad")
    );
}

#[test]
fn people_are_compared_with_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    trained(folder.path(), "run", &[]);
    let told = PROGRAM.done(folder.path(), &["humans", "run", "--draws", "5"]);
    for line in ["| 1 |", "| 2 |", "| 3 |", "| 5 |", "The model is worth"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains("| 10 |"), "there are six votes of each photo");
    assert!(
        PROGRAM
            .refused(folder.path(), &["humans", "nothing"])
            .contains("nothing")
    );
}

#[test]
fn outputs_sizes_and_backbones_are_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = |more: &[&str]| -> Vec<String> {
        let mut arguments = vec!["study", "--seeds", "2", "--experiment", "portraits"];
        for set in &SMALL {
            arguments.extend(["--set", *set]);
        }
        arguments.extend(more);
        let told = PROGRAM.done(folder.path(), &arguments);
        told.lines().skip(2).map(str::to_owned).collect()
    };
    let outputs = study(&["--axis", "output"]);
    assert_eq!(outputs.len(), 5, "{outputs:?}");
    for (row, name) in outputs
        .iter()
        .zip(["regression", "classification", "distribution", "emd", "voter"])
    {
        assert!(row.starts_with(&format!("| {name} |")) && row.contains("n=2"), "{row}");
    }
    assert_eq!(study(&["--axis", "output", "--values", "emd,voter"])[..], outputs[3..]);
    let sizes = study(&["--axis", "size", "--values", "16,32"]);
    assert!(sizes.len() == 2 && sizes[1].starts_with("| 32 |"), "{sizes:?}");
    let backbones = study(&["--axis", "backbone", "--values", "cnn:4:8,cnn:4"]);
    assert!(
        backbones.len() == 2 && backbones[0].starts_with("| cnn:4:8 |"),
        "{backbones:?}"
    );
    let refuses =
        |more: &[&str]| PROGRAM.refused(folder.path(), &[&["study", "--experiment", "portraits"], more].concat());
    assert!(refuses(&["--axis", "size", "--values", "33"]).contains("--values"));
    assert!(refuses(&["--axis", "backbone", "--values", "resnet"]).contains("--values"));
    assert!(refuses(&["--seeds", "9"]).contains("--seeds"));
    // Portraits are too small for the paper's backbone.
    assert!(refuses(&["--axis", "backbone", "--values", "xception"]).contains("71"));
    let numbers = PROGRAM.refused(folder.path(), &["study", "--axis", "size", "--experiment", "features"]);
    assert!(numbers.contains("no size"), "{numbers}");
}
