//! Sets of one's own: a table of votes, and a folder of pictures or a table of numbers.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::Path,
};

use papers_core::{Error, Result, base::images::Listing, random::Streams};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{
    Inputs, RatedPhotos,
    archive::picture_set,
    assemble::{Parts, PhotoRow, assemble, stem},
    picture,
};
use crate::{
    config::{DataConfig, SetKind, TableConfig},
    votes::{Row, TableOptions, VotesError, read_scut, read_table, read_wide, scut_gender},
};

pub(super) fn load(config: &DataConfig, table: &TableConfig, streams: &Streams) -> Result<RatedPhotos> {
    let options = TableOptions {
        range: [table.min, table.max],
        of_trait: config.of_trait.name(),
    };
    let rows = match config.set {
        SetKind::Scut => read_scut(&table.votes, &options)?,
        SetKind::Wide => {
            let file = std::fs::File::open(&table.votes).map_err(Error::io("read", &table.votes))?;
            read_wide(file, &table.votes.display().to_string(), &options, &table.ignored)?
        }
        _ => read_table(&table.votes, &options)?,
    };
    let (names, inputs, mut warnings) = match (&table.images, &table.features) {
        (Some(folder), _) => pictures(folder, config, table)?,
        (None, Some(features)) => {
            let (names, inputs) = features_of(features)?;
            (names, inputs, Vec::new())
        }
        (None, None) => return Err(Error::usage("`data.table` needs `images` or `features`")),
    };
    let (names, inputs, rows) = matched(names, inputs, rows, table.skip_missing, &mut warnings)?;
    if config.set == SetKind::Scut {
        warnings.push(format!(
            "{} pictures and {} rows of ratings were found",
            names.len(),
            rows.len()
        ));
    }
    let mut known: HashMap<&str, &Row> = HashMap::new();
    for row in &rows {
        known.entry(row.photo.as_str()).or_insert(row);
    }
    let photos: Vec<PhotoRow> = names
        .iter()
        .map(|name| {
            let row = known.get(name.as_str());
            let gender = row.and_then(|row| row.subject_gender);
            PhotoRow {
                name: name.clone(),
                person: row.and_then(|row| row.person.clone()).unwrap_or_else(|| name.clone()),
                gender: gender.or_else(|| (config.set == SetKind::Scut).then(|| scut_gender(name)).flatten()),
            }
        })
        .collect();
    let parts = Parts {
        name: table.votes.display().to_string(),
        photos,
        inputs,
        rows,
        range: options.range,
        duplicates: table.duplicates,
        test: table.test_list.as_deref().map(list).transpose()?,
        warnings,
    };
    Ok(assemble(parts, config, streams)?)
}

/// Photos that have votes, by the names that votes have; votes on photos that are there.
fn matched(
    names: Vec<String>,
    inputs: Inputs,
    mut rows: Vec<Row>,
    skips: bool,
    warnings: &mut Vec<String>,
) -> Result<(Vec<String>, Inputs, Vec<Row>), VotesError> {
    // Votes may call a photo without its ending.
    let voted: BTreeSet<&str> = rows.iter().map(|row| row.photo.as_str()).collect();
    let by_stem: HashMap<&str, &str> = voted.iter().map(|name| (stem(name), *name)).collect();
    let mut kept = Vec::new();
    let (mut called, mut without_votes) = (Vec::new(), Vec::new());
    for (place, name) in names.iter().enumerate() {
        let known = voted.get(name.as_str()).or_else(|| by_stem.get(stem(name)));
        match known {
            Some(known) => {
                kept.push(place);
                called.push((*known).to_owned());
            }
            None => without_votes.push(name.clone()),
        }
    }
    let there: HashSet<&str> = called.iter().map(String::as_str).collect();
    let without_picture: Vec<String> = voted
        .iter()
        .filter(|name| !there.contains(**name))
        .map(|name| (*name).to_owned())
        .collect();
    if !(without_picture.is_empty() && without_votes.is_empty()) {
        let error = VotesError::Missing {
            without_picture,
            without_votes,
        };
        if !skips {
            return Err(error);
        }
        warnings.push(format!("left out: {error}"));
        let there: HashSet<String> = called.iter().cloned().collect();
        rows.retain(|row| there.contains(&row.photo));
    }
    let inputs = inputs.subset(&kept);
    Ok((called, inputs, rows))
}

/// Reads all pictures of a folder; what cannot be read is listed.
fn pictures(folder: &Path, config: &DataConfig, table: &TableConfig) -> Result<(Vec<String>, Inputs, Vec<String>)> {
    let listing = Listing::of_one_class(folder, "photos")?;
    let read: Vec<std::result::Result<Vec<u8>, String>> = listing
        .files()
        .par_iter()
        .map(|file| {
            let picture = picture::read(&folder.join(file)).map_err(|error| format!("{file}: {error}"))?;
            Ok(picture::fit(&picture, config.side, config.channels))
        })
        .collect();
    let (mut names, mut images, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for (file, picture) in listing.files().iter().zip(read) {
        match picture {
            Ok(pixels) => {
                names.push(file.clone());
                images.extend(pixels);
            }
            Err(problem) => bad.push(problem),
        }
    }
    let mut warnings = Vec::new();
    if !bad.is_empty() {
        let error = VotesError::Unreadable { files: bad };
        if !table.skip_missing {
            return Err(error.into());
        }
        warnings.push(format!("left out: {error}"));
    }
    let set = picture_set(&folder.display().to_string(), images, config.side, config.channels);
    Ok((names, Inputs::Pictures(set), warnings))
}

/// A table of numbers: the column `photo`, all others numbers.
fn features_of(path: &Path) -> Result<(Vec<String>, Inputs), VotesError> {
    let file = path.display().to_string();
    let damaged = |problem: String| VotesError::File {
        file: file.clone(),
        problem,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| damaged(error.to_string()))?;
    let header = reader.headers().map_err(|error| damaged(error.to_string()))?.clone();
    let photo = header.iter().position(|name| name.eq_ignore_ascii_case("photo"));
    let photo = photo.ok_or_else(|| VotesError::Column {
        file: file.clone(),
        column: "photo",
        found: header.iter().collect::<Vec<_>>().join(", "),
    })?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| damaged(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        for (column, text) in record.iter().enumerate() {
            if column == photo {
                names.push(text.to_owned());
                continue;
            }
            let number = text.parse::<f32>().ok().filter(|number| number.is_finite());
            values.push(number.ok_or_else(|| damaged(format!("line {line}: `{text}` is no number")))?);
        }
    }
    let width = header.len() - 1;
    if width == 0 {
        return Err(damaged("has no column of numbers".to_owned()));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(damaged(format!("photo `{twice}` has two rows")));
    }
    Ok((names, Inputs::Features { values, width }))
}

/// Names of a list, one in a line; what follows a blank in a line is passed over.
fn list(path: &Path) -> Result<HashSet<String>> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    Ok(text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}
