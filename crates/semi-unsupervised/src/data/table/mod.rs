//! CSV files of one's own: a line of column names, then numbers and a class in each line.

mod error;
mod read;

use std::path::PathBuf;

use papers_core::{Result, random::Streams};

pub use error::TableError;
pub use read::Table;

use super::parts::{Parts, held_out, limited};
use crate::config::{DataConfig, TableConfig};

/// Reads the training and test rows of one's own files.
pub(super) fn load(config: &DataConfig, table: &TableConfig, streams: &Streams) -> Result<Parts> {
    let train = Table::read(&table.train, &table.label, &table.ignore)?;
    let test = match &table.test {
        Some(path) => Some(Table::read(path, &table.label, &table.ignore)?.in_order_of(&train)?),
        None => None,
    };
    let class_names = class_names(train.labels.iter().chain(test.iter().flat_map(|test| &test.labels)));
    if class_names.is_empty() {
        return Err(TableError::NoLabels {
            path: table.train.clone(),
            label: table.label.clone(),
        }
        .into());
    }
    let columns = train.columns.clone();
    let train = train.rows(&class_names)?;
    train.check_for(config.likelihood())?;
    let counts = train.class_counts(class_names.len())?;
    let absent: Vec<usize> = (0..counts.len()).filter(|&class| counts[class] == 0).collect();
    let mut warnings = Vec::new();
    let (train, test) = match test {
        Some(test) => {
            let test = test.rows(&class_names)?;
            test.check_for(config.likelihood())?;
            let (known, _) = test.truth();
            if known.is_empty() {
                let (path, label) = (PathBuf::from(&test.name), table.label.clone());
                return Err(TableError::NoLabels { path, label }.into());
            }
            if known.len() < test.len() {
                let (name, count) = (&test.name, test.len() - known.len());
                warnings.push(format!("{name}: {count} rows without a label are not tested on"));
            }
            (train, test.subset(test.name.as_str(), &known))
        }
        None => {
            let classes = class_names.len();
            held_out(train, classes, "data.table.held_out", table.held_out, streams)?
        }
    };
    Ok(Parts {
        train: limited(train, "data.train", config.train, Some(streams))?,
        test: limited(test, "data.test", config.test, None)?,
        class_names,
        columns,
        picture: None,
        absent,
        warnings,
    })
}

/// The different labels in order: as numbers if all are whole numbers, as text otherwise.
fn class_names<'a>(labels: impl Iterator<Item = &'a Option<String>>) -> Vec<String> {
    let mut names: Vec<String> = labels.flatten().cloned().collect();
    names.sort();
    names.dedup();
    let number = |name: &String| name.parse::<i64>().ok();
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by_key(number);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_the_order_of_their_numbers_or_names() {
        let names = |labels: &[&str]| {
            class_names(
                [None]
                    .iter()
                    .chain(&labels.iter().map(|&label| Some(label.to_owned())).collect::<Vec<_>>()),
            )
        };
        assert_eq!(names(&["10", "9", "10"]), ["9", "10"]);
        assert_eq!(names(&["walk", "10", "sit"]), ["10", "sit", "walk"]);
        assert!(names(&[]).is_empty());
    }
}
