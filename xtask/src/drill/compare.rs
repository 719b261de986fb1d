//! Are two runs the same? All files of their folders, byte for byte, after exactly this was taken out:
//!
//! | file | taken out |
//! |---|---|
//! | `journal.jsonl` | `time` of every line, `seconds` of the last; the lines `resumed` |
//! | `events.*` | the wall time of every record, and the checksums over it |
//! | `run.json` | `started`, `command` (it names the folder), `git` (someone may commit between two runs) |
//! | `manifest.json` of a checkpoint | `seconds`; the journal's length, after checking that it ends at that checkpoint's line |
//! | `manifest.blake3` | all of it: the digest of that file |
//! | `figures/*.table.json`, `*.csv` | columns and rows that are named after seconds |
//! | `figures/*.svg`, `*.png` | those in which two undisturbed runs differ: they draw times |
//! | `report.html` | nothing: it has to be, byte for byte, what the files beside it draw |
//! | `lock` | all of it: it says who wrote last |

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use papers_base::report;
use serde_json::Value;

use super::board;

/// The files of a run by their paths in its folder, without what may differ.
pub(super) type Content = BTreeMap<String, Vec<u8>>;

/// Words by which a column or a row of a table says that it was measured with a clock.
const CLOCK_WORDS: [&str; 2] = ["second", "ms per"];

const JOURNAL: &str = "journal.jsonl";

/// What a run left, without what may differ between two runs that are the same.
///
/// # Errors
///
/// A file that is not what the program writes; a report that is not what the other files draw.
pub(super) fn content(run: &Path) -> anyhow::Result<Content> {
    let mut content = Content::new();
    for path in files(run)? {
        let name = path.strip_prefix(run).unwrap_or(&path).to_string_lossy().into_owned();
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let stripped = strip(run, &name, bytes).with_context(|| format!("{name} of {}", run.display()))?;
        if let Some(bytes) = stripped {
            content.insert(name, bytes);
        }
    }
    check_report(run)?;
    Ok(content)
}

/// Pictures in which two undisturbed runs differ.
pub(super) fn drawn_times(first: &Content, second: &Content) -> BTreeSet<String> {
    let is_picture =
        |name: &&String| name.starts_with("figures/") && (name.ends_with(".svg") || name.ends_with(".png"));
    let differing = first.iter().filter(|(name, bytes)| second.get(*name) != Some(*bytes));
    differing.map(|(name, _)| name).filter(is_picture).cloned().collect()
}

/// Names of the files in which two runs differ, besides those `except`.
pub(super) fn differences(first: &Content, second: &Content, except: &BTreeSet<String>) -> Vec<String> {
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let is_same = |name: &String| match (first.get(name), second.get(name)) {
        (Some(_), Some(_)) if except.contains(name) => true,
        (first, second) => first == second,
    };
    names.into_iter().filter(|name| !is_same(name)).cloned().collect()
}

/// A run without the checkpoints that a signal can add: all generations but the newest, and the journal's lines of them.
pub(super) fn without_checkpoints(content: &Content) -> anyhow::Result<Content> {
    let generation = |name: &String| {
        let rest = name.strip_prefix("checkpoints/")?;
        rest.split('/').next().map(str::to_owned)
    };
    let newest = content.keys().filter_map(generation).max();
    let mut kept = content.clone();
    kept.retain(|name, _| generation(name).is_none() || generation(name) == newest);
    if let Some(journal) = kept.get_mut(JOURNAL) {
        let mut lines = Vec::new();
        for line in journal.split_inclusive(|&byte| byte == b'\n') {
            let event: Value = serde_json::from_slice(line)?;
            if event["event"] != "checkpoint" {
                lines.extend_from_slice(line);
            }
        }
        *journal = lines;
    }
    Ok(kept)
}

/// A run without the threads and the backend that its record tells.
pub(super) fn without_means(content: &Content) -> anyhow::Result<Content> {
    let mut content = content.clone();
    if let Some(record) = content.get_mut("run.json") {
        *record = without(record, &["threads", "backend"])?;
    }
    Ok(content)
}

/// All files below a folder, in order.
pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
            if entry.file_type().context("looking at a file")?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A file without what may differ; none if all of it may.
fn strip(run: &Path, name: &str, bytes: Vec<u8>) -> anyhow::Result<Option<Vec<u8>>> {
    Ok(Some(match name {
        "lock" | "report.html" => return Ok(None),
        JOURNAL => journal(&bytes)?,
        "run.json" => without(&bytes, &["started", "command", "git"])?,
        name if name.starts_with("events.") => board::without_times(bytes)?,
        name if name.ends_with("/manifest.json") => manifest(run, &bytes)?,
        name if name.starts_with("figures/") && name.ends_with(".table.json") => table(&bytes)?,
        // A digest over what may differ.
        name if name.ends_with("/manifest.blake3") => Vec::new(),
        // The same cells as in the table beside it.
        name if name.starts_with("figures/") && name.ends_with(".csv") => Vec::new(),
        _ => bytes,
    }))
}

fn journal(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut stripped = Vec::new();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        ensure!(line.ends_with(b"\n"), "the last line is cut");
        let mut event: Value = serde_json::from_slice(line)?;
        if event["event"] == "resumed" {
            continue;
        }
        if let Value::Object(fields) = &mut event {
            ensure!(fields.remove("time").is_some(), "a line without a time");
            if fields.get("event").is_some_and(|event| event == "finished") {
                fields.remove("seconds");
            }
        }
        stripped.extend(serde_json::to_vec(&event)?);
        stripped.push(b'\n');
    }
    Ok(stripped)
}

fn without(bytes: &[u8], names: &[&str]) -> anyhow::Result<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(bytes)?;
    for name in names {
        let removed = value.as_object_mut().and_then(|fields| fields.remove(*name));
        ensure!(removed.is_some(), "there is no `{name}`");
    }
    Ok(serde_json::to_vec(&value)?)
}

/// The journal grew by lines of other lengths; where it stood must be behind the line of this checkpoint.
fn manifest(run: &Path, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(bytes)?;
    let end = value["journal"]["journal"]
        .as_u64()
        .context("no length of the journal")?;
    let journal = fs::read(run.join(JOURNAL))?;
    let before = usize::try_from(end).ok().and_then(|end| journal.get(..end));
    let before = before.context("the journal is shorter than the checkpoint remembers")?;
    let line = before
        .split_inclusive(|&byte| byte == b'\n')
        .next_back()
        .and_then(|line| line.strip_suffix(b"\n"))
        .context("the journal was cut within a line")?;
    let event: Value = serde_json::from_slice(line).context("the journal was cut within a line")?;
    if event["event"] != "checkpoint" || event["step"] != value["step"] {
        bail!("the journal's length does not end at the line of this checkpoint");
    }
    value["journal"]["journal"] = Value::Null;
    value["state"]["seconds"] = Value::Null;
    Ok(serde_json::to_vec(&value)?)
}

/// A table without what a clock measured.
fn table(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(bytes)?;
    let is_clock = |cell: &Value| {
        let text = cell.as_str().unwrap_or_default();
        CLOCK_WORDS.iter().any(|word| text.contains(word))
    };
    let columns = value["columns"].as_array().cloned().context("no columns")?;
    let rows = value["rows"].as_array_mut().context("no rows")?;
    for row in rows.iter_mut().filter_map(Value::as_array_mut) {
        let is_clock_row = row.first().is_some_and(is_clock);
        for (place, cell) in row.iter_mut().enumerate() {
            if columns.get(place).is_some_and(is_clock) || (is_clock_row && place > 0) {
                *cell = Value::Null;
            }
        }
    }
    Ok(serde_json::to_vec(&value)?)
}

/// The report has to be what the files beside it draw.
fn check_report(run: &Path) -> anyhow::Result<()> {
    let page = run.join("report.html");
    if !page.exists() {
        return Ok(());
    }
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let redrawn = folder.path().join("report.html");
    report::draw(&[run.to_owned()], Some(&redrawn))?;
    ensure!(
        fs::read(&page)? == fs::read(&redrawn)?,
        "{} is not what the files beside it draw",
        page.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_of_two_times_are_the_same() {
        let first = b"{\"time\":1.5,\"event\":\"checkpoint\",\"step\":2}\n{\"time\":2.5,\"event\":\"finished\",\"step\":2,\"seconds\":1.0,\"scalars\":{\"loss\":1.0}}\n";
        let second = b"{\"time\":7.25,\"event\":\"checkpoint\",\"step\":2}\n{\"time\":8,\"event\":\"resumed\",\"step\":2}\n{\"time\":9.5,\"event\":\"finished\",\"step\":2,\"seconds\":3.0,\"scalars\":{\"loss\":1.0}}\n";
        assert_eq!(journal(first).unwrap(), journal(second).unwrap());
        let other = String::from_utf8_lossy(second).replace("\"loss\":1.0", "\"loss\":1.5");
        assert_ne!(journal(first).unwrap(), journal(other.as_bytes()).unwrap());
        assert!(journal(&first[..20]).is_err());
    }

    #[test]
    fn a_checkpoint_must_end_at_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let line = "{\"time\":1.5,\"event\":\"checkpoint\",\"step\":2}\n";
        fs::write(folder.path().join(JOURNAL), line.repeat(2)).unwrap();
        let manifest = |end: usize, seconds: f64| {
            let text = format!(
                "{{\"step\":2,\"journal\":{{\"journal\":{end},\"board\":3}},\"state\":{{\"seconds\":{seconds}}}}}"
            );
            super::manifest(folder.path(), text.as_bytes())
        };
        assert_eq!(
            manifest(line.len(), 1.0).unwrap(),
            manifest(2 * line.len(), 2.0).unwrap()
        );
        assert!(manifest(line.len() - 1, 1.0).is_err());
        assert!(manifest(3 * line.len(), 1.0).is_err());
    }

    #[test]
    fn only_clocks_are_taken_out_of_tables() {
        let table = |error: &str, seconds: &str| {
            let text =
                format!("{{\"columns\":[\"error\",\"seconds per picture\"],\"rows\":[[\"{error}\",\"{seconds}\"]]}}");
            super::table(text.as_bytes()).unwrap()
        };
        assert_eq!(table("0.5", "1"), table("0.5", "2"));
        assert_ne!(table("0.5", "1"), table("0.25", "1"));
        let row = |seconds: &str| {
            let text = format!("{{\"columns\":[\"\",\"\"],\"rows\":[[\"milliseconds\",\"{seconds}\"]]}}");
            super::table(text.as_bytes()).unwrap()
        };
        assert_eq!(row("1"), row("2"));
    }

    #[test]
    fn files_that_only_one_run_has_are_differences() {
        let run = |files: &[(&str, &str)]| -> Content {
            let files = files.iter();
            files
                .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
                .collect()
        };
        let first = run(&[("weights/a", "1"), ("figures/time.svg", "1"), ("figures/b.svg", "1")]);
        let second = run(&[("weights/a", "2"), ("figures/time.svg", "2"), ("c", "1")]);
        let again = run(&[("weights/a", "1"), ("figures/time.svg", "3"), ("figures/b.svg", "1")]);
        let except = drawn_times(&first, &again);
        assert_eq!(except, BTreeSet::from(["figures/time.svg".to_owned()]));
        assert_eq!(
            differences(&first, &second, &except),
            ["c", "figures/b.svg", "weights/a"]
        );
    }
}
