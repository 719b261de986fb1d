//! Tables that have the mean of each photo's votes and no single ones (SCUT-FBP5500's `mean_scores.csv`, Hot-or-Not).

use std::{collections::HashSet, fs, path::Path};

use super::{
    Gender, Row, Table, TableOptions, VotesError,
    table::{MEANS, read},
};

/// More files than a set of this kind has.
const MOST_FILES: usize = 1 << 20;

/// Reads a table with the columns `photo` (or `file`) and `score` (or `mean_score`), and `fold` (or `cv_test_fold`), `trait` and
/// `subject_gender` if they are there; one row for each photo.
///
/// # Errors
///
/// As [`read_table`](super::read_table); also single votes, folds that are no numbers, and two rows of a photo.
pub fn read_means(bytes: &[u8], file: &str, options: &TableOptions) -> Result<Table, VotesError> {
    let problem = |problem: String| VotesError::File {
        file: file.to_owned(),
        problem,
    };
    let table = read(bytes, file, options, &MEANS)?;
    if table.rows.iter().any(|row| row.voter.is_some()) {
        return Err(problem(
            "has a column `voter`: single votes are read with `data.set='csv'`".to_owned(),
        ));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = table.rows.iter().find(|row| !seen.insert(row.photo.as_str())) {
        return Err(problem(format!("photo `{}` has two rows", twice.photo)));
    }
    Ok(table)
}

/// Reads a folder with a text file for each photo, as Hot-or-Not has it: the mean in the first line, the number of raters in the second.
/// A photo is called after its file without `.txt`, with its sub-folder; one that is called `female` or `male` says whose photos are in it.
///
/// # Errors
///
/// A folder without such files; a file whose first line is no score in range or whose second is no number, with its line.
pub fn read_hot_or_not(folder: &Path, options: &TableOptions) -> Result<Vec<Row>, VotesError> {
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(unread(folder, "has no text files with a mean and a number of raters"));
    }
    files.iter().map(|name| read_one(folder, name, options)).collect()
}

fn read_one(folder: &Path, name: &str, options: &TableOptions) -> Result<Row, VotesError> {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).map_err(|error| unread(&path, &error.to_string()))?;
    let mut lines = text.lines().map(str::trim);
    let mean = lines.next().unwrap_or_default();
    let [least, most] = options.range;
    let score = mean.parse::<f64>().ok().filter(|score| (least..=most).contains(score));
    let score = score.ok_or_else(|| VotesError::Score {
        file: path.display().to_string(),
        line: 1,
        text: mean.to_owned(),
        least,
        most,
    })?;
    let raters = lines.next().unwrap_or_default();
    if raters.parse::<f64>().is_err() {
        return Err(unread(&path, &format!("line 2: `{raters}` is no number of raters")));
    }
    let photo = name.strip_suffix(".txt").unwrap_or(name);
    Ok(Row {
        subject_gender: photo.split('/').find_map(Gender::parse),
        photo: photo.to_owned(),
        voter: None,
        score,
        voter_gender: None,
        person: None,
        fold: None,
    })
}

fn collect(folder: &Path, below: &str, files: &mut Vec<String>) -> Result<(), VotesError> {
    let failed = |error: std::io::Error| unread(folder, &error.to_string());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if kind.is_file() && name.ends_with(".txt") {
            files.push(name);
        }
        if files.len() > MOST_FILES {
            return Err(unread(folder, "has more files than a set of this kind"));
        }
    }
    Ok(())
}

fn unread(path: &Path, problem: &str) -> VotesError {
    VotesError::File {
        file: path.display().to_string(),
        problem: problem.to_owned(),
    }
}
