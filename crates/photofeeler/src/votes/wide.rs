//! Tables with one voter in a row and one photo in a column.

use std::io::Read;

use super::{
    Gender, Row, TableOptions, VotesError,
    table::{damaged, parse_score},
};

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
/// voter's gender, the columns in `ignored` are passed over, and so are empty cells: who gave no score did not vote.
///
/// # Errors
///
/// Scores that are none or out of range, with their line.
pub fn read_wide(
    source: impl Read,
    file: &str,
    options: &TableOptions,
    ignored: &[String],
) -> Result<Vec<Row>, VotesError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source);
    let header = reader.headers().map_err(|error| damaged(file, &error))?.clone();
    let place = |names: [&str; 2]| header.iter().position(|name| names.contains(&name));
    let (voter, gender) = (place(["voter", "rater"]), place(["voter_gender", "rater_sex"]));
    let is_photo = |name: &str| !OF_VOTER.contains(&name) && !ignored.iter().any(|other| other == name);
    let photos: Vec<usize> = (0..header.len()).filter(|&column| is_photo(&header[column])).collect();
    let mut rows = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.map_err(|error| damaged(file, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let name = voter
            .and_then(|column| record.get(column))
            .filter(|name| !name.is_empty());
        let name = name.map_or_else(|| (number + 1).to_string(), str::to_owned);
        let voter_gender = gender.and_then(|column| record.get(column)).and_then(Gender::parse);
        for &column in &photos {
            if record.get(column).is_none_or(str::is_empty) {
                continue;
            }
            rows.push(Row {
                photo: header[column].to_owned(),
                voter: Some(name.clone()),
                score: parse_score(&record, column, file, line, options.range)?,
                voter_gender,
                subject_gender: None,
                person: None,
            });
        }
    }
    Ok(rows)
}
