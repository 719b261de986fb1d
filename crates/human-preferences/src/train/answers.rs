//! Brings the answers of people from the database to the reward model.

use std::sync::Arc;

use papers_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{judge::fits, page::DATABASE};
use crate::{
    clip::Clip,
    environment::Task,
    labels::{Changes, StoredAnswer},
    reward_model::RewardLearner,
    reward_network::AnyReward,
    rollout::Lengths,
    server::{SharedStore, lock},
};

/// The answers of a database, and which of them the learner has.
pub(super) struct Answers {
    store: SharedStore,
    task: Task,
    lengths: Lengths,
    /// Answers that were brought to the learner, in their order.
    known: Vec<KnownAnswer>,
    /// The database when it was last looked at.
    seen: Option<Changes>,
}

/// An answer that was brought to the learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KnownAnswer {
    id: i64,
    /// Number of the learner's comparison of it, if there is one.
    comparison: Option<u64>,
}

impl Answers {
    pub(super) fn new(store: SharedStore, task: Task, lengths: Lengths) -> Self {
        Self {
            store,
            task,
            lengths,
            known: Vec::new(),
            seen: None,
        }
    }

    pub(super) fn known(&self) -> &[KnownAnswer] {
        &self.known
    }

    pub(super) fn set_known(&mut self, known: Vec<KnownAnswer>) {
        self.known = known;
        self.seen = None;
    }

    /// Brings answers that are new to the learner, and takes those back that were undone.
    pub(super) fn bring(&mut self, learner: &mut RewardLearner<AnyReward>) -> Result<()> {
        let changes = lock(&self.store).changes().map_err(Error::usage)?;
        if self.seen == Some(changes) {
            return Ok(());
        }
        let counting = lock(&self.store).answer_ids().map_err(Error::usage)?;
        let is_undone = |known: &KnownAnswer| counting.binary_search(&known.id).is_err();
        for known in self.known.extract_if(.., |known| is_undone(known)) {
            if let Some(comparison) = known.comparison {
                learner.forget(comparison);
            }
        }
        let latest = self.known.last().map_or(0, |known| known.id);
        let new = lock(&self.store).answers_after(latest).map_err(Error::usage)?;
        for answer in new {
            let comparison = self.learn(learner, &answer)?;
            self.known.push(KnownAnswer {
                id: answer.id,
                comparison,
            });
        }
        self.seen = Some(changes);
        Ok(())
    }

    /// Gives one answer to the learner; returns the number of the comparison, if it can be learned from.
    fn learn(&self, learner: &mut RewardLearner<AnyReward>, answer: &StoredAnswer) -> Result<Option<u64>> {
        let clip = |data: &[u8]| -> Result<Arc<Clip>> {
            let clip: Clip = serde_json::from_slice(data).map_err(Error::usage)?;
            let fits = fits(&clip, &self.task, self.lengths);
            fits.map_err(|problem| {
                Error::usage(format!("{DATABASE} is of other clips: {problem}; use another --out"))
            })?;
            Ok(Arc::new(clip))
        };
        let (first, second) = (clip(&answer.first)?, clip(&answer.second)?);
        learner.answer(first, second, answer.answer).map_err(Error::usage)
    }
}
