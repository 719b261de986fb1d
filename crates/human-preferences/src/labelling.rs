//! The part of a run that asks: it keeps the latest clips, knows when labels are due, chooses pairs, and has them judged.

use std::sync::Arc;

use papers_core::random::Streams;
use serde::{Deserialize, Serialize};

use crate::{
    answer::Answer,
    clip::Clip,
    environment::Task,
    feedback::{Counts, Script, Synthetic},
    label_schedule::LabelSchedule,
    queries::{ClipPool, Query, QueryConfig},
    reward_model::{Comparison, Moments, RewardError, RewardPredictor},
    reward_network::RewardNetwork,
    rollout::{Record, RecordedClip},
};

/// Who answers at once.
#[derive(Debug, Clone)]
pub enum Judge {
    /// An oracle that compares true returns.
    Synthetic(Synthetic),
    /// A script that looks for a behavior; a share of its answers is turned around.
    Scripted(Script, Synthetic),
    /// Recorded answers, in their order; clips of this run are not asked about.
    Replay(Vec<Recorded>),
    /// A person, who answers when they like.
    Person,
}

/// A recorded answer about two clips.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The first clip.
    pub first: Arc<Clip>,
    /// The second clip.
    pub second: Arc<Clip>,
    /// What was said.
    pub answer: Answer,
}

/// Asks for labels as they are due.
#[derive(Debug)]
pub struct Labelling {
    task: Task,
    schedule: LabelSchedule,
    queries: QueryConfig,
    judge: Judge,
    streams: Streams,
    state: LabellingState,
}

/// What the future of the labelling depends on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LabellingState {
    pool: ClipPool<Record>,
    counts: Counts,
}

/// What came of asking.
#[derive(Debug, Default)]
pub struct Asked {
    /// Comparisons to learn from.
    pub comparisons: Vec<Comparison>,
    /// Answers that say nothing.
    pub unusable: u64,
    /// Mean variance of the chosen pairs over the ensemble, if it was asked.
    pub variance: Option<f64>,
}

impl Labelling {
    /// Nothing asked yet.
    pub fn new(task: &Task, schedule: LabelSchedule, queries: QueryConfig, judge: Judge, streams: Streams) -> Self {
        Self {
            task: task.clone(),
            schedule,
            state: LabellingState {
                pool: ClipPool::new(queries.pool),
                counts: Counts::default(),
            },
            queries,
            judge,
            streams,
        }
    }

    /// Answers so far.
    pub fn counts(&self) -> Counts {
        self.state.counts
    }

    /// Clips that can be asked about.
    pub fn pool(&self) -> &ClipPool<Record> {
        &self.state.pool
    }

    /// Labels of the whole run, and when they are due.
    pub fn schedule(&self) -> &LabelSchedule {
        &self.schedule
    }

    /// Whether clips of this run are asked about.
    pub fn needs_clips(&self) -> bool {
        !matches!(self.judge, Judge::Replay(_))
    }

    /// Whether there are enough clips for the initial labels: twice as many, or a full pool.
    pub fn has_clips_to_begin(&self) -> bool {
        let wanted = 2 * self.schedule.initial() as usize;
        !self.needs_clips() || self.pool().len() >= wanted.min(self.pool().capacity())
    }

    /// Takes clips that can be asked about.
    pub fn offer(&mut self, clips: Vec<RecordedClip>) {
        for RecordedClip { clip, record } in clips {
            self.state.pool.push(Arc::new(clip), record);
        }
    }

    /// Asks for all labels that are due after `step` steps of the environments. Without a predictor pairs are drawn at
    /// random.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn ask<N: RewardNetwork>(
        &mut self,
        step: u64,
        predictor: Option<&RewardPredictor<N>>,
    ) -> Result<Asked, RewardError> {
        let asked = self.state.counts.total();
        let due = self.schedule.due(step).saturating_sub(asked);
        if let Judge::Replay(recorded) = &self.judge {
            let from = (asked as usize).min(recorded.len());
            let to = ((asked + due) as usize).min(recorded.len());
            return Ok(replayed(&recorded[from..to], &mut self.state.counts));
        }
        let queries = self.choose(due as usize, asked, predictor)?;
        Ok(self.judge(queries))
    }

    /// Chooses up to `count` pairs to ask about; `address` is another number each time. Without a predictor pairs are
    /// drawn at random.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn choose<N: RewardNetwork>(
        &mut self,
        count: usize,
        address: u64,
        predictor: Option<&RewardPredictor<N>>,
    ) -> Result<Vec<Query<Record>>, RewardError> {
        let mut generator = self.streams.at("queries", address, 0);
        self.state.pool.choose(count, &self.queries, predictor, &mut generator)
    }

    /// Takes over how many answers of each kind a person gave.
    pub fn set_counts(&mut self, counts: Counts) {
        self.state.counts = counts;
    }

    fn judge(&mut self, queries: Vec<Query<Record>>) -> Asked {
        let spread = Moments::of(
            self.state
                .pool
                .candidates()
                .map(|candidate| candidate.record.true_return),
        )
        .deviation();
        let variances = Moments::of(queries.iter().filter_map(|query| query.variance));
        let mut asked = Asked {
            variance: (variances.count > 0).then_some(variances.mean),
            ..Asked::default()
        };
        for query in queries {
            let answer = self.answer(&query, spread);
            self.state.counts.add(answer);
            let Some(preference) = answer.preference() else {
                asked.unusable += 1;
                continue;
            };
            asked.comparisons.push(Comparison {
                first: query.first.clip,
                second: query.second.clip,
                preference,
                true_returns: matches!(self.judge, Judge::Synthetic(_))
                    .then_some([query.first.record.true_return, query.second.record.true_return]),
            });
        }
        asked
    }

    fn answer(&self, query: &Query<Record>, spread: f64) -> Answer {
        let mut generator = self.streams.at("oracle", self.state.counts.total(), 0);
        let records = [&query.first.record, &query.second.record];
        match &self.judge {
            Judge::Synthetic(oracle) => {
                let [first, second] = records.map(|record| record.true_return);
                oracle.compare(first, second, spread, &mut generator)
            }
            Judge::Scripted(script, errors) => {
                let [first, second] = records.map(|record| script.score(&self.task, &record.signals));
                errors.err(script.compare(first, second), &mut generator)
            }
            // Neither answers at once.
            Judge::Replay(_) | Judge::Person => Answer::CantTell,
        }
    }

    /// How good a clip is in the eyes of the judge; none where that is not known.
    pub fn score(&self, record: &Record) -> Option<f64> {
        match &self.judge {
            Judge::Synthetic(_) => Some(record.true_return),
            Judge::Scripted(script, _) => Some(script.score(&self.task, &record.signals)),
            Judge::Replay(_) | Judge::Person => None,
        }
    }

    /// What the future depends on.
    pub fn state(&self) -> &LabellingState {
        &self.state
    }

    /// Goes on from a saved state.
    pub fn restore(&mut self, state: LabellingState) {
        self.state = state;
    }
}

fn replayed(recorded: &[Recorded], counts: &mut Counts) -> Asked {
    let mut asked = Asked::default();
    for Recorded { first, second, answer } in recorded {
        counts.add(*answer);
        match answer.preference() {
            Some(preference) => asked.comparisons.push(Comparison {
                first: Arc::clone(first),
                second: Arc::clone(second),
                preference,
                true_returns: None,
            }),
            None => asked.unusable += 1,
        }
    }
    asked
}
