use std::fs;

use image::{GrayImage, RgbImage};
use tempfile::TempDir;

use super::*;

const COLORS: FolderOptions = FolderOptions {
    side: None,
    channels: 3,
    skip: Vec::new(),
    classes: None,
};

/// A folder of pictures of 2x2 pixels of one gray level, PNG.
fn folder_of(pictures: &[(&str, u8)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for &(name, level) in pictures {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(2, 2, [level; 3].into()).save(path).unwrap();
    }
    folder
}

fn table(folder: &TempDir, text: &str) -> std::path::PathBuf {
    let path = folder.path().join("labels.csv");
    fs::write(&path, text).unwrap();
    path
}

fn problem(result: Result<Pictures, ImagesError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_table_gives_some_pictures_their_labels() {
    let pictures = folder_of(&[
        ("b.png", 2),
        ("sub/a.PNG", 3),
        ("a.png", 1),
        ("c.png", 4),
        (".hidden.png", 9),
    ]);
    let table = table(&pictures, "file,label\nsub/a.PNG,dog\na.png,cat\nb.png,-1\n");
    let read = folder(pictures.path(), Some(&table), &COLORS).unwrap();
    assert_eq!(read.labeled_files, ["a.png", "sub/a.PNG"]);
    assert_eq!(read.labeled.labels, [0, 1]);
    assert_eq!(read.labeled.class_names, ["cat", "dog"]);
    assert_eq!(read.labeled.images, [[1; 12], [3; 12]].concat());
    assert_eq!(read.unlabeled_files, ["b.png", "c.png"]);
    assert_eq!(read.unlabeled.images, [[2; 12], [4; 12]].concat());
    assert!(read.unlabeled.labels.is_empty() && read.unlabeled.classes == 2);
    assert_eq!(
        (read.labeled.height, read.labeled.width, read.labeled.maximum),
        (2, 2, 255)
    );
}

#[test]
fn without_a_table_the_sub_folders_are_the_labels() {
    let pictures = folder_of(&[
        ("10/a.png", 1),
        ("9/deep/b.png", 2),
        ("unlabeled/c.png", 3),
        ("d.png", 4),
        ("test/9/e.png", 5),
    ]);
    let options = FolderOptions {
        skip: vec!["test".to_owned()],
        channels: 1,
        ..COLORS
    };
    let read = folder(pictures.path(), None, &options).unwrap();
    assert_eq!(read.labeled_files, ["10/a.png", "9/deep/b.png"]);
    // Whole numbers are sorted as numbers.
    assert_eq!(read.labeled.class_names, ["9", "10"]);
    assert_eq!(read.labeled.labels, [1, 0]);
    assert_eq!(read.unlabeled_files, ["d.png", "unlabeled/c.png"]);
    assert_eq!(read.unlabeled.images, [[4; 4], [3; 4]].concat());
}

#[test]
fn pictures_to_measure_on_have_the_classes_that_were_learned() {
    let pictures = folder_of(&[("dog/a.png", 1), ("ant/b.png", 2)]);
    let read = |classes: &[&str]| {
        let options = FolderOptions {
            classes: Some(classes.iter().map(|&class| class.to_owned()).collect()),
            ..COLORS
        };
        folder(pictures.path(), None, &options)
    };
    let labeled = read(&["ant", "cat", "dog"]).unwrap().labeled;
    assert_eq!((labeled.labels.as_slice(), labeled.classes), (&[0, 2][..], 3));
    let text = problem(read(&["ant", "cat"]));
    assert!(
        text.contains("`dog/a.png` has the label `dog`, and the classes are: ant, cat"),
        "{text}"
    );
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let pictures = folder_of(&[("a.png", 1)]);
    for (side, channels) in [(Some(0), 3), (Some(5000), 3), (None, 2)] {
        let options = FolderOptions {
            side,
            channels,
            ..COLORS
        };
        let error = folder(pictures.path(), None, &options).unwrap_err();
        assert!(
            matches!(error, ImagesError::Folder(FolderError::Options { .. })),
            "{error}"
        );
    }
}

#[test]
fn pictures_get_the_size_that_was_asked_for() {
    let pictures = folder_of(&[("a.png", 7)]);
    // Six columns and two rows of gray: dark, then a bright square in the middle, then dark.
    let wide = GrayImage::from_fn(6, 2, |x, _| [if (2..4).contains(&x) { 200 } else { 0 }].into());
    wide.save(pictures.path().join("b.png")).unwrap();
    let read = |side| {
        let options = FolderOptions {
            side: Some(side),
            channels: 1,
            ..COLORS
        };
        folder(pictures.path(), None, &options).unwrap().unlabeled.images
    };
    assert_eq!(read(2), [7, 7, 7, 7, 200, 200, 200, 200]);
    assert_eq!(read(1), [7, 200]);
    assert_eq!(read(3), [[7; 9], [200; 9]].concat());
}

#[test]
fn different_sizes_need_a_size_to_be_asked_for() {
    let pictures = folder_of(&[("a.png", 7)]);
    RgbImage::new(3, 2).save(pictures.path().join("b.png")).unwrap();
    let text = problem(folder(pictures.path(), None, &COLORS));
    assert!(text.contains("`b.png` has 3x2 pixels, but `a.png` has 2x2"), "{text}");
}

#[test]
fn files_that_are_no_pictures_are_named() {
    let pictures = folder_of(&[("a.png", 7)]);
    fs::write(pictures.path().join("notes.txt"), "x").unwrap();
    let text = problem(folder(pictures.path(), None, &COLORS));
    assert!(text.contains("`notes.txt` is no picture"), "{text}");
    fs::remove_file(pictures.path().join("notes.txt")).unwrap();
    fs::write(pictures.path().join("b.jpg"), "no JPEG").unwrap();
    let text = problem(folder(pictures.path(), None, &COLORS));
    assert!(text.contains("`b.jpg` cannot be read"), "{text}");
}

#[test]
fn bad_lines_of_the_table_are_named() {
    let pictures = folder_of(&[("a.png", 7)]);
    for (text, expected) in [
        (
            "file,label\na.png,1\nb.png,1\n",
            "labels.csv, line 3: there is no picture `b.png`",
        ),
        (
            "file,label\na.png,1\na.png,1\n",
            "labels.csv, line 3: `a.png` stands already in line 2",
        ),
        ("picture,label\n", "labels.csv, line 1: there is no column `file`"),
    ] {
        let table = table(&pictures, text);
        let text = problem(folder(pictures.path(), Some(&table), &COLORS));
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn empty_and_missing_folders_are_errors() {
    let empty = folder_of(&[]);
    assert!(problem(folder(empty.path(), None, &COLORS)).contains("no .png"));
    let missing = empty.path().join("missing");
    assert!(problem(folder(&missing, None, &COLORS)).contains("cannot read"));
    let text = problem(folder(empty.path(), Some(&missing), &COLORS));
    assert!(text.contains("cannot read") && text.contains("missing"), "{text}");
}

#[test]
fn too_many_pictures_are_refused() {
    let pictures = folder_of(&[("a.png", 1), ("b.png", 2)]);
    let error = walk::pictures(pictures.path(), None, &[], 1).unwrap_err();
    assert!(matches!(error, FolderError::TooMany { limit: 1, .. }), "{error}");
}

#[test]
fn more_classes_than_bytes_are_refused() {
    let labels = |count: usize| {
        let labels = (0..count).map(|number| (format!("{number}.png"), Some(format!("class {number}"))));
        labels.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(class_names(&labels(256), 256).unwrap().len(), 256);
    assert!(matches!(
        class_names(&labels(257), 256),
        Err(FolderError::Classes { found: 257, .. })
    ));
}

#[cfg(unix)]
#[test]
fn links_lead_no_further_than_to_files_of_the_folder() {
    use std::os::unix::fs::symlink;

    let outside = folder_of(&[("secret.png", 1)]);
    let pictures = folder_of(&[("cats/a.png", 7)]);
    symlink(pictures.path().join("cats/a.png"), pictures.path().join("b.png")).unwrap();
    let read = folder(pictures.path(), None, &COLORS).unwrap();
    assert_eq!(read.unlabeled_files, ["b.png"]);
    for target in [
        outside.path().join("secret.png"),
        outside.path().to_owned(),
        pictures.path().to_owned(),
    ] {
        let link = pictures.path().join("link.png");
        symlink(target, &link).unwrap();
        let text = problem(folder(pictures.path(), None, &COLORS));
        assert!(text.contains("link.png is a link"), "{text}");
        fs::remove_file(link).unwrap();
    }
}
