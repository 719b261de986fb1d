use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use super::error::{TableError, some};
use crate::data::rows::{Rows, RowsError};

/// More bytes than a table of examples has that fits into memory with everything made of it.
const MOST_BYTES: u64 = 2 << 30;

/// Mark in front of the text that some programs write.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file of numbers and classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    path: PathBuf,
    /// Names of the columns of numbers.
    pub columns: Vec<String>,
    /// Numbers, row after row.
    pub values: Vec<f32>,
    /// Class of each row, by name.
    pub labels: Vec<Option<String>>,
}

impl Table {
    /// Reads the numbers of all columns but `ignore`, and the classes in the column `label`, where there are any.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, and what cannot be used in it.
    pub fn read(path: &Path, label: &str, ignore: &[String]) -> Result<Self, TableError> {
        let unreadable = |source| TableError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        let mut text = Vec::new();
        let read = file.take(MOST_BYTES + 1).read_to_end(&mut text);
        read.map_err(unreadable)?;
        if text.len() as u64 > MOST_BYTES {
            let (path, limit) = (path.to_owned(), MOST_BYTES);
            return Err(TableError::TooLarge { path, limit });
        }
        Self::parse(path, &text, label, ignore)
    }

    fn parse(path: &Path, text: &[u8], label: &str, ignore: &[String]) -> Result<Self, TableError> {
        let at = |(place, problem): (u64, String)| TableError::Line {
            path: path.to_owned(),
            line: line_at(text, place),
            problem,
        };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let header = reader.headers().map_err(|error| at(damaged(&error)))?;
        let names: Vec<String> = header
            .iter()
            .map(|name| name.trim_start_matches(BYTE_ORDER_MARK).trim_matches('"').to_owned())
            .collect();
        let uses = uses(&names, label, ignore).map_err(|problem| TableError::Header {
            path: path.to_owned(),
            problem,
        })?;
        let mut table = Self {
            path: path.to_owned(),
            columns: Vec::new(),
            values: Vec::new(),
            labels: Vec::new(),
        };
        let named = names.iter().zip(&uses).filter(|&(_, &what)| what == Use::Value);
        table.columns = named.map(|(name, _)| name.clone()).collect();
        for record in reader.records() {
            let record = record.map_err(|error| at(damaged(&error)))?;
            let place = record.position().map_or(0, csv::Position::byte);
            for ((cell, name), what) in record.iter().zip(&names).zip(&uses) {
                match what {
                    Use::Value => table
                        .values
                        .push(number(cell, name).map_err(|problem| at((place, problem)))?),
                    Use::Label => table
                        .labels
                        .push(Some(cell).filter(|cell| !cell.is_empty()).map(str::to_owned)),
                    Use::None => {}
                }
            }
        }
        if table.labels.is_empty() {
            return Err(TableError::Empty { path: path.to_owned() });
        }
        Ok(table)
    }

    /// The same with the columns of numbers in the order of `other`.
    ///
    /// # Errors
    ///
    /// [`TableError::Columns`] if it has others.
    pub fn in_order_of(self, other: &Self) -> Result<Self, TableError> {
        let missing_in = |names: &[String], here: &[String]| -> Vec<String> {
            names.iter().filter(|name| !here.contains(name)).cloned().collect()
        };
        let missing = missing_in(&other.columns, &self.columns);
        let unknown = missing_in(&self.columns, &other.columns);
        if !(missing.is_empty() && unknown.is_empty()) {
            return Err(TableError::Columns {
                rows: self.labels.len(),
                columns: self.columns.len(),
                expected: other.columns.len(),
                path: self.path,
                missing,
                unknown,
            });
        }
        let place = |name: &String| self.columns.iter().position(|column| column == name);
        let order: Vec<usize> = other.columns.iter().filter_map(place).collect();
        let rows = self.values.chunks_exact(order.len());
        let values = rows.flat_map(|row| order.iter().map(|&column| row[column])).collect();
        Ok(Self {
            columns: other.columns.clone(),
            values,
            ..self
        })
    }

    /// The rows, with classes by number.
    ///
    /// # Errors
    ///
    /// None for tables that were read, whose numbers are finite.
    pub fn rows(self, class_names: &[String]) -> Result<Rows, RowsError> {
        let class = |label: Option<String>| class_names.iter().position(|name| Some(name) == label.as_ref());
        let labels = self.labels.into_iter().map(class).collect();
        Rows::new(self.path.display().to_string(), self.values, self.columns.len(), labels)
    }
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Value,
    Label,
    None,
}

/// What each column is for, or why not all can be used.
fn uses(names: &[String], label: &str, ignore: &[String]) -> Result<Vec<Use>, String> {
    if let Some(index) = (0..names.len()).find(|&index| names[..index].contains(&names[index])) {
        return Err(format!("the first line names column `{}` twice", names[index]));
    }
    if let Some(name) = ignore.iter().find(|name| !names.contains(name)) {
        let columns = some(names);
        return Err(format!(
            "there is no column `{name}` to ignore (`data.table.ignore`); there are {columns}"
        ));
    }
    if !names.iter().any(|name| name == label) {
        let columns = some(names);
        return Err(format!(
            "there is no column `{label}`; `data.table.label` must name that of the classes, and there are {columns}"
        ));
    }
    let what = |name: &String| match name {
        name if name == label => Use::Label,
        name if ignore.contains(name) => Use::None,
        _ => Use::Value,
    };
    let uses: Vec<Use> = names.iter().map(what).collect();
    match uses.contains(&Use::Value) {
        true => Ok(uses),
        false => Err(format!("there is no column of numbers besides `{label}`")),
    }
}

fn number(cell: &str, column: &str) -> Result<f32, String> {
    match cell.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(value) => Err(format!(
            "column `{column}` is {value} (`{cell}`); all values must be finite numbers"
        )),
        Err(_) if cell.is_empty() => Err(format!("column `{column}` is empty; only labels may be missing")),
        Err(_) => Err(format!(
            "column `{column}` is `{cell}`, which is no number; if the column is none of numbers, name it in \
             `data.table.ignore`"
        )),
    }
}

/// The number of the line, from 1, of the first text at `place` or behind it.
///
/// The parser's own count is off behind empty lines and with line ends of two bytes.
fn line_at(text: &[u8], place: u64) -> usize {
    let place = usize::try_from(place).unwrap_or(usize::MAX).min(text.len());
    let (before, behind) = text.split_at(place);
    let ends = behind.iter().take_while(|byte| b"\r\n".contains(byte));
    before.iter().chain(ends).filter(|&&byte| byte == b'\n').count() + 1
}

/// The place and the words of an error of the parser.
fn damaged(error: &csv::Error) -> (u64, String) {
    let place = error.position().map_or(0, csv::Position::byte);
    let problem = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("there are {len} fields, and the first line has {expected_len}")
        }
        _ => error.to_string(),
    };
    (place, problem)
}

#[cfg(test)]
mod tests;
