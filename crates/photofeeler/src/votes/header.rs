//! Names of a table's columns.

use csv::StringRecord;

use super::VotesError;

/// The first line of a table: names without a byte order mark and blanks around them, in any case.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    names: Vec<String>,
}

impl Header {
    /// Of a table's first record.
    pub(crate) fn of(record: &StringRecord) -> Self {
        let name = |name: &str| name.trim_start_matches('\u{feff}').trim().to_owned();
        Self {
            names: record.iter().map(name).collect(),
        }
    }

    /// Names as they stand there, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Place of the column with the first of these names that is there.
    pub(crate) fn place(&self, names: &[&str]) -> Option<usize> {
        let place = |wanted: &&str| self.names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        names.iter().find_map(place)
    }

    /// The same of a column that is needed.
    pub(crate) fn needed(&self, names: &[&'static str], file: &str) -> Result<usize, VotesError> {
        self.place(names).ok_or_else(|| VotesError::Column {
            file: file.to_owned(),
            column: names[0],
            found: self.names.join(", "),
        })
    }
}

/// Whether a name of a list is this one, in any case.
pub(crate) fn is_one_of(names: &[impl AsRef<str>], name: &str) -> bool {
    names.iter().any(|other| other.as_ref().eq_ignore_ascii_case(name))
}
