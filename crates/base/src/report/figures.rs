//! The figures of a run on disk, so that its page can be drawn again without the program.
//!
//! ```text
//! figures/
//!     index.json           titles, captions and files, in the order of the page
//!     NAME.svg  NAME.png   drawings and images
//!     NAME.table.json      a table, and NAME.csv for other programs
//!     NAME.txt             text
//! ```

use std::{collections::BTreeSet, fs, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    FIGURES, damaged, remove,
    saved::{in_words, read_bytes, read_json},
};
use crate::{
    Error, Result, commit,
    figure::{Body, Figure},
};

const INDEX: &str = "index.json";

/// Bytes of the largest figure that a page shows.
const FIGURE_LIMIT: u64 = 16 << 20;

/// What the index tells about a figure.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    title: String,
    caption: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Table,
    Text,
    Svg,
    Png,
}

impl Kind {
    fn of(body: &Body) -> Self {
        match body {
            Body::Table(_) => Self::Table,
            Body::Text(_) => Self::Text,
            Body::Svg(_) => Self::Svg,
            Body::Png(_) => Self::Png,
        }
    }

    /// Ending of the file that the page is drawn from.
    fn ending(self) -> &'static str {
        match self {
            Self::Table => "table.json",
            Self::Text => "txt",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

/// Saves figures in their order; those of an earlier call are gone then.
///
/// # Errors
///
/// Two figures of one name, or a name that is no file's name; a file that cannot be written.
pub fn save_figures(folder: &Path, figures: &[Figure]) -> Result<()> {
    check_names(figures)?;
    let folder = folder.join(FIGURES);
    fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let stale: Vec<Entry> = read_json(&folder.join(INDEX)).ok().flatten().unwrap_or_default();
    let mut entries = Vec::new();
    let mut written = BTreeSet::new();
    for figure in figures {
        for (file, content) in files(figure)? {
            commit::bytes(&folder.join(&file), &content)?;
            written.insert(file);
        }
        entries.push(Entry {
            name: figure.name.clone(),
            title: figure.title.clone(),
            caption: figure.caption.clone(),
            kind: Kind::of(&figure.body),
        });
    }
    let index = serde_json::to_vec_pretty(&entries).map_err(|error| damaged(&folder, &error))?;
    commit::bytes(&folder.join(INDEX), &index)?;
    for entry in stale.iter().filter(|entry| is_file_name(&entry.name)) {
        for file in [
            format!("{}.{}", entry.name, entry.kind.ending()),
            format!("{}.csv", entry.name),
        ] {
            if !written.contains(&file) {
                remove(&folder.join(file))?;
            }
        }
    }
    Ok(())
}

/// The saved figures; a text stands for one that cannot be shown.
pub(super) fn load_figures(folder: &Path) -> Result<Vec<Figure>> {
    let folder = folder.join(FIGURES);
    let entries: Vec<Entry> = read_json(&folder.join(INDEX))?.unwrap_or_default();
    let figures = entries.into_iter().map(|entry| Figure {
        body: load_body(&folder, &entry)
            .unwrap_or_else(|error| Body::Text(format!("Cannot be shown. {}", in_words(&error)))),
        name: entry.name,
        title: entry.title,
        caption: entry.caption,
    });
    Ok(figures.collect())
}

fn load_body(folder: &Path, entry: &Entry) -> Result<Body> {
    let path = folder.join(format!("{}.{}", entry.name, entry.kind.ending()));
    if !is_file_name(&entry.name) {
        return Err(damaged(&path, &"not the name of a figure"));
    }
    let bytes = read_bytes(&path, FIGURE_LIMIT)?.ok_or_else(|| damaged(&path, &"the file is missing"))?;
    let text = |bytes| String::from_utf8(bytes).map_err(|error| damaged(&path, &error));
    Ok(match entry.kind {
        Kind::Table => Body::Table(serde_json::from_slice(&bytes).map_err(|error| damaged(&path, &error))?),
        Kind::Text => Body::Text(text(bytes)?),
        Kind::Svg => Body::Svg(text(bytes)?),
        Kind::Png => Body::Png(bytes),
    })
}

/// Names and contents of a figure's files.
fn files(figure: &Figure) -> Result<Vec<(String, Vec<u8>)>> {
    let file = format!("{}.{}", figure.name, Kind::of(&figure.body).ending());
    Ok(match &figure.body {
        Body::Table(table) => {
            let json = serde_json::to_vec_pretty(table).map_err(|error| refused(figure, &error.to_string()))?;
            vec![
                (file, json),
                (format!("{}.csv", figure.name), table.to_csv().into_bytes()),
            ]
        }
        Body::Text(text) | Body::Svg(text) => vec![(file, text.clone().into_bytes())],
        Body::Png(bytes) => vec![(file, bytes.clone())],
    })
}

fn check_names(figures: &[Figure]) -> Result<()> {
    let mut names = BTreeSet::new();
    for figure in figures {
        if !is_file_name(&figure.name) {
            return Err(refused(
                figure,
                "its name may hold letters, digits, `-`, `_` and `.` only",
            ));
        }
        // File systems that ignore case would mix them up.
        if !names.insert(figure.name.to_lowercase()) {
            return Err(refused(figure, "another figure has the same name"));
        }
    }
    Ok(())
}

fn is_file_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (1..=100).contains(&name.len()) && !name.starts_with('.') && name.chars().all(is_plain)
}

fn refused(figure: &Figure, problem: &str) -> Error {
    Error::Figure {
        figure: format!("`{}`", figure.name),
        problem: problem.to_owned(),
    }
}
