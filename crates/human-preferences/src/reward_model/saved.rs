//! What a checkpoint holds of a learner.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use papers_core::checkpoint;
use serde::{Deserialize, Serialize};

use super::{
    Bootstrap, Comparison, RewardLearner,
    learner::{Given, History},
};
use crate::{clip::Clip, reward_network::RewardNetwork};

impl<N: RewardNetwork> RewardLearner<N> {
    /// Adds everything that [`restore`](Self::restore) needs to a checkpoint, the comparisons included.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> papers_core::Result<()> {
        for (index, member) in self.members.iter().enumerate() {
            member.save(index, checkpoint)?;
        }
        let state = State {
            counts: self
                .members
                .iter()
                .map(|member| member.bootstrap.counts().to_vec())
                .collect(),
            l2: self.members.iter().map(|member| member.l2).collect(),
            unusable: self.unusable,
            version: self.version,
            next: self.history.next,
        };
        checkpoint.json("reward", &state)?;
        checkpoint.json("comparisons", &SavedComparisons::of(&self.history.given))
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> papers_core::Result<()> {
        let state: State = checkpoint.json("reward")?;
        let given = given(checkpoint)?;
        let damaged = |problem: &str| papers_core::Error::Checkpoint {
            path: checkpoint.folder().to_owned(),
            problem: problem.to_owned(),
        };
        if state.counts.len() != self.members.len() || state.l2.len() != self.members.len() {
            let (found, expected) = (state.counts.len(), self.members.len());
            return Err(damaged(&format!(
                "has an ensemble of {found}, and the run one of {expected}"
            )));
        }
        if state.counts.iter().any(|counts| counts.len() != given.len()) {
            return Err(damaged("has other comparisons than its ensemble knows"));
        }
        for (index, member) in self.members.iter_mut().enumerate() {
            member.restore(index, checkpoint)?;
        }
        for ((member, counts), l2) in self.members.iter_mut().zip(state.counts).zip(state.l2) {
            member.bootstrap = Bootstrap::of_counts(counts);
            member.l2 = l2;
        }
        self.history = History {
            given,
            next: state.next,
        };
        self.unusable = state.unusable;
        self.version = state.version;
        Ok(())
    }
}

/// The comparisons that a [`RewardLearner`] learned from when it wrote a checkpoint.
///
/// # Errors
///
/// A part that is missing or damaged.
pub fn saved_comparisons(checkpoint: &checkpoint::Reader) -> papers_core::Result<Vec<Comparison>> {
    let given = given(checkpoint)?.into_iter();
    Ok(given.map(|given| given.comparison).collect())
}

fn given(checkpoint: &checkpoint::Reader) -> papers_core::Result<VecDeque<Given>> {
    let saved: Comparisons = checkpoint.json("comparisons")?;
    saved.read().ok_or_else(|| papers_core::Error::Checkpoint {
        path: checkpoint.folder().to_owned(),
        problem: "has comparisons of clips that it does not hold".to_owned(),
    })
}

#[derive(Serialize, Deserialize)]
struct State {
    counts: Vec<Vec<u32>>,
    l2: Vec<f64>,
    unusable: u64,
    version: u64,
    next: u64,
}

/// Comparisons as they are written: each clip once.
#[derive(Serialize)]
struct SavedComparisons<'a> {
    clips: Vec<&'a Clip>,
    comparisons: Vec<SavedComparison>,
}

#[derive(Deserialize)]
struct Comparisons {
    clips: Vec<Clip>,
    comparisons: Vec<SavedComparison>,
}

/// A comparison whose clips are indices of a table.
#[derive(Serialize, Deserialize)]
struct SavedComparison {
    number: u64,
    first: usize,
    second: usize,
    preference: [f64; 2],
    true_returns: Option<[f64; 2]>,
}

impl<'a> SavedComparisons<'a> {
    fn of(given: &'a VecDeque<Given>) -> Self {
        let mut clips: Vec<&Clip> = Vec::new();
        // By content: a clip that was read from a checkpoint is the same as one that stayed in memory.
        let mut known: HashMap<(u64, usize), Vec<usize>> = HashMap::new();
        let mut index = |clip: &'a Arc<Clip>| {
            let alike = known.entry((clip.episode, clip.start)).or_default();
            if let Some(&index) = alike.iter().find(|&&index| clips[index] == clip.as_ref()) {
                return index;
            }
            clips.push(clip.as_ref());
            alike.push(clips.len() - 1);
            clips.len() - 1
        };
        let comparisons = given
            .iter()
            .map(|Given { number, comparison }| SavedComparison {
                number: *number,
                first: index(&comparison.first),
                second: index(&comparison.second),
                preference: comparison.preference,
                true_returns: comparison.true_returns,
            })
            .collect();
        Self { clips, comparisons }
    }
}

impl Comparisons {
    fn read(self) -> Option<VecDeque<Given>> {
        let clips: Vec<Arc<Clip>> = self.clips.into_iter().map(Arc::new).collect();
        let read = |saved: SavedComparison| {
            Some(Given {
                number: saved.number,
                comparison: Comparison {
                    first: Arc::clone(clips.get(saved.first)?),
                    second: Arc::clone(clips.get(saved.second)?),
                    preference: saved.preference,
                    true_returns: saved.true_returns,
                },
            })
        };
        self.comparisons.into_iter().map(read).collect()
    }
}
