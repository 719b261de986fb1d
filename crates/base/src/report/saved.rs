//! A run as its folder tells it.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{CONFIG, PROVENANCE, RESULTS, damaged, figures};
use crate::{
    Error, Result,
    figure::Figure,
    journal::{self, Event, JOURNAL, Record, ScalarMap, Scalars},
};

/// Bytes of the largest configuration, record or result that is read.
const TEXT_LIMIT: u64 = 1 << 20;

/// What is left of a run on disk.
pub(super) struct SavedRun {
    pub(super) folder: PathBuf,
    /// Names and values of `run.json`.
    pub(super) provenance: Vec<(String, String)>,
    /// The resolved configuration, in TOML.
    pub(super) config: String,
    pub(super) records: Vec<Record>,
    /// The last evaluation of a finished run.
    pub(super) results: Option<Scalars>,
    pub(super) figures: Vec<Figure>,
    /// What could not be read.
    pub(super) problems: Vec<String>,
}

/// How far a run came.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Status {
    Finished {
        seconds: f64,
    },
    Stopped {
        reason: String,
    },
    /// It goes on still, or was killed.
    Unfinished,
}

impl SavedRun {
    /// Reads whatever is there; what cannot be read becomes a problem to be shown.
    pub(super) fn load(folder: &Path) -> Result<Self> {
        if ![CONFIG, PROVENANCE, JOURNAL]
            .iter()
            .any(|name| folder.join(name).is_file())
        {
            return Err(damaged(
                folder,
                &format!("not the folder of a run: no {CONFIG}, {PROVENANCE} or {JOURNAL}"),
            ));
        }
        let mut problems = Vec::new();
        let records = match journal::read(folder) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            records => or_problem(records, &mut problems),
        };
        let json = or_problem(read_json(&folder.join(PROVENANCE)), &mut problems);
        Ok(Self {
            folder: folder.to_owned(),
            provenance: json.map(fields).unwrap_or_default(),
            config: or_problem(read_text(&folder.join(CONFIG)), &mut problems).unwrap_or_default(),
            records,
            results: or_problem(read_json(&folder.join(RESULTS)), &mut problems).map(|ScalarMap(scalars)| scalars),
            figures: or_problem(figures::load_figures(folder), &mut problems),
            problems,
        })
    }

    /// A value of `run.json`.
    pub(super) fn fact(&self, name: &str) -> Option<&str> {
        self.provenance
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The experiment, or the folder where nothing tells it.
    pub(super) fn name(&self) -> String {
        self.fact("experiment")
            .map_or_else(|| self.folder_name(), str::to_owned)
    }

    pub(super) fn folder_name(&self) -> String {
        // A path such as `.` has no name of its own.
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        folder
            .file_name()
            .map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    pub(super) fn status(&self) -> Status {
        match self.records.last().map(|record| &record.event) {
            Some(Event::Finished { seconds, .. }) => Status::Finished { seconds: *seconds },
            Some(Event::Stopped { reason, .. }) => Status::Stopped { reason: reason.clone() },
            _ => Status::Unfinished,
        }
    }

    /// Updates applied, as far as the journal tells.
    pub(super) fn step(&self) -> u64 {
        self.records
            .iter()
            .rev()
            .find_map(|record| record.event.step())
            .unwrap_or(0)
    }

    /// Updates that the schedule asks for.
    pub(super) fn planned_steps(&self) -> Option<i64> {
        let config: toml::Table = toml::from_str(&self.config).ok()?;
        config.get("schedule")?.get("steps")?.as_integer()
    }

    /// The newest evaluation and its step; that of a finished run is its result.
    pub(super) fn evaluation(&self) -> Option<(u64, &Scalars)> {
        if let Some(results) = &self.results {
            return Some((self.step(), results));
        }
        self.records.iter().rev().find_map(|record| match &record.event {
            Event::Evaluation { step, scalars } | Event::Finished { step, scalars, .. } => Some((*step, scalars)),
            _ => None,
        })
    }
}

/// The text of a small file; `None` if there is no such file.
pub(super) fn read_text(path: &Path) -> Result<Option<String>> {
    let bytes = read_bytes(path, TEXT_LIMIT)?;
    bytes
        .map(|bytes| String::from_utf8(bytes).map_err(|error| damaged(path, &error)))
        .transpose()
}

/// The content of a file of at most `limit` bytes; `None` if there is no such file.
pub(super) fn read_bytes(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(damaged(path, &format!("larger than {limit} bytes")));
    }
    Ok(Some(bytes))
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = read_text(path)?;
    text.map(|text| serde_json::from_str(&text).map_err(|error| damaged(path, &error)))
        .transpose()
}

fn or_problem<T: Default>(result: Result<T>, problems: &mut Vec<String>) -> T {
    result.unwrap_or_else(|error| {
        problems.push(in_words(&error));
        T::default()
    })
}

/// An error with its causes, of which the first alone may only name a file.
pub(super) fn in_words(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}

/// Names and values of a JSON object; inner objects as `outer.inner`, what is null left out.
fn fields(value: Value) -> Vec<(String, String)> {
    let Value::Object(map) = value else {
        return Vec::new();
    };
    let mut fields = Vec::new();
    for (name, value) in map {
        match value {
            Value::Null => {}
            Value::String(text) => fields.push((name, text)),
            Value::Object(_) => {
                fields.extend(
                    self::fields(value)
                        .into_iter()
                        .map(|(inner, text)| (format!("{name}.{inner}"), text)),
                );
            }
            other => fields.push((name, other.to_string())),
        }
    }
    fields
}
