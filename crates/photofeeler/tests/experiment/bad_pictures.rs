//! Pictures of several kinds, and those that cannot be used.

use std::{fs, path::Path};

use image::{DynamicImage, Rgb, RgbImage};
use papers_core::{Context, Experiment as _, Result, testing};
use photofeeler::{data::Inputs, train::Photofeeler};

use crate::common::try_of;

fn context() -> Context {
    Context::new(testing::device(), 4)
}

/// A folder of twelve pictures of several kinds, and their table.
pub(crate) fn pictures(folder: &Path) {
    let photos = folder.join("photos");
    fs::create_dir_all(&photos).expect("a folder");
    for photo in 0..12_u8 {
        let color = RgbImage::from_fn(20, 12, |x, y| Rgb([x as u8 * 10, y as u8 * 15, photo * 20]));
        let image = DynamicImage::from(color);
        let image = match photo % 3 {
            0 => DynamicImage::from(image.to_luma8()),
            1 => DynamicImage::from(image.to_rgba8()),
            _ => image,
        };
        image.save(photos.join(format!("p{photo:02}.png"))).expect("saved");
    }
    let rows = (0..36).map(|number| format!("p{:02},v{},{}", number / 3, number % 6, number % 4));
    let votes = std::iter::once("photo,voter,score".to_owned())
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n");
    fs::write(folder.join("votes.csv"), votes).expect("written");
}

fn with_pictures(folder: &Path, sets: &[&str]) -> Result<Photofeeler> {
    with_table(folder, "", sets)
}

fn with_table(folder: &Path, more: &str, sets: &[&str]) -> Result<Photofeeler> {
    let path = |name: &str| folder.join(name).display().to_string();
    let source = format!(
        "data.table={{votes='{}',images='{}',{more}}}",
        path("votes.csv"),
        path("photos")
    );
    let all = [
        &[
            "data.set='csv'",
            source.as_str(),
            "data.side=16",
            "data.min_votes_test=1",
            "backbone={kind='cnn',channels=[4]}",
        ],
        sets,
    ]
    .concat();
    Photofeeler::new(&try_of("portraits", &all).expect("settings"), &context())
}

#[test]
fn gray_and_transparent_pictures_become_colors_and_names_may_lack_their_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    pictures(folder.path());
    let mut run = with_pictures(folder.path(), &[]).expect("pictures");
    let Inputs::Pictures(set) = &run.data().inputs else {
        panic!("pictures");
    };
    assert_eq!((set.len(), set.height, set.width, set.channels), (12, 16, 16, 3));
    run.train().expect("both phases");
    assert!(
        run.figures()
            .expect("figures")
            .iter()
            .all(|figure| figure.name != "extremes"),
        "no pictures of people"
    );
}

#[test]
fn pictures_that_cannot_be_read_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    pictures(folder.path());
    fs::write(folder.path().join("photos/p03.png"), b"no picture").expect("written");
    let Err(error) = with_pictures(folder.path(), &[]) else {
        panic!("accepted");
    };
    assert!(
        error.to_string().contains("1 pictures cannot be read: p03.png"),
        "{error}"
    );
    let run = with_pictures(folder.path(), &["data.table.skip_missing=true"]).expect("left out");
    assert_eq!(run.data().names.len(), 11);
}

#[test]
fn pictures_are_turned_as_their_camera_noted() {
    // A JPEG of 8 columns and 4 rows whose note says: turn by a quarter.
    let mut file = std::io::Cursor::new(Vec::new());
    let wide = RgbImage::from_fn(8, 4, |x, _| if x < 4 { Rgb([250, 250, 250]) } else { Rgb([5, 5, 5]) });
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 95)
        .encode_image(&wide)
        .expect("encoded");
    let file = file.into_inner();
    let exif: &[u8] = b"\xff\xe1\x00\x22Exif\0\0MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00";
    let noted = [&file[..2], exif, &file[2..]].concat();
    let turned = photofeeler::data::picture::decode(std::io::Cursor::new(noted)).expect("decoded");
    assert_eq!(turned.dimensions(), (4, 8));
    assert!(turned.get_pixel(1, 0).0[0] > 128 && turned.get_pixel(1, 7).0[0] < 128);
}

#[test]
fn pictures_too_small_for_the_backbone_are_refused() {
    let config = try_of("portraits", &["backbone={kind='xception'}"]).expect("settings");
    let Err(error) = Photofeeler::new(&config, &context()) else {
        panic!("accepted");
    };
    assert!(error.to_string().contains("the backbone needs 71"), "{error}");
}

#[test]
fn inks_become_colors() {
    // Left without cyan, right without yellow.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cmyk.jpg");
    let picture = photofeeler::data::picture::read(Path::new(file)).expect("a picture");
    let near = |pixel: &Rgb<u8>, color: [u8; 3]| pixel.0.iter().zip(color).all(|(one, other)| one.abs_diff(other) < 40);
    assert!(
        near(picture.get_pixel(1, 4), [255, 0, 0]),
        "{:?}",
        picture.get_pixel(1, 4)
    );
    assert!(
        near(picture.get_pixel(6, 4), [0, 0, 255]),
        "{:?}",
        picture.get_pixel(6, 4)
    );
}

#[test]
fn pictures_that_are_read_when_they_are_needed_teach_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    pictures(folder.path());
    let sets = ["phase_2.input='both'"];
    let mut held = with_table(folder.path(), "", &sets).expect("pictures");
    let mut read = with_table(folder.path(), "held_mib=0", &sets).expect("pictures");
    assert!(matches!(held.data().inputs, Inputs::Pictures(_)) && matches!(read.data().inputs, Inputs::Files(_)));
    assert_eq!(held.data().names, read.data().names);
    held.train().expect("both phases");
    read.train().expect("both phases");
    let bytes = |run: &Photofeeler| papers_core::port::to_bytes(&run.model().base).expect("a record");
    assert_eq!(bytes(&held), bytes(&read));
    assert_eq!(
        held.findings().expect("findings").scores,
        read.findings().expect("findings").scores
    );
    // A picture that is gone is told when it is needed.
    let last = read.data().names.len() - 1;
    fs::remove_file(folder.path().join(format!("photos/{}.png", read.data().names[last]))).expect("removed");
    let inputs = &read.data().inputs;
    let error = inputs.batch(&[last], &[], read.device()).expect_err("gone").to_string();
    assert!(error.contains(&read.data().names[last]), "{error}");
    assert!(inputs.digest(&[last]).is_err() && inputs.digest(&[0]).is_ok());
}

#[test]
fn two_pictures_of_one_name_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    pictures(folder.path());
    RgbImage::new(4, 4)
        .save(folder.path().join("photos/p05.jpg"))
        .expect("saved");
    let Err(error) = with_pictures(folder.path(), &[]) else {
        panic!("accepted");
    };
    let error = error.to_string();
    assert!(
        error.contains("p05.jpg") && error.contains("p05.png") && error.contains("both called `p05`"),
        "{error}"
    );
}
