//! Sets of one's own: a table of votes, and a folder of pictures or a table of numbers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io::Read,
    path::Path,
};

use papers_core::{Context, Error, Result, base::images::Listing};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{
    Inputs, PictureFiles, RatedPhotos,
    archive::picture_set,
    assemble::{Parts, PhotoRow, assemble, stem},
    features::features_of,
    picture,
};
use crate::{
    config::{DataConfig, SetKind, TableConfig},
    votes::{
        Gender, Row, Table, TableOptions, VotesError, read_hot_or_not, read_means, read_scut, read_table, read_wide,
        scut_gender,
    },
};

/// Where the means of SCUT-FBP5500's raters and its folds are.
const SCUT_MEANS: (&str, &str) = ("scut-fbp5500-scores", "mean_scores.csv");

pub(super) fn load(config: &DataConfig, table: &TableConfig, context: &Context) -> Result<RatedPhotos> {
    let options = TableOptions {
        range: [table.min, table.max],
        of_trait: config.of_trait.name(),
    };
    let votes = votes_of(config, table, &options, context)?;
    let (names, inputs, mut warnings) = match (&table.images, &table.features) {
        (Some(folder), _) => pictures(folder, config, table)?,
        (None, Some(features)) => {
            let (names, inputs) = features_of(features)?;
            (names, inputs, Vec::new())
        }
        (None, None) => return Err(Error::usage("`data.table` needs `images` or `features`")),
    };
    warnings.extend(votes.warnings);
    let (names, inputs, rows) = matched(names, inputs, votes.rows, table.skip_missing, &mut warnings)?;
    if votes.is_scut {
        warnings.push(format!(
            "{} pictures and {} rows of ratings were found",
            names.len(),
            rows.len()
        ));
    }
    let mut said = said_of(&rows)?;
    let photos: Vec<PhotoRow> = names
        .into_iter()
        .map(|name| {
            let Said { person, gender } = said.remove(name.as_str()).unwrap_or_default();
            PhotoRow {
                person: person.unwrap_or_else(|| name.clone()),
                gender: gender.or_else(|| votes.is_scut.then(|| scut_gender(&name)).flatten()),
                name,
            }
        })
        .collect();
    let test = match &table.test_list {
        Some(path) => Some(list(path)?),
        None => votes.test,
    };
    if let Some(test) = &test {
        warnings.extend(unlisted(test, &photos, table.skip_missing)?);
    }
    let parts = Parts {
        name: votes.name,
        photos,
        inputs,
        rows,
        range: options.range,
        duplicates: table.duplicates,
        test,
        warnings,
    };
    Ok(assemble(parts, config, &context.streams)?)
}

/// What a table of votes says.
struct Votes {
    name: String,
    rows: Vec<Row>,
    /// The photos of the asked for fold.
    test: Option<HashSet<String>>,
    is_scut: bool,
    /// What a reader should know.
    warnings: Vec<String>,
}

fn votes_of(config: &DataConfig, table: &TableConfig, options: &TableOptions, context: &Context) -> Result<Votes> {
    let Some(path) = &table.votes else {
        let (set, file) = SCUT_MEANS;
        let mut bytes = Vec::new();
        let folder = context.data.folder(set)?;
        folder
            .open(file)?
            .read_to_end(&mut bytes)
            .map_err(Error::io("read", &folder.path().join(file)))?;
        return Ok(of_means(
            "SCUT-FBP5500, mean scores",
            file,
            &bytes,
            table,
            options,
            true,
        )?);
    };
    let name = path.display().to_string();
    let of_rows = |rows| Table {
        rows,
        warnings: Vec::new(),
    };
    let Table { rows, warnings } = match config.set {
        SetKind::Means => {
            let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
            return Ok(of_means(&name, &name, &bytes, table, options, false)?);
        }
        SetKind::HotOrNot => of_rows(read_hot_or_not(path, options)?),
        SetKind::Scut => read_scut(path, options)?,
        SetKind::Wide => {
            let file = std::fs::File::open(path).map_err(Error::io("read", path))?;
            of_rows(read_wide(file, &name, options, &table.ignored)?)
        }
        _ => read_table(path, options)?,
    };
    Ok(Votes {
        name,
        rows,
        test: None,
        is_scut: config.set == SetKind::Scut,
        warnings,
    })
}

fn of_means(
    name: &str,
    file: &str,
    bytes: &[u8],
    table: &TableConfig,
    options: &TableOptions,
    is_scut: bool,
) -> Result<Votes, VotesError> {
    let Table { rows, warnings } = read_means(bytes, file, options)?;
    let in_fold = |row: &&Row| row.fold == Some(table.fold);
    let test: HashSet<String> = rows.iter().filter(in_fold).map(|row| row.photo.clone()).collect();
    if table.fold > 0 && test.is_empty() {
        return Err(VotesError::File {
            file: file.to_owned(),
            problem: format!("has no photo of the fold {} (`data.table.fold`)", table.fold),
        });
    }
    Ok(Votes {
        name: name.to_owned(),
        rows,
        test: (table.fold > 0).then_some(test),
        is_scut,
        warnings,
    })
}

/// What a table says of who is on a photo.
#[derive(Default)]
struct Said {
    person: Option<String>,
    gender: Option<Gender>,
}

/// Who is on each photo, and of which gender; rows that differ are refused.
fn said_of(rows: &[Row]) -> Result<BTreeMap<String, Said>, VotesError> {
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    for row in rows {
        if row.person.is_none() && row.subject_gender.is_none() && said.contains_key(&row.photo) {
            continue;
        }
        let Said { person, gender } = said.entry(row.photo.clone()).or_default();
        let conflict = |column: &'static str, one: &str, other: &str| VotesError::Conflict {
            photo: row.photo.clone(),
            column,
            one: one.to_owned(),
            other: other.to_owned(),
        };
        match (&*person, &row.person) {
            (Some(one), Some(other)) if one != other => return Err(conflict("person", one, other)),
            (None, Some(_)) => person.clone_from(&row.person),
            _ => {}
        }
        match (*gender, row.subject_gender) {
            (Some(one), Some(other)) if one != other => {
                return Err(conflict("subject_gender", one.name(), other.name()));
            }
            (None, of) => *gender = of,
            _ => {}
        }
    }
    Ok(said)
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
    let (mut kept, mut called, mut without_votes) = (Vec::new(), Vec::new(), Vec::new());
    let mut taken: HashMap<&str, &str> = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        let known = voted.get(name.as_str()).or_else(|| by_stem.get(stem(name)));
        match known {
            Some(known) => {
                if let Some(one) = taken.insert(known, name) {
                    return Err(VotesError::SameName {
                        one: one.to_owned(),
                        other: name.clone(),
                        name: (*known).to_owned(),
                    });
                }
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
    let inputs = inputs.only(&kept);
    Ok((called, inputs, rows))
}

/// The pictures of a folder, all of which are read once: what cannot be read is listed. Few are held in memory, and many read again
/// when a batch needs them.
fn pictures(folder: &Path, config: &DataConfig, table: &TableConfig) -> Result<(Vec<String>, Inputs, Vec<String>)> {
    let listing = Listing::of_one_class(folder, "photos");
    let listing = listing.map_err(|error| Error::usage(format_args!("`data.table.images`: {error}")))?;
    let bytes = listing.len() * config.side * config.side * config.channels;
    let is_held = bytes <= table.held_mib.saturating_mul(1 << 20);
    let read: Vec<std::result::Result<Vec<u8>, String>> = listing
        .files()
        .par_iter()
        .map(|file| {
            let picture = picture::read(&folder.join(file)).map_err(|error| format!("{file}: {error}"))?;
            Ok(match is_held {
                true => picture::fit(&picture, config.side, config.channels),
                false => Vec::new(),
            })
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
    let inputs = match is_held {
        true => Inputs::Pictures(picture_set(
            &folder.display().to_string(),
            images,
            config.side,
            config.channels,
        )),
        false => Inputs::Files(PictureFiles::new(
            folder.to_owned(),
            names.iter().cloned(),
            config.side,
            config.channels,
        )),
    };
    Ok((names, inputs, warnings))
}

/// Refuses names of the photos to measure with that no photo has, or tells them where what is missing is left out.
fn unlisted(test: &HashSet<String>, photos: &[PhotoRow], skips: bool) -> Result<Option<String>, VotesError> {
    let there: HashSet<&str> = photos.iter().map(|photo| stem(&photo.name)).collect();
    let mut names: Vec<String> = test
        .iter()
        .filter(|name| !there.contains(stem(name)))
        .cloned()
        .collect();
    names.sort_unstable();
    if names.is_empty() {
        return Ok(None);
    }
    let error = VotesError::Unlisted { names };
    match skips {
        true => Ok(Some(format!("passed over: {error}"))),
        false => Err(error),
    }
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
