//! Tables with one voter in a row and one photo in a column.

use std::io::Read;

use super::{
    Gender, Row, TableOptions, VotesError,
    header::{Header, is_one_of},
    table::{damaged, parse_score},
};

/// Columns that name the voter.
const VOTER: [&str; 2] = ["voter", "rater"];
/// Columns that say something of the voter.
const OF_VOTER: [&str; 6] = [
    "voter",
    "rater",
    "voter_gender",
    "rater_sex",
    "rater_sexpref",
    "rater_age",
];

/// Brings a table with one row for each voter and one column for each photo into rows of single votes, as London Faces needs it.
///
/// The voter is named by the column `voter` or `rater`, or else by the number of the row, from 1; `voter_gender` or `rater_sex` is the
/// voter's gender, the columns in `ignored` are passed over, and so are empty cells: who gave no score did not vote. Names of columns
/// are not case-sensitive.
///
/// # Errors
///
/// Scores that are none or out of range and voters without a name, with their line.
pub fn read_wide(
    source: impl Read,
    file: &str,
    options: &TableOptions,
    ignored: &[String],
) -> Result<Vec<Row>, VotesError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source);
    let header = Header::of(reader.headers().map_err(|error| damaged(file, &error))?);
    let gender = header.place(&["voter_gender", "rater_sex"]);
    let voter = VOTER.iter().find_map(|&name| Some((name, header.place(&[name])?)));
    let is_photo = |name: &str| !is_one_of(&OF_VOTER, name) && !is_one_of(ignored, name);
    let names = header.names();
    let photos: Vec<usize> = (0..names.len()).filter(|&column| is_photo(&names[column])).collect();
    let mut rows = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.map_err(|error| damaged(file, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let name = match voter {
            None => (number + 1).to_string(),
            Some((column, place)) => {
                let name = record.get(place).filter(|name| !name.is_empty());
                let empty = || VotesError::Empty {
                    file: file.to_owned(),
                    line,
                    column,
                };
                name.ok_or_else(empty)?.to_owned()
            }
        };
        let voter_gender = gender.and_then(|column| record.get(column)).and_then(Gender::parse);
        for &column in &photos {
            if record.get(column).is_none_or(str::is_empty) {
                continue;
            }
            rows.push(Row {
                photo: names[column].clone(),
                voter: Some(name.clone()),
                score: parse_score(&record, column, file, line, options.range)?,
                voter_gender,
                subject_gender: None,
                person: None,
                fold: None,
            });
        }
    }
    Ok(rows)
}
