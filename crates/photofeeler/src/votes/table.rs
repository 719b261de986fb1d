//! Tables with one vote in a row.

use std::{collections::BTreeMap, io::Read, path::Path};

use csv::StringRecord;

use super::{Gender, VotesError, header::Header};

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Name of the photo.
    pub photo: String,
    /// Name of the voter; none where the table does not say.
    pub voter: Option<String>,
    /// The score.
    pub score: f64,
    /// Gender of the voter, if it is known.
    pub voter_gender: Option<Gender>,
    /// Gender of who is on the photo, if it is known.
    pub subject_gender: Option<Gender>,
    /// Who is on the photo, if the table says.
    pub person: Option<String>,
    /// The fold that the photo is measured in, if a table of means says.
    pub fold: Option<usize>,
}

/// Rows of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Those of the asked for trait.
    pub rows: Vec<Row>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// How a table is read.
#[derive(Debug, Clone, PartialEq)]
pub struct TableOptions {
    /// Least and greatest score that can be given.
    pub range: [f64; 2],
    /// Rows of this trait alone, where the table has the column `trait`.
    pub of_trait: &'static str,
}

/// What a table may call its columns; the first name is told where none of them is there.
pub(super) struct Names {
    photo: &'static [&'static str],
    voter: &'static str,
    score: &'static [&'static str],
    fold: &'static [&'static str],
}

/// The other names are those of tables of means, such as SCUT-FBP5500's.
const OWN: Names = Names {
    photo: &["photo", "file"],
    voter: "voter",
    score: &["score", "mean_score"],
    fold: &[],
};

/// Means also say which fold a photo is measured in.
pub(super) const MEANS: Names = Names {
    fold: &["fold", "cv_test_fold"],
    ..OWN
};

/// Names as they are in exports of the sheet with all raters.
const SCUT: Names = Names {
    photo: &["filename"],
    voter: "rater",
    score: &["rating"],
    fold: &[],
};

/// Reads a table with the columns `photo`, `voter`, `score` and, if they are there, `trait`, `voter_gender`, `subject_gender` and
/// `person`, in any order; without `voter` nobody knows who gave a score. Names of columns are not case-sensitive. Rows of other traits
/// are left out and counted.
///
/// # Errors
///
/// Columns that are missing, scores that are none or out of range, empty names and traits; each with its line. No row of the trait.
pub fn read_table(path: &Path, options: &TableOptions) -> Result<Table, VotesError> {
    read(open(path)?, &path.display().to_string(), options, &OWN)
}

/// Reads the sheet `All_Ratings` of SCUT-FBP5500, exported as CSV: columns `Rater`, `Filename`, `Rating`; further ones, such as
/// `original Rating` of photos shown twice, are passed over. Subjects' gender is a letter of their file: `AF1.jpg` or `fty1.jpg`.
///
/// # Errors
///
/// As [`read_table`].
pub fn read_scut(path: &Path, options: &TableOptions) -> Result<Table, VotesError> {
    let mut table = read(open(path)?, &path.display().to_string(), options, &SCUT)?;
    for row in &mut table.rows {
        row.subject_gender = row.subject_gender.or_else(|| scut_gender(&row.photo));
    }
    Ok(table)
}

/// Files are called after ethnicity and gender in capitals, or after gender first in small letters.
pub(crate) fn scut_gender(file: &str) -> Option<Gender> {
    let place = usize::from(file.starts_with(['A', 'C']));
    Gender::parse(file.get(place..=place)?)
}

fn open(path: &Path) -> Result<std::fs::File, VotesError> {
    std::fs::File::open(path).map_err(|error| VotesError::File {
        file: path.display().to_string(),
        problem: error.to_string(),
    })
}

pub(super) fn damaged(file: &str, error: &csv::Error) -> VotesError {
    VotesError::File {
        file: file.to_owned(),
        problem: error.to_string(),
    }
}

pub(super) fn read(source: impl Read, file: &str, options: &TableOptions, names: &Names) -> Result<Table, VotesError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source);
    let header = Header::of(reader.headers().map_err(|error| damaged(file, &error))?);
    let (photo, score) = (header.needed(names.photo, file)?, header.needed(names.score, file)?);
    let (voter, of_trait, fold) = (
        header.place(&[names.voter]),
        header.place(&["trait"]),
        header.place(names.fold),
    );
    let [voter_gender, subject_gender, person] =
        ["voter_gender", "subject_gender", "person"].map(|column| header.place(&[column]));
    let mut rows = Vec::new();
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| damaged(file, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: Option<usize>| {
            column
                .and_then(|column| record.get(column))
                .filter(|text| !text.is_empty())
        };
        let empty = |column| VotesError::Empty {
            file: file.to_owned(),
            line,
            column,
        };
        if of_trait.is_some() {
            let found = cell(of_trait).ok_or_else(|| empty("trait"))?;
            if !found.eq_ignore_ascii_case(options.of_trait) {
                *others.entry(found.to_lowercase()).or_default() += 1;
                continue;
            }
        }
        rows.push(Row {
            photo: cell(Some(photo)).ok_or_else(|| empty(names.photo[0]))?.to_owned(),
            voter: match voter {
                None => None,
                Some(_) => Some(cell(voter).ok_or_else(|| empty(names.voter))?.to_owned()),
            },
            score: parse_score(&record, score, file, line, options.range)?,
            voter_gender: cell(voter_gender).and_then(Gender::parse),
            subject_gender: cell(subject_gender).and_then(Gender::parse),
            person: cell(person).map(str::to_owned),
            fold: fold.map(|column| parse_fold(&record, column, file, line)).transpose()?,
        });
    }
    if rows.is_empty() && !others.is_empty() {
        return Err(VotesError::Trait {
            name: file.to_owned(),
            asked: options.of_trait,
            known: others.into_keys().collect::<Vec<_>>().join(", "),
        });
    }
    Ok(Table {
        rows,
        warnings: of_other_traits(file, &others).into_iter().collect(),
    })
}

/// How many rows of which other traits are left out.
fn of_other_traits(file: &str, others: &BTreeMap<String, usize>) -> Option<String> {
    let counts: Vec<String> = others
        .iter()
        .map(|(name, count)| format!("{count} of {name}"))
        .collect();
    let all: usize = others.values().sum();
    (all > 0).then(|| {
        format!(
            "{file}: {all} rows of other traits are left out ({})",
            counts.join(", ")
        )
    })
}

fn parse_fold(record: &StringRecord, column: usize, file: &str, line: u64) -> Result<usize, VotesError> {
    let text = record.get(column).unwrap_or_default();
    text.parse().map_err(|_| VotesError::File {
        file: file.to_owned(),
        problem: format!("line {line}: the fold `{text}` is no number"),
    })
}

pub(super) fn parse_score(
    record: &StringRecord,
    column: usize,
    file: &str,
    line: u64,
    range: [f64; 2],
) -> Result<f64, VotesError> {
    let text = record.get(column).unwrap_or_default();
    let score = text.parse::<f64>().ok();
    // Not a number is in no range.
    let score = score.filter(|score| (range[0]..=range[1]).contains(score));
    score.ok_or_else(|| VotesError::Score {
        file: file.to_owned(),
        line,
        text: text.to_owned(),
        least: range[0],
        most: range[1],
    })
}
