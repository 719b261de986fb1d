use std::{collections::HashSet, path::Path};

use super::Inputs;
use crate::votes::{Header, VotesError};

/// A table of numbers: the column `photo`, all others numbers.
pub(super) fn features_of(path: &Path) -> Result<(Vec<String>, Inputs), VotesError> {
    let file = path.display().to_string();
    let damaged = |problem: String| VotesError::File {
        file: file.clone(),
        problem,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| damaged(error.to_string()))?;
    let header = Header::of(reader.headers().map_err(|error| damaged(error.to_string()))?);
    let photo = header.needed(&["photo"], &file)?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| damaged(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        for (column, text) in record.iter().enumerate() {
            if column == photo {
                if text.is_empty() {
                    return Err(VotesError::Empty {
                        file: file.clone(),
                        line,
                        column: "photo",
                    });
                }
                names.push(text.to_owned());
                continue;
            }
            let number = text.parse::<f32>().ok().filter(|number| number.is_finite());
            values.push(number.ok_or_else(|| damaged(format!("line {line}: `{text}` is no number")))?);
        }
    }
    let width = header.names().len() - 1;
    if width == 0 {
        return Err(damaged("has no column of numbers".to_owned()));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(damaged(format!("photo `{twice}` has two rows")));
    }
    Ok((names, Inputs::Features { values, width }))
}
