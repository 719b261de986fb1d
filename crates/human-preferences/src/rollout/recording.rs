use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::Lengths;
use crate::{
    actions::Actions,
    clip::{Clip, ClipError, Observations},
    environment::{Environment, Hidden, ObservationSpace, Task},
    packed,
};

/// A clip and what is known about it besides.
#[derive(Debug, Clone)]
pub struct RecordedClip {
    /// What the agent saw and did: all that a reward model is given.
    pub clip: Clip,
    /// What oracles judge by, and what it is drawn from.
    pub record: Record,
}

/// What is known about a clip besides what the agent saw and did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Snapshot of the environment before the first step: with the clip's actions it can be drawn.
    #[serde(with = "packed")]
    pub snapshot: Vec<u8>,
    /// Sum of the true rewards.
    pub true_return: f64,
    /// The task's signals, `[steps, signals]`.
    #[serde(with = "packed")]
    pub signals: Vec<f64>,
}

/// Cuts an episode into clips that follow each other, after a first step that is drawn for each episode.
pub(super) struct Recorder {
    observation: ObservationSpace,
    clip_steps: usize,
    /// The step of the episode at which the next clip begins.
    start: usize,
    snapshot: Option<Vec<u8>>,
    observations: Vec<f32>,
    actions: Actions,
    no_actions: Actions,
    true_return: f64,
    signals: Vec<f64>,
}

/// State of a recorder between two rounds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecorderState {
    start: usize,
    snapshot: Option<Vec<u8>>,
    observations: Kept,
    actions: Actions,
    true_return: f64,
    #[serde(with = "packed")]
    signals: Vec<f64>,
}

/// Observations of a clip that is not complete.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Compact(Observations),
    /// Frames that do not follow each other.
    Numbers(#[serde(with = "packed")] Vec<f32>),
}

impl Recorder {
    pub(super) fn new(task: &Task, clip_steps: usize) -> Self {
        Self {
            observation: task.observation.clone(),
            clip_steps,
            start: 0,
            snapshot: None,
            observations: Vec::new(),
            actions: Actions::new(&task.action),
            no_actions: Actions::new(&task.action),
            true_return: 0.0,
            signals: Vec::new(),
        }
    }

    /// An episode begins: its first clip begins anywhere in it where at least one fits.
    pub(super) fn begin(&mut self, lengths: Lengths, generator: &mut ChaCha8Rng) {
        let latest = lengths.episode.saturating_sub(lengths.clip).min(lengths.clip);
        self.clear(generator.random_range(0..=latest));
    }

    fn clear(&mut self, start: usize) {
        self.start = start;
        self.snapshot = None;
        self.observations.clear();
        self.actions = self.no_actions.clone();
        self.true_return = 0.0;
        self.signals.clear();
    }

    /// Step number `step` of the episode is about to be taken.
    pub(super) fn before(&mut self, step: usize, environment: &dyn Environment) {
        if step == self.start {
            self.snapshot = Some(environment.snapshot());
        }
    }

    /// It was taken; returns the clip that it completes, or why what it completes is none.
    pub(super) fn after(
        &mut self,
        episode: u64,
        observation: &[f32],
        actions: &Actions,
        index: usize,
        hidden: &Hidden,
    ) -> Option<Result<RecordedClip, ClipError>> {
        self.snapshot.as_ref()?;
        self.observations.extend_from_slice(observation);
        self.actions.extend(actions, index..index + 1);
        self.true_return += hidden.true_reward;
        self.signals.extend(&hidden.signals);
        if self.actions.len() < self.clip_steps {
            return None;
        }
        let record = Record {
            snapshot: self.snapshot.take()?,
            true_return: self.true_return,
            signals: std::mem::take(&mut self.signals),
        };
        let clip = self.complete(episode).map(|clip| RecordedClip { clip, record });
        self.clear(self.start + self.clip_steps);
        Some(clip)
    }

    /// Frames that do not follow each other, as where a game starts anew, make no clip, and neither does what is no number.
    fn complete(&self, episode: u64) -> Result<Clip, ClipError> {
        let observations = Observations::new(&self.observation, &self.observations)?;
        if !self.true_return.is_finite() {
            let value = self.true_return;
            return Err(ClipError::TrueReturn { value });
        }
        Clip::new(episode, self.start, observations, self.actions.clone())
    }

    pub(super) fn state(&self) -> RecorderState {
        let compact = Observations::new(&self.observation, &self.observations);
        RecorderState {
            start: self.start,
            snapshot: self.snapshot.clone(),
            observations: compact.map_or_else(|_| Kept::Numbers(self.observations.clone()), Kept::Compact),
            actions: self.actions.clone(),
            true_return: self.true_return,
            signals: self.signals.clone(),
        }
    }

    pub(super) fn restore(&mut self, state: RecorderState) {
        self.start = state.start;
        self.snapshot = state.snapshot;
        self.observations.clear();
        match state.observations {
            Kept::Compact(observations) => observations.append_features(&mut self.observations),
            Kept::Numbers(numbers) => self.observations = numbers,
        }
        self.actions = state.actions;
        self.true_return = state.true_return;
        self.signals = state.signals;
    }
}
