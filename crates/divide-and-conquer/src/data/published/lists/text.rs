//! Lists with fields between spaces.

use std::{fs, path::Path};

use papers_core::{Error, Result};

use super::damaged;

/// The lines of a list that are not empty.
pub(super) fn lines(root: &Path, file: &str) -> Result<Vec<String>> {
    /// More bytes than such a list has.
    const MOST_BYTES: u64 = 64 << 20;
    let path = root.join(file);
    let length = fs::metadata(&path).map_err(Error::io("read", &path))?.len();
    if length > MOST_BYTES {
        return Err(damaged(
            root,
            file,
            format!("has {length} bytes, more than such a list"),
        ));
    }
    let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    Ok(text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect())
}

/// The fields of all lines but the first `skipped`.
pub(super) fn fields<const N: usize>(root: &Path, file: &str, skipped: usize) -> Result<Vec<[String; N]>> {
    let line = |(place, line): (usize, &String)| -> Result<[String; N]> {
        let fields: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let found = fields.len();
        let problem = || {
            damaged(
                root,
                file,
                format!("line {} has {found} fields, not {N}: `{line}`", place + 1),
            )
        };
        <[String; N]>::try_from(fields).map_err(|_| problem())
    };
    lines(root, file)?.iter().enumerate().skip(skipped).map(line).collect()
}
