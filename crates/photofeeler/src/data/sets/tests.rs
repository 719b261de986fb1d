//! Made-up files in the formats of the public sets.

use std::{io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};
use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use papers_core::base::{
    catalogue::{Dataset, DatasetFile, Digest, Origin},
    config,
};

use super::*;
use crate::{
    config::{PRESETS, PhotofeelerConfig},
    data::Inputs,
};

const PHOTOS: usize = 12;

fn config(experiment: &str, sets: &[&str]) -> DataConfig {
    let small = ["data.side=8", "data.min_votes_test=1", "data.most_voters=0"];
    let config: PhotofeelerConfig =
        config::experiment(PRESETS, experiment, &[&small, sets].concat()).expect("settings that exist");
    config.data
}

/// A folder with these files, which are the published ones.
fn folder(path: &Path, files: Vec<(&str, Vec<u8>)>) -> DatasetFolder {
    let files = files.into_iter().map(|(name, bytes)| {
        std::fs::write(path.join(name), &bytes).expect("written");
        DatasetFile {
            name: name.to_owned(),
            urls: Vec::new(),
            bytes: Some(bytes.len() as u64),
            sha256: Some(Digest::sha256(&bytes)),
            md5: None,
            optional: false,
        }
    });
    let text = || "toy".to_owned();
    let dataset = Dataset {
        name: text(),
        title: text(),
        summary: text(),
        license: text(),
        citation: text(),
        homepage: text(),
        also_in: Vec::new(),
        embedded: false,
        images: None,
        files: files.collect(),
        splits: std::collections::BTreeMap::new(),
    };
    DatasetFolder::new(&dataset, path, Origin::CommandLine)
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("packed");
    encoder.finish().expect("packed")
}

/// Pictures, each brighter than the one before, under these names; a file that is none among them.
fn archive(names: &[String]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes).expect("added");
    };
    for (place, name) in names.iter().enumerate() {
        let mut bytes = Vec::new();
        let picture = RgbImage::from_pixel(10, 20, Rgb([20 * place as u8; 3]));
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode_image(&picture)
            .expect("encoded");
        add(name, &bytes);
    }
    archive.into_inner().expect("an archive").finish().expect("packed")
}

fn named(name: impl Fn(usize) -> String) -> Vec<String> {
    (0..PHOTOS).map(name).collect()
}

/// Lines with a header in front.
fn lines(header: &str, rows: impl Iterator<Item = String>) -> String {
    std::iter::once(header.to_owned())
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

fn streams() -> Streams {
    Streams::new(3)
}

fn gender(number: usize) -> &'static str {
    if number.is_multiple_of(2) { "female" } else { "male" }
}

#[test]
fn london_faces_are_rated_by_the_other_gender() {
    let place = tempfile::tempdir().expect("a folder");
    let face = |photo: usize| format!("X{:03}", photo + 1);
    let header = format!("rater_sex,rater_age,{}", named(face).join(","));
    let row = |rater: usize| {
        let scores: Vec<String> = (0..PHOTOS).map(|photo| (1 + (photo + rater) % 7).to_string()).collect();
        format!("{},20,{}", gender(rater), scores.join(","))
    };
    let info = (0..PHOTOS).map(|photo| format!("{},24,{},white", face(photo), gender(photo)));
    let folder = folder(
        place.path(),
        vec![
            ("london_faces_ratings.csv", lines(&header, (0..5).map(row)).into_bytes()),
            (
                "london_faces_info.csv",
                lines("face_id,face_age,face_sex,face_eth", info).into_bytes(),
            ),
            (
                "london_neutral_256.tar.gz",
                archive(&named(|photo| format!("neutral_front/{:03}_03.jpg", photo + 1))),
            ),
        ],
    );
    let data = london(&config("london", &["data.subjects='female'"]), &folder, &streams()).expect("a set");
    // Six women, rated by the two men.
    assert_eq!((data.names.len(), data.votes.len(), data.voters.len()), (6, 12, 2));
    assert!(data.names.contains(&"X003".to_owned()) && !data.names.contains(&"X002".to_owned()));
    let photo = data.names.iter().position(|name| name == "X003").expect("there");
    let scores = &data.scores_by_photo()[photo];
    assert_eq!(scores, &[4.0, 6.0]);
    let Inputs::Pictures(set) = &data.inputs else {
        panic!("pictures");
    };
    assert!(
        (i32::from(set.image(photo)[0]) - 40).abs() < 4,
        "the picture of this face"
    );
    let error = london(&config("london", &["data.trait='smart'"]), &folder, &streams()).expect_err("no such trait");
    assert!(error.to_string().contains("data.trait"), "{error}");
}

#[test]
fn mebeauty_means_of_raters_who_saw_an_image_twice() {
    let place = tempfile::tempdir().expect("a folder");
    let info = (0..PHOTOS).map(|photo| format!("{photo},images/{photo:04}.jpg,{},asian,5,2,train", gender(photo)));
    let ratings = |bad: &str| {
        let rows = (0..PHOTOS).flat_map(|photo| [format!("{photo},7,{}", 1 + photo % 10), format!("{photo},9,3")]);
        let twice = ["4,7,9".to_owned(), bad.to_owned()]
            .into_iter()
            .filter(|row| !row.is_empty());
        packed(&lines("image_id,rater_id,score", rows.chain(twice)))
    };
    let made = |bad: &str| {
        let files = vec![
            (
                "images.csv",
                lines(
                    "image_id,file,gender,ethnicity,mean_score,n_ratings,split",
                    info.clone(),
                )
                .into_bytes(),
            ),
            ("ratings.csv.gz", ratings(bad)),
            (
                "mebeauty_112.tar.gz",
                archive(&named(|photo| format!("images/{photo:04}.jpg"))),
            ),
        ];
        mebeauty(&config("mebeauty", &[]), &folder(place.path(), files), &streams())
    };
    let data = made("").expect("a set");
    assert_eq!(
        (data.names.len(), data.votes.len(), data.voters.as_slice()),
        (12, 24, &["7".to_owned(), "9".to_owned()][..])
    );
    let photo = data.names.iter().position(|name| name == "4").expect("there");
    assert_eq!(data.scores_by_photo()[photo], [7.0, 3.0], "the mean of 5 and 9");
    for bad in ["3,7,11", "3,7,good", "3,7,"] {
        let error = made(bad).expect_err(bad).to_string();
        // 24 votes and one more behind the header.
        assert!(error.contains("ratings.csv.gz, line 27"), "{error}");
    }
}

#[test]
fn raters_of_3dsk_rate_one_trait() {
    let place = tempfile::tempdir().expect("a folder");
    let rows = (0..PHOTOS).flat_map(|photo| {
        ["att", "trust"].into_iter().enumerate().flat_map(move |(number, of)| {
            (0..4).map(move |rater| {
                let name = format!("face{}", photo / 2);
                format!(
                    "{name},{},20,R{number}{rater},{},30,{of},{}",
                    gender(photo),
                    gender(rater),
                    1 + number
                )
            })
        })
    });
    let header = "face_id,face_gender,face_age,rater_id,rater_gender,rater_age,trait,rating";
    let files = vec![
        ("3dsk_ratings.csv.gz", packed(&lines(header, rows))),
        (
            "3dsk_192x256.tar.gz",
            archive(&named(|photo| format!("{}/face{}.jpg", gender(photo), photo / 2))),
        ),
    ];
    let folder = folder(place.path(), files);
    let of = |sets: &[&str]| three_dsk(&config("3dsk", sets), &folder, &streams());
    let data = of(&["data.trait='trustworthy'"]).expect("a set");
    // A woman and a man of one name are two; two raters of the other gender each.
    assert_eq!((data.names.len(), data.votes.len(), data.voters.len()), (12, 24, 4));
    assert!(data.votes.iter().all(|vote| vote.score == 2.0));
    assert!(of(&["data.trait='smart'"]).is_err());
}

#[test]
fn scores_of_omi_are_nobodys_and_repeats_do_not_count() {
    let place = tempfile::tempdir().expect("a folder");
    let rows = (1..=PHOTOS).flat_map(|photo| {
        [
            format!("{},attractive,normal,{photo}", photo * 5),
            format!("99,attractive,repeat,{photo}"),
            format!("98,age,normal,{photo}"),
            format!("{},attractive,normal,{photo}", photo * 5 + 1),
        ]
    });
    let files = vec![
        (
            "attribute_ratings.csv.gz",
            packed(&lines("rating,attribute,rating_type,stimulus", rows)),
        ),
        (
            "omi_128.tar.gz",
            archive(&named(|photo| format!("omi/{}.jpg", photo + 1))),
        ),
    ];
    let data = omi(&config("omi", &[]), &folder(place.path(), files), &streams()).expect("a set");
    assert!(data.is_anonymous && !data.has_means_alone);
    assert_eq!((data.names.len(), data.votes.len(), data.voters.len()), (12, 24, 24));
    assert!(data.votes.iter().all(|vote| vote.score < 90.0));
}

#[test]
fn archives_with_something_else_are_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let ratings = packed(&lines(
        "rating,attribute,rating_type,stimulus",
        ["5,attractive,normal,1".to_owned()].into_iter(),
    ));
    let mut broken = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(9);
    broken
        .append_data(&mut header, "omi/1.jpg", &b"no picture"[..9])
        .expect("added");
    let broken = broken.into_inner().expect("an archive").finish().expect("packed");
    for (bytes, named) in [(broken, "omi/1.jpg"), (b"no archive".to_vec(), "omi_128.tar.gz")] {
        let files = vec![("attribute_ratings.csv.gz", ratings.clone()), ("omi_128.tar.gz", bytes)];
        let error = omi(&config("omi", &[]), &folder(place.path(), files), &streams())
            .expect_err(named)
            .to_string();
        assert!(error.contains(named), "{error}");
    }
}
