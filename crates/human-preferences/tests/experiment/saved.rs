//! A look into the checkpoint of an experiment.

use std::collections::BTreeMap;

use human_preferences::{
    feedback::Counts,
    reward_model::{Comparison, saved_comparisons},
    train::PreferenceLearning,
};
use papers_core::{
    Experiment,
    base::journal::Position,
    checkpoint::{LoopState, Reader, Store},
};
use serde_json::Value;
use tempfile::TempDir;

/// An experiment's state on disk, for as long as it is looked at.
pub(crate) struct Saved {
    pub(crate) reader: Reader,
    _folder: TempDir,
}

/// Writes the state after `rounds` rounds.
pub(crate) fn save(experiment: &PreferenceLearning, rounds: u64) -> Saved {
    let folder = tempfile::tempdir().expect("a folder");
    let state = LoopState::default();
    let written = Store::new(folder.path()).save(rounds, Position::default(), &state, |writer| experiment.save(writer));
    Saved {
        reader: Reader::open(&written.expect("a checkpoint")).expect("an intact checkpoint"),
        _folder: folder,
    }
}

impl Saved {
    /// Digest of every part by its file's name.
    pub(crate) fn digests(&self) -> BTreeMap<String, String> {
        let digests = self.reader.digests().into_iter();
        digests
            .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
            .collect()
    }

    /// Digests of the parts whose names begin so.
    pub(crate) fn digests_of(&self, beginning: &str) -> BTreeMap<String, String> {
        let mut digests = self.digests();
        digests.retain(|name, _| name.starts_with(beginning));
        assert!(!digests.is_empty(), "no part is called `{beginning}`");
        digests
    }

    /// What the reward model learns from.
    pub(crate) fn comparisons(&self) -> Vec<Comparison> {
        saved_comparisons(&self.reader).expect("comparisons")
    }

    /// A part in JSON.
    pub(crate) fn json(&self, name: &str) -> Value {
        self.reader.json(name).expect(name)
    }

    /// Answers of each kind.
    pub(crate) fn counts(&self) -> Counts {
        serde_json::from_value(self.json("labelling")["counts"].clone()).expect("counts")
    }
}
