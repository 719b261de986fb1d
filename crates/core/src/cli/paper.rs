use std::fmt;

use clap::{ArgMatches, Command};
use papers_base::{cli::BenchArgs, config::Preset};

use super::family::{Family, FamilyOf};
use crate::{Error, Experiment, Result, reproduce::Reproduction};

/// What a paper binary consists of.
pub struct Paper {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) title: &'static str,
    pub(crate) default_experiment: &'static str,
    pub(crate) families: Vec<Box<dyn Family>>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) verbs: Vec<Verb>,
    pub(crate) reproduction: Option<Reproduction>,
    pub(crate) bench: Option<Bench>,
}

/// The `bench` command of a paper.
pub type Bench = fn(&BenchArgs) -> anyhow::Result<()>;

/// A setting that has a flag of its own on `train`: `--name VALUE` is `--set key=VALUE`.
///
/// The `flags` table of `[package.metadata.paper]` says the same to `cargo xtask train`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// Name of the flag, without dashes.
    pub name: &'static str,
    /// The setting, as in `feedback.mode`.
    pub key: &'static str,
    /// One line of help.
    pub help: &'static str,
}

/// A command that only this paper has.
#[derive(Clone, Copy)]
pub struct Verb {
    /// Its definition, name and help included.
    pub command: fn() -> Command,
    /// What it does.
    pub run: fn(&ArgMatches) -> anyhow::Result<()>,
}

impl Paper {
    /// A paper whose runs are named after `name` (the crate's), with `default_experiment` where none is asked for.
    pub fn new(
        name: &'static str,
        version: &'static str,
        title: &'static str,
        default_experiment: &'static str,
    ) -> Self {
        Self {
            name,
            version,
            title,
            default_experiment,
            families: Vec::new(),
            flags: Vec::new(),
            verbs: Vec::new(),
            reproduction: None,
            bench: None,
        }
    }

    /// Adds experiments that share the implementation `E`.
    pub fn family<E: Experiment + 'static>(mut self, presets: &'static [Preset]) -> Self {
        self.families.push(Box::new(FamilyOf::<E>::new(presets)));
        self
    }

    /// Gives a setting a flag of its own on `train`.
    pub fn flag(mut self, flag: Flag) -> Self {
        self.flags.push(flag);
        self
    }

    /// Adds a command that only this paper has.
    pub fn verb(mut self, verb: Verb) -> Self {
        self.verbs.push(verb);
        self
    }

    /// Sets what `reproduce` does.
    pub fn reproduction(mut self, reproduction: Reproduction) -> Self {
        self.reproduction = Some(reproduction);
        self
    }

    /// Sets what `bench` does.
    pub fn bench(mut self, bench: Bench) -> Self {
        self.bench = Some(bench);
        self
    }

    /// Every experiment's preset.
    pub fn presets(&self) -> impl Iterator<Item = &'static Preset> {
        self.families.iter().flat_map(|family| family.presets())
    }

    /// The experiment called `name` and the implementation behind it.
    pub(crate) fn find(&self, name: &str) -> Result<(&dyn Family, &'static Preset)> {
        for family in &self.families {
            if let Some(preset) = family.presets().iter().find(|preset| preset.name == name) {
                return Ok((family.as_ref(), preset));
            }
        }
        let known: Vec<&str> = self.presets().map(|preset| preset.name).collect();
        Err(Error::Usage(format!(
            "no experiment `{name}`; {} has: {}",
            self.name,
            known.join(", ")
        )))
    }
}

impl fmt::Debug for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paper")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
