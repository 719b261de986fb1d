use std::path::Path;

use super::{
    ConfigError, RunConfig, resolve,
    resolve::{read_text, resolve_text},
};
use crate::{Error, Result};

/// Name of the file of a run's folder that holds its resolved configuration.
pub const FILE: &str = "config.toml";

/// A named experiment, built into the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name: that of the file without `.toml`.
    pub name: &'static str,
    /// Text of the file.
    pub toml: &'static str,
}

/// The table of experiments made of the names of the files in a crate's folder `experiments`.
///
/// ```text
/// pub const PRESETS: &[Preset] = papers_base::presets!["digits", "mnist"];
/// ```
#[macro_export]
macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        &[$($crate::config::Preset {
            name: $name,
            toml: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/", $name, ".toml")),
        }),+]
    };
}

impl Preset {
    /// The experiment called `name`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownExperiment`] where there is none.
    pub fn find(presets: impl IntoIterator<Item = &'static Self>, name: &str) -> Result<&'static Self> {
        let mut known = Vec::new();
        for preset in presets {
            if preset.name == name {
                return Ok(preset);
            }
            known.push(preset.name);
        }
        Err(ConfigError::UnknownExperiment {
            name: name.to_owned(),
            known: known.join(", "),
        }
        .into())
    }
}

/// The configuration of the experiment called `name`, with overrides as in `schedule.steps=500`.
///
/// # Errors
///
/// [`ConfigError`], saying where the trouble stands.
pub fn experiment<C: RunConfig>(presets: &'static [Preset], name: &str, sets: &[&str]) -> Result<C> {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    resolve(Preset::find(presets, name)?.toml, None, &sets)
}

/// The configuration of the run in `folder`, with overrides.
///
/// # Errors
///
/// [`Error::NoRun`] for a folder without one; [`ConfigError`] for one that this program cannot use.
pub fn of_run<C: RunConfig>(folder: &Path, sets: &[String]) -> Result<C> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Err(Error::NoRun {
            folder: folder.to_owned(),
            file: FILE,
        });
    }
    resolve_text(&path.display().to_string(), &read_text(&path)?, None, sets)
}
