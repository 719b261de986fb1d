use std::fmt;

use clap::{ArgMatches, Command};
use papers_base::{
    cli::BenchArgs,
    config::{About, Preset},
};

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
    /// A paper whose runs are named after `name`, which is its crate's; [`paper!`](crate::paper) takes it from there.
    pub fn new(name: &'static str, version: &'static str, title: &'static str) -> Self {
        Self {
            name,
            version,
            title,
            default_experiment: "",
            families: Vec::new(),
            flags: Vec::new(),
            verbs: Vec::new(),
            reproduction: None,
            bench: None,
        }
    }

    /// Adds experiments that share the implementation `E`. The one whose table `[about]` says `default = true` is trained
    /// where none is asked for.
    pub fn family<E: Experiment + 'static>(mut self, presets: &'static [Preset]) -> Self {
        let is_default = |preset: &&Preset| About::parse(preset.toml).is_ok_and(|about| about.default);
        if self.default_experiment.is_empty()
            && let Some(default) = presets.iter().find(is_default)
        {
            self.default_experiment = default.name;
        }
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
        let preset = Preset::find(self.presets(), name)?;
        for family in &self.families {
            if family.presets().contains(preset) {
                return Ok((family.as_ref(), preset));
            }
        }
        Err(Error::Usage(format!("no implementation of the experiment `{name}`")))
    }
}

impl fmt::Debug for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paper")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
