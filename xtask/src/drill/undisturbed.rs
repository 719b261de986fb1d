//! Runs that nothing is done to: what all others are compared with.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use super::{
    compare::{self, Content},
    ledger::Findings,
    program::{LONGEST, Program, finish},
};

/// Two runs of a program, undisturbed and the same.
pub(super) struct Undisturbed {
    folder: TempDir,
    content: Content,
    /// Pictures that draw times.
    times: BTreeSet<String>,
    /// The quicker of the two.
    took: Duration,
}

/// What may differ between the undisturbed run and another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Allowed {
    /// Nothing but times.
    Nothing,
    /// One more checkpoint, which a signal asked for.
    Checkpoints,
    /// The threads and the backend that the record of the run tells.
    Means,
}

impl Undisturbed {
    /// Trains twice: what differs between the two is not a drill's doing.
    ///
    /// # Errors
    ///
    /// Programs that fail, or whose two runs differ.
    pub(super) fn train(program: &Program, seed: u64) -> anyhow::Result<Self> {
        Self::train_with(program, seed, |_| {})
    }

    /// As [`train`](Self::train), with changed surroundings.
    pub(super) fn train_with(program: &Program, seed: u64, change: impl Fn(&mut Command)) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("drill-undisturbed-")
            .tempdir()
            .context("a temporary folder")?;
        let mut took = Duration::MAX;
        let mut contents = Vec::new();
        for name in ["run", "again"] {
            let out = folder.path().join(name);
            let mut command = program.train(&out, seed);
            change(&mut command);
            let ended = finish(command, &folder.path().join("log"), LONGEST)?;
            ensure!(
                ended.status.success(),
                "the undisturbed run of {} failed: {}",
                program.paper,
                ended.in_words()
            );
            took = took.min(ended.took);
            contents.push(compare::content(&out)?);
        }
        let (again, content) = (contents.pop().unwrap_or_default(), contents.pop().unwrap_or_default());
        let times = compare::drawn_times(&content, &again);
        let differing = compare::differences(&content, &again, &times);
        ensure!(
            differing.is_empty(),
            "two undisturbed runs of {} differ in {}",
            program.paper,
            differing.join(", ")
        );
        Ok(Self {
            folder,
            content,
            times,
            took,
        })
    }

    /// The folder of the run.
    pub(super) fn run(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// How long the run takes here.
    pub(super) fn took(&self) -> Duration {
        self.took
    }

    /// How many files of the run are compared.
    pub(super) fn files(&self) -> usize {
        self.content.len() - self.times.len()
    }

    /// Tells the ledger what is compared, and what is not.
    pub(super) fn describe(&self, paper: &str, findings: &mut Findings) {
        findings.fact(&format!("{paper}: files compared"), self.files());
        if !self.times.is_empty() {
            let times: Vec<String> = self.times.iter().cloned().collect();
            findings.fact(&format!("{paper}: pictures of times, not compared"), times);
        }
    }

    /// Names of the files in which the run in `out` is another one.
    pub(super) fn differences(&self, out: &Path, allowed: Allowed) -> anyhow::Result<Vec<String>> {
        let content = compare::content(out)?;
        let without = |content: &Content| match allowed {
            Allowed::Nothing => Ok(content.clone()),
            Allowed::Checkpoints => compare::without_checkpoints(content),
            Allowed::Means => compare::without_means(content),
        };
        Ok(compare::differences(
            &without(&self.content)?,
            &without(&content)?,
            &self.times,
        ))
    }

    /// Notes in which files the run in `out` is another one.
    pub(super) fn compare(&self, out: &Path, what: &str, allowed: Allowed, findings: &mut Findings) {
        findings.count("runs compared");
        match self.differences(out, allowed) {
            Ok(differing) if differing.is_empty() => {}
            Ok(differing) => findings.fail(format!("{what}: it differs in {}", differing.join(", "))),
            Err(error) => findings.fail(format!("{what}: {error:#}")),
        }
    }
}
