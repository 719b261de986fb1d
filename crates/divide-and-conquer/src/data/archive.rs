//! Photos in a `.tar.gz` with a table of their classes.

use std::{collections::HashMap, io::Read};

use flate2::read::MultiGzDecoder;
use image::ImageFormat;
use papers_core::{
    Context, Error, Result,
    base::{catalogue::DatasetFolder, images::ImageSet},
};

use super::{Benchmark, Examples, Split};
use crate::config::DataConfig;

/// An archive that is known here.
struct Archive {
    name: &'static str,
    pictures: &'static str,
    table: &'static str,
    /// In front of the names of the table.
    folder: &'static str,
    side: usize,
    /// Numbers of classes up to which pictures are trained on.
    last_train: usize,
}

const ARCHIVES: [Archive; 2] = [
    Archive {
        name: "cars196-80",
        pictures: "cars196_80.tar.gz",
        table: "cars196_labels.csv",
        folder: "cars_train/",
        side: 80,
        last_train: 98,
    },
    Archive {
        name: "cub200-sample-96",
        pictures: "cub_sample_96.tar.gz",
        table: "cub_sample_labels.csv",
        folder: "",
        side: 96,
        last_train: 5,
    },
];

/// More bytes than a picture or a table of these archives has.
const MOST_BYTES: u64 = 1 << 20;
const COLORS: usize = 3;

/// A line of a table.
#[derive(serde::Deserialize)]
struct Line {
    file: String,
    class: usize,
    class_name: String,
}

pub(super) fn load(config: &DataConfig, context: &Context) -> Result<Split> {
    let archive = ARCHIVES
        .iter()
        .find(|archive| archive.name == config.set)
        .ok_or_else(|| {
            let known: Vec<&str> = ARCHIVES.iter().map(|archive| archive.name).collect();
            Error::Usage(format!(
                "`data.set`: no archive `{}`; there are {}",
                config.set,
                known.join(", ")
            ))
        })?;
    let folder = context.data.folder(archive.name)?;
    let lines = table(&folder, archive)?;
    let set = pictures(&folder, archive, &lines)?;
    let set = if config.pool == 1 {
        set
    } else {
        set.mean_pooled(config.pool)?
    };
    let part = |is_train: bool| {
        let is_chosen = |index: &usize| (lines[*index].class <= archive.last_train) == is_train;
        let indices: Vec<usize> = (0..lines.len()).filter(is_chosen).collect();
        Examples::in_memory(set.subset(set.name.clone(), &indices), Vec::new())
    };
    Ok(Split {
        train: part(true),
        tests: vec![Benchmark::of(part(false))],
    })
}

fn damaged(folder: &DatasetFolder, file: &str, problem: impl std::fmt::Display) -> Error {
    Error::Usage(format!("{}: {problem}", folder.path().join(file).display()))
}

fn table(folder: &DatasetFolder, archive: &Archive) -> Result<Vec<Line>> {
    let mut reader = csv::Reader::from_reader(folder.open(archive.table)?.take(MOST_BYTES));
    let lines: std::result::Result<Vec<Line>, _> = reader.deserialize().collect();
    let lines = lines.map_err(|error| damaged(folder, archive.table, error))?;
    match lines.iter().find(|line| !(1..=256).contains(&line.class)) {
        Some(line) => Err(damaged(
            folder,
            archive.table,
            format!("class {} of `{}`", line.class, line.file),
        )),
        None => Ok(lines),
    }
}

/// The pictures of the table, in its order.
fn pictures(folder: &DatasetFolder, archive: &Archive, lines: &[Line]) -> Result<ImageSet> {
    let places: HashMap<String, usize> = lines
        .iter()
        .enumerate()
        .map(|(place, line)| (format!("{}{}", archive.folder, line.file), place))
        .collect();
    let problem = |problem: String| damaged(folder, archive.pictures, problem);
    let pixels = archive.side * archive.side * COLORS;
    let mut images = vec![0; lines.len() * pixels];
    let mut found = vec![false; lines.len()];
    let mut tar = tar::Archive::new(MultiGzDecoder::new(folder.open(archive.pictures)?));
    for entry in tar.entries().map_err(|error| problem(error.to_string()))? {
        let mut entry = entry.map_err(|error| problem(error.to_string()))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some(&place) = places.get(&path) else {
            continue;
        };
        if entry.size() > MOST_BYTES {
            return Err(problem(format!("`{path}` has more bytes than such a picture")));
        }
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| problem(error.to_string()))?;
        let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg);
        let picture = picture
            .map_err(|error| problem(format!("`{path}`: {error}")))?
            .into_rgb8();
        if picture.as_raw().len() != pixels || picture.width() as usize != archive.side {
            let (width, height) = picture.dimensions();
            return Err(problem(format!(
                "`{path}` has {width}×{height} pixels, not {0}×{0}",
                archive.side
            )));
        }
        images[place * pixels..(place + 1) * pixels].copy_from_slice(picture.as_raw());
        found[place] = true;
    }
    if let Some(place) = found.iter().position(|&found| !found) {
        return Err(problem(format!("`{}` is not in the archive", lines[place].file)));
    }
    let classes = lines.iter().map(|line| line.class).max().unwrap_or(0);
    let mut class_names = vec![String::new(); classes];
    lines
        .iter()
        .for_each(|line| class_names[line.class - 1].clone_from(&line.class_name));
    Ok(ImageSet {
        name: archive.name.to_owned(),
        images,
        labels: lines.iter().map(|line| (line.class - 1) as u8).collect(),
        height: archive.side,
        width: archive.side,
        channels: COLORS,
        maximum: u8::MAX,
        classes,
        class_names,
    })
}
