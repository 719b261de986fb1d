use papers_core::random::Streams;
use serde::{Deserialize, Serialize};

use super::{
    Lengths, RecordedClip,
    recording::{Recorder, RecorderState},
};
use crate::{
    actions::Actions,
    clip::ClipError,
    environment::{Environment, EnvironmentError, Hidden},
    experience::End,
    packed,
};

/// One environment in the midst of an episode.
pub(super) struct Lane {
    environment: Box<dyn Environment>,
    lengths: Lengths,
    /// Number of the episode; the next one of this lane is `lanes` higher.
    episode: u64,
    lanes: u64,
    /// Steps of the episode so far.
    step: usize,
    true_return: f64,
    recorder: Recorder,
    /// What the environment shows now; it is recorded with the action that follows.
    observation: Vec<f32>,
}

/// What one step of a lane led to.
pub(super) struct Step {
    pub(super) hidden: Hidden,
    pub(super) clip: Option<Result<RecordedClip, ClipError>>,
    pub(super) ended: Option<Ended>,
}

/// The end of an episode.
pub(super) struct Ended {
    pub(super) end: End,
    /// What was seen last.
    pub(super) observation: Vec<f32>,
    pub(super) true_return: f64,
}

/// State of a lane between two rounds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LaneState {
    #[serde(with = "packed")]
    snapshot: Vec<u8>,
    episode: u64,
    step: usize,
    true_return: f64,
    recorder: RecorderState,
}

impl Lane {
    pub(super) fn new(
        environment: Box<dyn Environment>,
        index: u64,
        lanes: u64,
        lengths: Lengths,
        streams: &Streams,
        name: &str,
    ) -> Self {
        let size = environment.task().observation.len();
        let mut lane = Self {
            recorder: Recorder::new(environment.task(), lengths.clip),
            environment,
            lengths,
            episode: index,
            lanes,
            step: 0,
            true_return: 0.0,
            observation: vec![0.0; size],
        };
        lane.begin(streams, name);
        lane
    }

    /// Starts the episode that `self.episode` names.
    fn begin(&mut self, streams: &Streams, name: &str) {
        let mut generator = streams.at(&format!("{name}-episode"), self.episode, 0);
        self.environment.reset(&mut generator);
        self.step = 0;
        self.true_return = 0.0;
        self.recorder.begin(self.lengths, &mut generator);
        self.environment.observe(&mut self.observation);
    }

    pub(super) fn observe(&self, observation: &mut [f32]) {
        observation.copy_from_slice(&self.observation);
    }

    /// Takes action number `index`; `observation` becomes what is shown then, of the next episode where this one ended.
    pub(super) fn step(
        &mut self,
        actions: &Actions,
        index: usize,
        observation: &mut [f32],
        streams: &Streams,
        name: &str,
    ) -> Result<Step, EnvironmentError> {
        self.recorder.before(self.step, self.environment.as_ref());
        let stepped = actions.with(index, |action| self.environment.step(action));
        let step = match stepped {
            Ok(outcome) => self.passed(actions, index, outcome.hidden, outcome.terminated, observation),
            Err(EnvironmentError::Diverged { .. }) => self.diverged(),
            Err(error) => return Err(error),
        };
        if step.ended.is_some() {
            self.episode += self.lanes;
            self.begin(streams, name);
            observation.copy_from_slice(&self.observation);
        }
        Ok(step)
    }

    fn passed(
        &mut self,
        actions: &Actions,
        index: usize,
        hidden: Hidden,
        terminated: bool,
        observation: &mut [f32],
    ) -> Step {
        self.true_return += hidden.true_reward;
        let clip = self
            .recorder
            .after(self.episode, &self.observation, actions, index, &hidden);
        self.environment.observe(observation);
        self.observation.copy_from_slice(observation);
        self.step += 1;
        let end = match terminated {
            true => Some(End::Terminated),
            false => (self.step == self.lengths.episode).then_some(End::Truncated),
        };
        Step {
            ended: end.map(|end| self.ended(end)),
            hidden,
            clip,
        }
    }

    /// The episode is dropped: nothing is learned of this step, and what came before was cut off here.
    fn diverged(&mut self) -> Step {
        Step {
            hidden: Hidden {
                true_reward: 0.0,
                signals: Vec::new(),
            },
            clip: None,
            ended: Some(self.ended(End::Diverged)),
        }
    }

    fn ended(&self, end: End) -> Ended {
        Ended {
            end,
            observation: self.observation.clone(),
            true_return: self.true_return,
        }
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        self.environment.snapshot()
    }

    pub(super) fn state(&self) -> LaneState {
        LaneState {
            snapshot: self.snapshot(),
            episode: self.episode,
            step: self.step,
            true_return: self.true_return,
            recorder: self.recorder.state(),
        }
    }

    pub(super) fn restore(&mut self, state: LaneState) -> Result<(), EnvironmentError> {
        self.environment.restore(&state.snapshot)?;
        self.episode = state.episode;
        self.step = state.step;
        self.true_return = state.true_return;
        self.recorder.restore(state.recorder);
        self.environment.observe(&mut self.observation);
        Ok(())
    }
}
