//! Public sets of rated faces. Scores are judgments of others, no facts about anybody.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, io::Read};

use flate2::read::MultiGzDecoder;
use papers_core::{Error, Result, base::catalogue::DatasetFolder, random::Streams};

use super::{
    RatedPhotos, archive,
    assemble::{Parts, PhotoRow, assemble},
};
use crate::{
    config::DataConfig,
    votes::{Duplicates, Gender, Row, TableOptions, Trait, VotesError, read_wide},
};

/// More bytes than a table of these sets has.
const MOST_BYTES: u64 = 256 << 20;

/// Face Research Lab London Set: attractiveness from 1 to 7, all faces by all raters.
pub(super) fn london(config: &DataConfig, folder: &DatasetFolder, streams: &Streams) -> Result<RatedPhotos> {
    only(
        "London Faces",
        config.of_trait,
        &[(Trait::Attractive, "")],
        "attractive",
    )?;
    let mut genders = HashMap::new();
    for record in records(folder, "london_faces_info.csv")? {
        genders.insert(cell(&record, 0), Gender::parse(&cell(&record, 2)));
    }
    let options = TableOptions {
        range: [1.0, 7.0],
        of_trait: Trait::Attractive.name(),
    };
    let ratings = folder.open("london_faces_ratings.csv")?.take(MOST_BYTES);
    let rows = read_wide(ratings, "london_faces_ratings.csv", &options, &[])?;
    // `neutral_front/001_03.jpg` is face X001.
    let face = |path: &str| Some(format!("X{}", path.rsplit('/').next()?.split('_').next()?));
    let (names, inputs) = archive::pictures(folder, "london_neutral_256.tar.gz", config, face)?;
    let photos = names.into_iter().map(|name| PhotoRow {
        gender: genders.get(&name).copied().flatten(),
        person: name.clone(),
        name,
    });
    let parts = Parts {
        name: "London Faces".to_owned(),
        photos: photos.collect(),
        inputs,
        rows,
        range: options.range,
        duplicates: Duplicates::Refuse,
        test: None,
        warnings: Vec::new(),
    };
    Ok(assemble(parts, config, streams)?)
}

/// MEBeauty: attractiveness from 1 to 10; nothing is known of the raters but a number.
pub(super) fn mebeauty(config: &DataConfig, folder: &DatasetFolder, streams: &Streams) -> Result<RatedPhotos> {
    only("MEBeauty", config.of_trait, &[(Trait::Attractive, "")], "attractive")?;
    let mut genders = HashMap::new();
    for record in records(folder, "images.csv")? {
        genders.insert(cell(&record, 0), Gender::parse(&cell(&record, 2)));
    }
    let mut rows = Vec::new();
    for record in records(folder, "ratings.csv.gz")? {
        rows.push(row(
            cell(&record, 0),
            Some(cell(&record, 1)),
            number(&record, 2, "ratings.csv.gz", [1.0, 10.0])?,
            None,
        ));
    }
    // `images/0012.jpg` is image 12.
    let image = |path: &str| {
        let digits = path.rsplit('/').next()?.split('.').next()?;
        Some(digits.parse::<usize>().ok()?.to_string())
    };
    let (names, inputs) = archive::pictures(folder, "mebeauty_112.tar.gz", config, image)?;
    let photos = names.into_iter().map(|name| PhotoRow {
        gender: genders.get(&name).copied().flatten(),
        person: name.clone(),
        name,
    });
    let parts = Parts {
        name: "MEBeauty".to_owned(),
        photos: photos.collect(),
        inputs,
        rows,
        range: [1.0, 10.0],
        // A few raters saw an image twice.
        duplicates: Duplicates::Mean,
        test: None,
        warnings: vec![
            "the set does not say who is on a photo: a person on several photos may be on both sides".to_owned(),
        ],
    };
    Ok(assemble(parts, config, streams)?)
}

/// 3DSK: attractive and trustworthy from 1 to 7; each rater rated one trait of the faces of one gender.
pub(super) fn three_dsk(config: &DataConfig, folder: &DatasetFolder, streams: &Streams) -> Result<RatedPhotos> {
    let traits = [(Trait::Attractive, "att"), (Trait::Trustworthy, "trust")];
    let code = only("3DSK", config.of_trait, &traits, "attractive, trustworthy")?;
    let (mut rows, mut genders) = (Vec::new(), HashMap::new());
    for record in records(folder, "3dsk_ratings.csv.gz")? {
        // A woman and a man may have the same name.
        let gender = cell(&record, 1);
        let name = format!("{gender}/{}", cell(&record, 0));
        genders.insert(name.clone(), Gender::parse(&gender));
        if cell(&record, 6) == code {
            let voter_gender = Gender::parse(&cell(&record, 4));
            rows.push(row(
                name,
                Some(cell(&record, 3)),
                number(&record, 7, "3dsk_ratings.csv.gz", [1.0, 7.0])?,
                voter_gender,
            ));
        }
    }
    let face = |path: &str| Some(path.strip_suffix(".jpg")?.to_owned());
    let (names, inputs) = archive::pictures(folder, "3dsk_192x256.tar.gz", config, face)?;
    let photos = names.into_iter().map(|name| PhotoRow {
        gender: genders.get(&name).copied().flatten(),
        person: name.clone(),
        name,
    });
    let parts = Parts {
        name: "3DSK".to_owned(),
        photos: photos.collect(),
        inputs,
        rows,
        range: [1.0, 7.0],
        duplicates: Duplicates::Refuse,
        test: None,
        warnings: Vec::new(),
    };
    Ok(assemble(parts, config, streams)?)
}

/// One Million Impressions: scores from 0 to 100 of synthetic faces, by nobody knows whom.
pub(super) fn omi(config: &DataConfig, folder: &DatasetFolder, streams: &Streams) -> Result<RatedPhotos> {
    let mut rows = Vec::new();
    for record in records(folder, "attribute_ratings.csv.gz")? {
        // Repeats are second scores of the same person.
        if cell(&record, 1) == config.of_trait.name() && cell(&record, 2) == "normal" {
            rows.push(row(
                cell(&record, 3),
                None,
                number(&record, 0, "attribute_ratings.csv.gz", [0.0, 100.0])?,
                None,
            ));
        }
    }
    let stimulus = |path: &str| Some(path.rsplit('/').next()?.strip_suffix(".jpg")?.to_owned());
    let (names, inputs) = archive::pictures(folder, "omi_128.tar.gz", config, stimulus)?;
    let photos = names.into_iter().map(|name| PhotoRow {
        gender: None,
        person: name.clone(),
        name,
    });
    let parts = Parts {
        name: "One Million Impressions".to_owned(),
        photos: photos.collect(),
        inputs,
        rows,
        range: [0.0, 100.0],
        duplicates: Duplicates::Refuse,
        test: None,
        warnings: Vec::new(),
    };
    Ok(assemble(parts, config, streams)?)
}

/// What a set calls a trait.
fn only(
    name: &str,
    asked: Trait,
    traits: &[(Trait, &'static str)],
    known: &'static str,
) -> Result<&'static str, VotesError> {
    let found = traits.iter().find(|(of, _)| *of == asked);
    found.map(|(_, code)| *code).ok_or_else(|| VotesError::Trait {
        name: name.to_owned(),
        asked: asked.name(),
        known: known.to_owned(),
    })
}

fn row(photo: String, voter: Option<String>, score: f64, voter_gender: Option<Gender>) -> Row {
    Row {
        photo,
        voter,
        score,
        voter_gender,
        subject_gender: None,
        person: None,
        fold: None,
    }
}

/// The rows of a table, which is read through gzip where its name says so.
fn records(folder: &DatasetFolder, file: &'static str) -> Result<Vec<csv::StringRecord>> {
    let source: Box<dyn Read> = match file.ends_with(".gz") {
        true => Box::new(MultiGzDecoder::new(folder.open(file)?)),
        false => Box::new(folder.open(file)?),
    };
    let mut reader = csv::Reader::from_reader(source.take(MOST_BYTES));
    let records = reader.records().collect::<std::result::Result<Vec<_>, _>>();
    records.map_err(|error| Error::usage(format_args!("{}: {error}", folder.path().join(file).display())))
}

fn cell(record: &csv::StringRecord, column: usize) -> String {
    record.get(column).unwrap_or_default().trim().to_owned()
}

/// A score in range, or the file and the line that it is not in.
fn number(record: &csv::StringRecord, column: usize, file: &str, [least, most]: [f64; 2]) -> Result<f64, VotesError> {
    let text = cell(record, column);
    let number = text.parse().ok().filter(|number: &f64| (least..=most).contains(number));
    number.ok_or_else(|| VotesError::Score {
        file: file.to_owned(),
        line: record.position().map_or(0, csv::Position::line),
        text,
        least,
        most,
    })
}
