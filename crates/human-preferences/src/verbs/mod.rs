//! Commands that only this paper has.

pub(crate) mod environments;
pub(crate) mod export;
pub(crate) mod label;
pub(crate) mod serve;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::ensure;
use papers_core::base::config;

use crate::{config::PreferenceConfig, labels::LabelStore, train::DATABASE};

/// Configuration of the run in `folder`.
fn config_of(folder: &Path) -> papers_core::Result<PreferenceConfig> {
    Ok(config::of_run(folder, &[])?)
}

/// The answers of people in a run's folder, if it has any.
fn database_of(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(DATABASE);
    path.is_file().then_some(path)
}

/// Opens the answers of people in a run's folder.
fn open(folder: &Path) -> anyhow::Result<LabelStore> {
    let path = folder.join(DATABASE);
    ensure!(
        path.is_file(),
        "{} holds no answers of people: it has no {DATABASE}, which `train --feedback human` makes",
        folder.display()
    );
    Ok(LabelStore::open(&path, &config_of(folder)?.environment.name)?)
}

/// One line of output; a reader that went away is an error and no panic.
fn print(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
