//! Photos of FairFace with skewed shares of groups, beside crops of ImageNet's photos.
//!
//! As a stated proxy, Black and Indian stand for darker skin, White and East Asian for lighter; the other labels are not used. The
//! labels are judgments of people who looked at the photos.

use std::{collections::BTreeMap, io::Read};

use image::{RgbImage, imageops};
use papers_core::{
    Context, Result,
    base::{catalogue::DatasetFolder, images::ImageSet},
    random::Streams,
};
use rand::RngExt;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{Attribute, DataError, DataSet, Grouped, archive, picture_set};
use crate::config::FairfaceConfig;

const GROUPS: [&str; 4] = ["light_female", "light_male", "dark_female", "dark_male"];
const LIGHTER: [&str; 2] = ["White", "East Asian"];
const DARKER: [&str; 2] = ["Black", "Indian"];
/// Least and greatest side of a crop, as a share of its photo's.
const CROP: [f64; 2] = [0.5, 1.0];
/// More bytes than a table of labels has.
const MOST_BYTES: u64 = 16 << 20;

/// A row of the table of labels.
#[derive(Debug, Clone)]
struct Row {
    file: String,
    /// Least year of the age group.
    age: f64,
    group: usize,
}

pub(super) fn load(config: &FairfaceConfig, context: &Context) -> Result<DataSet> {
    let streams = Streams::new(config.seed);
    let folder = context.data.folder("fairface-64")?;
    let shape = [config.side, config.side, 3];
    let train = chosen(&rows(&folder, "fairface64_label_train.csv")?, config, &streams)?;
    let test = rows(&folder, "fairface64_label_val.csv")?;
    let faces = faces(&folder, "fairface64_train.tar.gz", &train, config.side)?;
    let test_faces = self::faces(&folder, "fairface64_val.tar.gz", &test, config.side)?;
    let [non_faces, test_non_faces] = crops(config, context, &streams)?;
    let names: Vec<String> = GROUPS.iter().map(|&name| name.to_owned()).collect();
    let groups = |rows: &[Row]| rows.iter().map(|row| row.group).collect::<Vec<usize>>();
    let flag = |of: fn(&Row) -> bool| train.iter().map(|row| f64::from(u8::from(of(row)))).collect();
    Ok(DataSet {
        faces: picture_set("fairface/faces", faces, shape),
        face_groups: groups(&train),
        face_group_names: names.clone(),
        non_faces,
        attributes: vec![
            Attribute {
                name: "darker (proxy)".to_owned(),
                values: flag(|row| row.group >= 2),
            },
            Attribute {
                name: "male (label)".to_owned(),
                values: flag(|row| row.group % 2 == 1),
            },
            Attribute {
                name: "age (label)".to_owned(),
                values: train.iter().map(|row| row.age).collect(),
            },
        ],
        test_faces: Grouped::new(
            picture_set("fairface/test faces", test_faces, shape),
            groups(&test),
            names,
        )?,
        test_non_faces: Grouped::of_one(test_non_faces, "crops"),
        comparable: Vec::new(),
        warnings: vec![
            "some crops of ImageNet's photos show people: what a detector finds there counts as a mistake".to_owned(),
        ],
    })
}

/// The labels of the pictures that belong to a group.
fn rows(folder: &DatasetFolder, file: &'static str) -> Result<Vec<Row>> {
    labels(folder.open(file)?.take(MOST_BYTES)).map_err(|problem| {
        DataError::File {
            file: folder.path().join(file).display().to_string(),
            problem,
        }
        .into()
    })
}

/// Rows of a table with file, age, gender and race; what is wrong with it otherwise.
fn labels(table: impl Read) -> std::result::Result<Vec<Row>, String> {
    let mut reader = csv::Reader::from_reader(table);
    let mut rows = Vec::new();
    for record in reader.deserialize::<(String, String, String, String)>() {
        let (file, age, gender, race) = record.map_err(|error| error.to_string())?;
        let dark = if LIGHTER.contains(&race.as_str()) {
            0
        } else if DARKER.contains(&race.as_str()) {
            1
        } else {
            continue;
        };
        let male = match gender.as_str() {
            "Female" => 0,
            "Male" => 1,
            other => return Err(format!("`{file}` has the unknown gender label `{other}`")),
        };
        let years = age.split(['-', ' ']).find_map(|part| part.parse().ok()).unwrap_or(70.0);
        rows.push(Row {
            file,
            age: years,
            group: 2 * dark + male,
        });
    }
    Ok(rows)
}

/// As many of each group as its share says, drawn.
fn chosen(rows: &[Row], config: &FairfaceConfig, streams: &Streams) -> Result<Vec<Row>> {
    let mut chosen = Vec::new();
    for (group, (name, share)) in GROUPS.iter().zip(config.shares).enumerate() {
        let wanted = (share * config.faces as f64).round() as usize;
        let of_group: Vec<&Row> = rows.iter().filter(|row| row.group == group).collect();
        if wanted > of_group.len() {
            return Err(DataError::TooFew {
                group: (*name).to_owned(),
                wanted,
                found: of_group.len(),
                setting: "data.faces",
            }
            .into());
        }
        let order = streams.permutation("fairface", group as u64, of_group.len());
        chosen.extend(order[..wanted].iter().map(|&place| of_group[place].clone()));
    }
    Ok(chosen)
}

/// The pictures of these rows, in their order.
fn faces(folder: &DatasetFolder, file: &'static str, rows: &[Row], side: usize) -> Result<Vec<u8>> {
    let places: BTreeMap<&str, usize> = rows
        .iter()
        .enumerate()
        .map(|(place, row)| (row.file.as_str(), place))
        .collect();
    let mut found: Vec<Option<RgbImage>> = vec![None; rows.len()];
    archive::pictures(folder, file, |path, picture| {
        if let Some(&place) = places.get(path.as_str()) {
            found[place] = Some(picture);
        }
        Ok(())
    })?;
    let missing = found.iter().position(Option::is_none);
    if let Some(place) = missing {
        return Err(DataError::File {
            file: folder.path().join(file).display().to_string(),
            problem: format!("`{}` is not in the archive", rows[place].file),
        }
        .into());
    }
    let found: Vec<RgbImage> = found.into_iter().flatten().collect();
    brought(&found, side)
}

/// All pictures on the common way, one after another.
fn brought(pictures: &[RgbImage], side: usize) -> Result<Vec<u8>> {
    let brought = pictures
        .par_iter()
        .map(|picture| archive::common(picture, side as u32))
        .collect::<Result<Vec<_>>>()?;
    Ok(brought.concat())
}

/// Crops to learn from and crops to measure with, of different photos.
fn crops(config: &FairfaceConfig, context: &Context, streams: &Streams) -> Result<[ImageSet; 2]> {
    let folder = context.data.folder("imagenet-sample-128")?;
    let mut photos = Vec::new();
    archive::pictures(&folder, "imagenet_sample_128.tar.gz", |_, photo| {
        photos.push(photo);
        Ok(())
    })?;
    crops_of(&photos, config, streams)
}

fn crops_of(photos: &[RgbImage], config: &FairfaceConfig, streams: &Streams) -> Result<[ImageSet; 2]> {
    if photos.len() <= config.test_photos {
        return Err(DataError::TooFew {
            group: "photos without a face".to_owned(),
            wanted: config.test_photos + 1,
            found: photos.len(),
            setting: "data.test_photos",
        }
        .into());
    }
    let order = streams.permutation("photos", 0, photos.len());
    let (test, train) = order.split_at(config.test_photos);
    let shape = [config.side, config.side, 3];
    let set = |name: &str, photos_of: &[usize]| -> Result<ImageSet> {
        let crops: Vec<RgbImage> = photos_of
            .iter()
            .flat_map(|&photo| (0..config.crops).map(move |number| (photo, number)))
            .map(|(photo, number)| crop(&photos[photo], &mut streams.at("crop", photo as u64, number as u64)))
            .collect();
        Ok(picture_set(name, brought(&crops, config.side)?, shape))
    };
    Ok([set("imagenet/crops", train)?, set("imagenet/test crops", test)?])
}

/// A random square of a photo.
fn crop(photo: &RgbImage, random: &mut impl rand::Rng) -> RgbImage {
    let whole = photo.width().min(photo.height());
    let side = ((f64::from(whole) * random.random_range(CROP[0]..=CROP[1])).round() as u32).clamp(1, whole);
    let left = random.random_range(0..=photo.width() - side);
    let top = random.random_range(0..=photo.height() - side);
    imageops::crop_imm(photo, left, top, side, side).to_image()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use image::Rgb;

    use super::*;

    const TABLE: &str = "file,age,gender,race
1.jpg,20-29,Female,White
2.jpg,3-9,Male,East Asian
3.jpg,more than 70,Female,Black
4.jpg,50-59,Male,Indian
5.jpg,20-29,Male,Latino_Hispanic
6.jpg,20-29,Female,Middle Eastern
7.jpg,30-39,Female,Southeast Asian
8.jpg,30-39,Male,White
";

    fn config(faces: usize, shares: [f64; 4]) -> FairfaceConfig {
        FairfaceConfig {
            side: 16,
            faces,
            shares,
            crops: 3,
            test_photos: 4,
            seed: 0,
        }
    }

    #[test]
    fn four_labels_of_race_stand_for_two_shades_and_the_others_are_left_out() {
        let rows = labels(TABLE.as_bytes()).unwrap();
        let found: Vec<(&str, usize, f64)> = rows.iter().map(|row| (row.file.as_str(), row.group, row.age)).collect();
        assert_eq!(
            found,
            [
                ("1.jpg", 0, 20.0),
                ("2.jpg", 1, 3.0),
                ("3.jpg", 2, 70.0),
                ("4.jpg", 3, 50.0),
                ("8.jpg", 1, 30.0)
            ]
        );
        let problem = labels("file,age,gender,race\n9.jpg,0-2,?,Black\n".as_bytes()).unwrap_err();
        assert!(
            problem.contains("`9.jpg` has the unknown gender label `?`"),
            "{problem}"
        );
        assert!(labels("file,age,gender,race\n9.jpg,0-2\n".as_bytes()).is_err());
    }

    #[test]
    fn groups_are_drawn_in_their_shares_and_each_photo_once() {
        let rows: Vec<Row> = (0..80)
            .map(|number| Row {
                file: number.to_string(),
                age: 0.0,
                group: number % 4,
            })
            .collect();
        let of = |seed| chosen(&rows, &config(25, [0.60, 0.32, 0.04, 0.04]), &Streams::new(seed)).unwrap();
        let chosen_rows = of(0);
        let counts = [0, 1, 2, 3].map(|group| chosen_rows.iter().filter(|row| row.group == group).count());
        assert_eq!(counts, [15, 8, 1, 1]);
        let names = |rows: &[Row]| rows.iter().map(|row| row.file.clone()).collect::<Vec<_>>();
        assert_eq!(names(&chosen_rows).iter().collect::<BTreeSet<_>>().len(), 25);
        assert_eq!(names(&chosen_rows), names(&of(0)));
        assert_ne!(names(&chosen_rows), names(&of(1)));
        let error = chosen(&rows, &config(100, [0.60, 0.36, 0.01, 0.03]), &Streams::new(0)).unwrap_err();
        assert!(error.to_string().contains("light_female"), "{error}");
    }

    /// Photos of one color each: a crop tells which photo it is of.
    #[test]
    fn no_photo_has_crops_to_learn_from_and_crops_to_measure_with() {
        let photos: Vec<RgbImage> = (0..12)
            .map(|number| RgbImage::from_pixel(40, 30, Rgb([20 * number as u8, 128, 128])))
            .collect();
        let photos_of = |set: &ImageSet| -> BTreeSet<usize> {
            (0..set.len())
                .map(|index| (f64::from(set.image(index)[0]) / 20.0).round() as usize)
                .collect()
        };
        let config = config(1, [1.0, 0.0, 0.0, 0.0]);
        let [train, test] = crops_of(&photos, &config, &Streams::new(0)).unwrap();
        assert_eq!([train.len(), test.len()], [8 * 3, 4 * 3]);
        let [train, test] = [photos_of(&train), photos_of(&test)];
        assert_eq!([train.len(), test.len()], [8, 4]);
        assert!(train.is_disjoint(&test));
        assert!(crops_of(&photos[..4], &config, &Streams::new(0)).is_err());
    }

    #[test]
    fn crops_are_squares_of_half_to_all_of_a_photo() {
        let photo = RgbImage::new(100, 60);
        let sides: Vec<u32> = (0..200)
            .map(|number| {
                let crop = crop(&photo, &mut Streams::new(0).at("crop", 0, number));
                assert_eq!(crop.width(), crop.height());
                crop.width()
            })
            .collect();
        let (least, most) = (sides.iter().min().unwrap(), sides.iter().max().unwrap());
        assert!((30..34).contains(least) && (57..=60).contains(most), "{least} {most}");
    }
}
