//! Folders of one's own: CelebA's lists, pictures without a face, groups of faces; and an audit of a run.

use std::{fs, path::Path, process::Command};

use db_vae::{config::PRESETS, train::DebiasedDetector};
use image::{Rgb, RgbImage};
use papers_core::{Context, Experiment as _, base::config, testing};

fn picture(path: &Path, red: u8) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let picture = RgbImage::from_fn(24, 30, |x, y| Rgb([red, (x * 9) as u8, (y * 7) as u8]));
    picture.save(path).expect("a picture");
}

/// Six faces, of which the partition has four to learn from; ten others; four faces of two groups.
fn folders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let mut partition = String::new();
    let mut attributes = "6\nMale Pale_Skin\n".to_owned();
    for number in 0..6_u8 {
        picture(&root.join(format!("celeba/{number:06}.jpg")), 40 * number);
        partition += &format!("{number:06}.jpg {}\n", u8::from(number >= 4));
        attributes += &format!("{number:06}.jpg {:>2} -1\n", if number % 2 == 0 { 1 } else { -1 });
    }
    fs::write(root.join("partition.txt"), partition).expect("a list");
    fs::write(root.join("attributes.txt"), attributes).expect("a list");
    (0..10).for_each(|number| picture(&root.join(format!("imagenet/n01/{number}.jpg")), 10 * number));
    let mut groups = "file,label\n".to_owned();
    for number in 0..4 {
        picture(&root.join(format!("ppb/{number}.jpg")), 60 * number);
        groups += &format!(
            "{number}.jpg,{}\n",
            ["darker female", "lighter male"][usize::from(number) % 2]
        );
    }
    fs::write(root.join("ppb.csv"), groups).expect("a table");
    folder
}

fn sets(root: &Path) -> Vec<String> {
    let path = |key: &str, file: &str| format!("data.{key}='{}'", root.join(file).display());
    vec![
        path("faces", "celeba"),
        path("partition", "partition.txt"),
        path("attributes", "attributes.txt"),
        path("non_faces", "imagenet"),
        path("test_faces", "ppb"),
        path("test_groups", "ppb.csv"),
        "data.side=16".to_owned(),
        "network.filters=[4,5]".to_owned(),
        "network.kernels=[5,3]".to_owned(),
        "network.decoder_kernels=[3,5]".to_owned(),
        "network.latent=3".to_owned(),
        "network.hidden=[8]".to_owned(),
        "batch=4".to_owned(),
    ]
}

fn detector(root: &Path, more: &[&str]) -> papers_core::Result<DebiasedDetector> {
    let sets = sets(root);
    let sets: Vec<&str> = sets.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let config = config::experiment(PRESETS, "celeba-lab", &sets).expect("settings");
    DebiasedDetector::new(&config, &Context::new(testing::device(), 0))
}

#[test]
fn celeba_and_ppb_are_read_as_their_lists_say() {
    let folder = folders();
    let mut run = detector(folder.path(), &[]).expect("a detector");
    let data = run.data();
    assert_eq!(
        (
            data.faces.len(),
            data.non_faces.len(),
            data.test_non_faces.pictures.len()
        ),
        (4, 8, 2)
    );
    assert_eq!(data.test_faces.names, ["darker female", "lighter male"]);
    assert_eq!(data.test_faces.counts(), [2, 2]);
    let male = data
        .attributes
        .iter()
        .find(|attribute| attribute.name == "Male")
        .expect("an attribute");
    assert_eq!(male.values, [1.0, -1.0, 1.0, -1.0]);
    for step in 0..4 {
        run.step(step).expect("an update");
    }
    assert!(
        run.evaluate()
            .expect("numbers")
            .iter()
            .any(|(name, _)| name == "recall_darker female")
    );
    run.figures().expect("figures");
}

#[test]
fn sub_folders_of_faces_and_others_are_no_classes() {
    let folder = folders();
    let root = folder.path();
    (0..257).for_each(|number| picture(&root.join(format!("many/n{number:03}/0.png")), 0));
    (0..3).for_each(|number| picture(&root.join(format!("flat/{number}.png")), 50 * number));
    let of = |folder: &str| format!("data.non_faces='{}'", root.join(folder).display());
    let counts = |sets: &[&str]| {
        let run = detector(root, sets).expect("a detector");
        [run.data().non_faces.len(), run.data().test_non_faces.pictures.len()]
    };
    assert_eq!(counts(&[&of("many")]), [206, 51]);
    // At least one is measured with, and at least one is learned from.
    assert_eq!(counts(&[&of("flat"), "data.held_out=0.01"]), [2, 1]);
    assert_eq!(counts(&[&of("flat"), "data.held_out=0.99"]), [1, 2]);
    picture(&root.join("celeba/more/000009.jpg"), 9);
    let run = detector(root, &[]).expect("a detector");
    assert_eq!(run.data().faces.len(), 4);
    let warnings = &run.data().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("1 of 7 faces") && warning.contains("000009.jpg")),
        "{warnings:?}"
    );
}

#[test]
fn lists_that_do_not_fit_are_told() {
    let folder = folders();
    fs::write(folder.path().join("attributes.txt"), "6\nMale\n000000.jpg 1\n").expect("a list");
    let error = detector(folder.path(), &[]).err().expect("five faces lack").to_string();
    assert!(
        error.contains("attributes.txt") && error.contains("000001.jpg"),
        "{error}"
    );
    fs::write(folder.path().join("partition.txt"), "nothing\n").expect("a list");
    let error = detector(folder.path(), &[]).err().expect("no lines").to_string();
    assert!(error.contains("partition.txt"), "{error}");
    let error = detector(folder.path(), &["data.faces='nowhere'"])
        .err()
        .expect("no folder")
        .to_string();
    assert!(error.contains("nowhere"), "{error}");
}

/// Whether the program did what it was told, and what it printed.
fn program(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_db-vae"))
        .args(arguments)
        .output()
        .expect("the program");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// The program itself: a short run, then an audit of pictures with groups, without, and with windows.
#[test]
fn an_audit_says_how_groups_do() {
    let folder = folders();
    let run = folder.path().join("run");
    let out = run.display().to_string();
    let (done, text) = program(&[
        "train",
        "--out",
        &out,
        "--set",
        "data.faces=64",
        "--set",
        "data.test_per_group=10",
        "--set",
        "data.test_non_faces=40",
        "--set",
        "schedule.steps=4",
    ]);
    assert!(done, "{text}");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (ppb, groups, others) = (file("ppb"), file("ppb.csv"), file("imagenet"));
    let (done, text) = program(&["audit", &out, "--pictures", &ppb, "--groups", &groups]);
    assert!(
        done && text.contains("darker female") && text.contains("Audit without groups"),
        "{text}"
    );
    let (done, text) = program(&["audit", &out, "--pictures", &ppb, "--non-faces", &others]);
    assert!(done && text.contains("no group"), "{text}");
    let windows = ["--windows", "12,20", "--stride", "4"];
    let (done, text) = program(&[&["audit", &out, "--pictures", &ppb, "--groups", &groups], &windows[..]].concat());
    assert!(!done && text.contains("--non-faces"), "{text}");
    let (done, text) = program(
        &[
            &[
                "audit",
                &out,
                "--pictures",
                &ppb,
                "--groups",
                &groups,
                "--non-faces",
                &others,
            ],
            &windows[..],
        ]
        .concat(),
    );
    assert!(
        done && text.contains("lighter male") && !text.contains("no group"),
        "{text}"
    );
    // Others in one folder or in very many, and a face that the table does not name.
    (0..3).for_each(|number| picture(&folder.path().join(format!("flat/{number}.png")), 50 * number));
    (0..257).for_each(|number| picture(&folder.path().join(format!("many/n{number:03}/0.png")), 0));
    picture(&folder.path().join("ppb/unnamed.png"), 7);
    for others in [file("flat"), file("many")] {
        let audit = [
            "audit",
            &out,
            "--pictures",
            &ppb,
            "--groups",
            &groups,
            "--non-faces",
            &others,
        ];
        for windows in [&[][..], &windows[..]] {
            let (done, text) = program(&[&audit[..], windows].concat());
            assert!(
                done && text.contains("no group") && text.contains("lighter male"),
                "{text}"
            );
        }
    }
    let (done, text) = program(&["audit", &out, "--pictures", &file("nowhere")]);
    assert!(!done && text.contains("nowhere"), "{text}");
}

#[test]
fn with_others_of_its_own_an_audit_needs_nothing_that_the_run_learned_from() {
    let folder = folders();
    let root = folder.path();
    let out = root.join("run").display().to_string();
    let sets = sets(root);
    let mut train = vec!["train", "-e", "celeba-lab", "--out", &out, "--set", "schedule.steps=2"];
    sets.iter().for_each(|set| train.extend(["--set", set]));
    let (done, text) = program(&train);
    assert!(done, "{text}");
    fs::remove_dir_all(root.join("celeba")).expect("the faces go");
    let file = |name: &str| root.join(name).display().to_string();
    let (ppb, groups, others) = (file("ppb"), file("ppb.csv"), file("imagenet"));
    let audit = ["audit", &out, "--pictures", &ppb, "--groups", &groups];
    let (done, text) = program(&[&audit[..], &["--non-faces", &others]].concat());
    assert!(done && text.contains("lighter male"), "{text}");
    let (done, text) = program(&audit);
    assert!(!done && text.contains("celeba"), "{text}");
}
