//! Series of numbers at irregular times, from a CSV file.

use std::path::{Path, PathBuf};

use papers_core::Error;

/// Cells that mean the same as an empty one.
const MISSING: [&str; 4] = ["", "na", "nan", "null"];

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A file that cannot be read, or is no table.
    #[error("cannot read {}: {source}; say where the table is, as in `--set data.table=\"'mine.csv'\"`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// A line that makes no sense.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// Columns or series that cannot be used.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Observations of one thing, in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is called.
    pub id: String,
    /// Times, growing.
    pub times: Vec<f64>,
    /// For each time the value of each column, `None` where there is none; at least one is there.
    pub values: Vec<Vec<Option<f64>>>,
}

impl Series {
    /// The observations before a time, and those from it on.
    pub fn split_at(&self, time: f64) -> (Self, Self) {
        let count = self.times.partition_point(|observed| *observed < time);
        let part = |range: std::ops::Range<usize>| Self {
            id: self.id.clone(),
            times: self.times[range.clone()].to_vec(),
            values: self.values[range].to_vec(),
        };
        (part(0..count), part(count..self.times.len()))
    }

    /// From the first to the last time.
    pub fn span(&self) -> f64 {
        self.times[self.times.len() - 1] - self.times[0]
    }
}

/// All series of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesTable {
    /// Names of the columns of numbers.
    pub columns: Vec<String>,
    /// The series, in the order in which the file first names them.
    pub series: Vec<Series>,
}

impl SeriesTable {
    /// Reads a file whose columns `id` and `time` say what is observed when; all others are numbers.
    ///
    /// # Errors
    ///
    /// What cannot be read or used.
    pub fn read(path: &Path, id: &str, time: &str) -> Result<Self, TableError> {
        let text = std::fs::read(path).map_err(|error| TableError::Unreadable {
            path: path.to_owned(),
            source: error.into(),
        })?;
        Self::parse(path, &text, id, time)
    }

    fn parse(path: &Path, text: &[u8], id: &str, time: &str) -> Result<Self, TableError> {
        let unreadable = |source| TableError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let content = |problem: String| TableError::Content {
            path: path.to_owned(),
            problem,
        };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let header = reader.headers().map_err(unreadable)?.clone();
        let names: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
        let place = |wanted: &str, what: &str| {
            let found = names.iter().position(|name| *name == wanted);
            found.ok_or_else(|| {
                content(format!(
                    "no column `{wanted}` for the {what} (there are: {}); name it with `--set data.{what}=\"'...'\"`",
                    names.join(", ")
                ))
            })
        };
        let (id, time) = (place(id, "id")?, place(time, "time")?);
        let is_value = |index: &usize| *index != id && *index != time;
        let columns: Vec<usize> = (0..names.len()).filter(is_value).collect();
        if columns.is_empty() {
            return Err(content("no column of numbers beside series and time".to_owned()));
        }
        let mut table = Self {
            columns: columns.iter().map(|&column| names[column].to_owned()).collect(),
            series: Vec::new(),
        };
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let line = |problem: String| TableError::Line {
                path: path.to_owned(),
                line: record.position().map_or(0, csv::Position::line),
                problem,
            };
            let name = &record[id];
            let at = number(&record[time], "time").map_err(line)?;
            let at = at.ok_or_else(|| line("it has no time".to_owned()))?;
            let values = columns.iter().map(|&column| number(&record[column], names[column]));
            let values: Vec<Option<f64>> = values.collect::<Result<_, _>>().map_err(line)?;
            if values.iter().all(Option::is_none) {
                continue;
            }
            let known = table.series.iter().position(|series| series.id == name);
            let index = known.unwrap_or(table.series.len());
            if known.is_none() {
                table.series.push(Series {
                    id: name.to_owned(),
                    times: Vec::new(),
                    values: Vec::new(),
                });
            }
            let series = &mut table.series[index];
            let place = series.times.partition_point(|other| *other < at);
            if series.times.get(place) == Some(&at) {
                return Err(line(format!("`{name}` is observed twice at time {at}")));
            }
            series.times.insert(place, at);
            series.values.insert(place, values);
        }
        if table.series.is_empty() {
            return Err(content("no row with a number".to_owned()));
        }
        for (index, name) in table.columns.iter().enumerate() {
            let mut values = table.series.iter().flat_map(|series| &series.values);
            if values.all(|values| values[index].is_none()) {
                return Err(content(format!("the column `{name}` is empty")));
            }
        }
        Ok(table)
    }
}

fn number(cell: &str, column: &str) -> Result<Option<f64>, String> {
    if MISSING.contains(&cell.to_ascii_lowercase().as_str()) {
        return Ok(None);
    }
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        _ => Err(format!(
            "`{cell}` in the column `{column}` is not a number; leave the cell empty where there is none"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SeriesTable, TableError> {
        SeriesTable::parse(Path::new("mine.csv"), text.as_bytes(), "id", "time")
    }

    #[test]
    fn rows_are_gathered_by_series_and_sorted_by_time() {
        let table = parse("time,id,a,b\n2,x,1.5,\n1,x,,3\n0,y,NA,4e1\n3,x,,\n").unwrap();
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.series.len(), 2);
        assert_eq!(table.series[0].times, [1.0, 2.0]);
        assert_eq!(table.series[0].values, [vec![None, Some(3.0)], vec![Some(1.5), None]]);
        let (before, after) = table.series[0].split_at(1.5);
        assert_eq!((before.times, after.times), (vec![1.0], vec![2.0]));
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_line() {
        for (text, parts) in [
            (
                "id,a\nx,1\n",
                &["no column `time`", "there are: id, a", "data.time"][..],
            ),
            ("name,time,a\nx,0,1\n", &["no column `id`"]),
            ("id,time\nx,0\n", &["no column of numbers"]),
            ("id,time,a\nx,0,one\n", &["line 2", "`one` in the column `a`"]),
            ("id,time,a\nx,,1\n", &["line 2", "no time"]),
            ("id,time,a\nx,0,inf\n", &["not a number"]),
            ("id,time,a\nx,0,1\nx,0.0,2\n", &["line 3", "twice at time 0"]),
            ("id,time,a\n", &["no row"]),
            ("id,time,a,b\nx,0,1,\n", &["column `b` is empty"]),
            ("id,time,a\nx,0\n", &["cannot read"]),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
        let error = SeriesTable::read(Path::new("/nowhere/mine.csv"), "id", "time")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("/nowhere/mine.csv") && error.contains("data.table"),
            "{error}"
        );
    }
}
