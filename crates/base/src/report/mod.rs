//! Pages to look at: one self-contained HTML file per run, and one that compares several.
//!
//! A page is made from the files of a run's folder alone, so that it can be drawn again without the program, while the
//! run goes on, and after it was killed. It needs no JavaScript and no network, and its content policy forbids both.

mod comparison;
mod curves;
mod figures;
mod html;
mod page;
mod saved;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    Error, Result, commit,
    config::FILE as CONFIG,
    journal::{self, ScalarMap, Scalars},
};

pub use figures::save_figures;
use saved::SavedRun;

const PROVENANCE: &str = "run.json";
const RESULTS: &str = "results.json";
const FIGURES: &str = "figures";
const REPORT: &str = "report.html";
const COMPARISON: &str = "comparison.html";

/// What a run writes into its folder, in the order in which it is removed: results first, so that a folder half cleared
/// is no finished run; the configuration last, so that it is still known to be a run. The lock stays.
const WRITTEN: [&str; 9] = [
    RESULTS,
    REPORT,
    FIGURES,
    "weights",
    "checkpoints",
    journal::JOURNAL,
    journal::BOARD,
    PROVENANCE,
    CONFIG,
];

/// Beginnings of names under which a killed process left something unfinished.
const LEFTOVERS: [&str; 3] = [".staging-", ".old-", ".commit-"];

/// Draws the report of the run in `folder`, finished or not, and tells where it is.
///
/// # Errors
///
/// A folder that holds no run, or a page that cannot be written. Damaged parts of a run are named on the page instead.
pub fn run(folder: &Path) -> Result<PathBuf> {
    let page = folder.join(REPORT);
    draw_run(folder, &page)?;
    Ok(page)
}

/// Draws one page about several runs into `out`: results, curves, and what differs in their settings.
///
/// Runs that differ only in their seed are one row, with mean and spread.
///
/// # Errors
///
/// As [`run`], for any of the folders.
pub fn compare(runs: &[PathBuf], out: &Path) -> Result<()> {
    let runs: Vec<SavedRun> = runs
        .iter()
        .map(|folder| SavedRun::load(folder))
        .collect::<Result<_>>()?;
    commit::bytes(out, comparison::draw(&runs, out)?.as_bytes())
}

/// Draws the report of one run, or the comparison of several, and tells where it is.
///
/// Without `out` a report lies in its run's folder and a comparison beside the first run.
///
/// # Errors
///
/// As [`run`]; no run at all.
pub fn draw(runs: &[PathBuf], out: Option<&Path>) -> Result<PathBuf> {
    match (runs, out) {
        ([], _) => Err(Error::Figure {
            figure: "a report".to_owned(),
            problem: "no run is named".to_owned(),
        }),
        ([folder], None) => run(folder),
        ([folder], Some(out)) => {
            draw_run(folder, out)?;
            Ok(out.to_owned())
        }
        ([first, ..], out) => {
            let out = out.map_or_else(|| first.with_file_name(COMPARISON), Path::to_owned);
            compare(runs, &out)?;
            Ok(out)
        }
    }
}

/// Saves the last evaluation as `results.json`; a run that has it is finished.
///
/// # Errors
///
/// A file that cannot be written.
pub fn save_results(folder: &Path, scalars: &Scalars) -> Result<()> {
    let path = folder.join(RESULTS);
    let mut json = serde_json::to_vec_pretty(&ScalarMap(scalars.clone())).map_err(|error| damaged(&path, &error))?;
    json.push(b'\n');
    commit::bytes(&path, &json)
}

/// Removes what a run wrote into its folder, and nothing else: not the lock, not files of others.
///
/// # Errors
///
/// A file that cannot be removed.
pub fn clear(folder: &Path) -> Result<()> {
    sweep(folder)?;
    WRITTEN.iter().try_for_each(|name| remove(&folder.join(name)))
}

/// Removes what writers that were killed left in the folder of a run and among its figures.
///
/// # Errors
///
/// A file that cannot be removed.
pub fn sweep(folder: &Path) -> Result<()> {
    sweep_one(folder)?;
    let figures = folder.join(FIGURES);
    // A link leads to what is not ours.
    match fs::symlink_metadata(&figures) {
        Ok(metadata) if metadata.is_dir() => sweep_one(&figures),
        _ => Ok(()),
    }
}

fn sweep_one(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        let name = entry.file_name();
        let starts_with = |start: &&str| name.as_encoded_bytes().starts_with(start.as_bytes());
        if LEFTOVERS.iter().any(starts_with) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn draw_run(folder: &Path, out: &Path) -> Result<()> {
    let run = SavedRun::load(folder)?;
    commit::bytes(out, page::draw(&run)?.as_bytes())
}

/// Removes a file or a folder with its content; a link goes, what it points to stays.
fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

fn damaged(path: &Path, problem: &impl std::fmt::Display) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests;
