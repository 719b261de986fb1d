//! Environments side by side: what the agent goes through, and what is kept of it for oracles and people.

mod lane;
mod recording;

pub use self::recording::{Record, RecordedClip};

use papers_core::random::Streams;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::lane::{Lane, LaneState, Step};
use crate::{
    actions::Actions,
    clip::ClipError,
    environment::{Environment, EnvironmentError, Task},
    experience::{End, Experience},
};

/// How long episodes and clips are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// Steps of an episode.
    pub episode: usize,
    /// Steps of a clip.
    pub clip: usize,
}

/// Environments that one policy acts in, each in the midst of an episode.
pub struct Rollouts {
    task: Task,
    lanes: Vec<Lane>,
    lengths: Lengths,
    streams: Streams,
    /// Beginning of the names of the streams that are drawn from.
    name: &'static str,
    diverged: u64,
    rejected: u64,
}

/// What came of some steps of all environments.
#[derive(Debug)]
pub struct Collected {
    /// What the agent went through.
    pub experience: Experience,
    /// The true rewards of the same steps, `[environments, steps]`: for oracles, reports, and the baseline. 0 where the
    /// simulation diverged, which nobody learns from.
    pub true_rewards: Vec<f64>,
    /// Signals of the same steps, `[environments, steps, signals]`: for reports.
    pub signals: Vec<f64>,
    /// Clips that were completed, in the order of the environments.
    pub clips: Vec<RecordedClip>,
    /// Why others were no clips that can be learned from.
    pub rejected: Vec<ClipError>,
    /// True returns of the episodes that ended.
    pub returns: Vec<f64>,
}

/// State of rollouts between two rounds.
#[derive(Debug, Serialize, Deserialize)]
pub struct RolloutsState {
    lanes: Vec<LaneState>,
    diverged: u64,
    #[serde(default)]
    rejected: u64,
}

impl Rollouts {
    /// `environments` copies of `environment`, each at the start of an episode of its own.
    ///
    /// `name` is the beginning of the names of the random streams: other names give other episodes.
    pub fn new(
        environment: &dyn Environment,
        environments: usize,
        lengths: Lengths,
        streams: Streams,
        name: &'static str,
    ) -> Self {
        let lane = |index| {
            Lane::new(
                environment.boxed_clone(),
                index,
                environments as u64,
                lengths,
                &streams,
                name,
            )
        };
        Self {
            task: environment.task().clone(),
            lanes: (0..environments as u64).map(lane).collect(),
            lengths,
            streams,
            name,
            diverged: 0,
            rejected: 0,
        }
    }

    /// What there is to do.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Episodes that were dropped because the simulation left the finite numbers.
    pub fn diverged(&self) -> u64 {
        self.diverged
    }

    /// Clips that were completed and left out: they hold what is no number, or frames that do not follow each other.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Steps every environment `steps` times. `act` is given what each one shows, `[environments, size]`, and a random
    /// generator for each, and returns an action for each.
    ///
    /// # Errors
    ///
    /// What `act` reports, or an action that an environment refuses.
    pub fn collect<E: From<EnvironmentError>>(
        &mut self,
        steps: usize,
        round: u64,
        mut act: impl FnMut(&[f32], &mut [ChaCha8Rng]) -> Result<Actions, E>,
    ) -> Result<Collected, E> {
        let (environments, size) = (self.lanes.len(), self.task.observation.len());
        let mut generators = self.generators(round);
        let mut batch = Batch::new(environments, steps, size, &self.task);
        let mut observations = vec![0.0; environments * size];
        for (lane, observation) in self.lanes.iter().zip(observations.chunks_exact_mut(size)) {
            lane.observe(observation);
        }
        for step in 0..steps {
            let actions = act(&observations, &mut generators)?;
            batch.put(step, &observations, &actions);
            let results = self.step(&actions, &mut observations)?;
            for (lane, result) in results.into_iter().enumerate() {
                batch.take(lane, step, result, &mut self.diverged);
            }
        }
        let collected = batch.finish(observations);
        self.rejected += collected.rejected.len() as u64;
        Ok(collected)
    }

    /// One generator per environment: what is drawn in one round depends on the round alone.
    fn generators(&self, round: u64) -> Vec<ChaCha8Rng> {
        let name = format!("{}-actions", self.name);
        let lanes = 0..self.lanes.len() as u64;
        lanes.map(|lane| self.streams.at(&name, round, lane)).collect()
    }

    /// Steps all environments in parallel and writes what they show then.
    fn step(&mut self, actions: &Actions, observations: &mut [f32]) -> Result<Vec<Step>, EnvironmentError> {
        let size = self.task.observation.len();
        let (streams, name) = (&self.streams, self.name);
        self.lanes
            .par_iter_mut()
            .zip(observations.par_chunks_exact_mut(size))
            .with_min_len(4)
            .enumerate()
            .map(|(index, (lane, observation))| lane.step(actions, index, observation, streams, name))
            .collect()
    }

    /// What the future depends on, between two calls of [`collect`](Self::collect).
    pub fn state(&self) -> RolloutsState {
        RolloutsState {
            lanes: self.lanes.iter().map(Lane::state).collect(),
            diverged: self.diverged,
            rejected: self.rejected,
        }
    }

    /// Goes on from a saved state.
    ///
    /// # Errors
    ///
    /// A state of another environment, or of another number of them.
    pub fn restore(&mut self, state: RolloutsState) -> Result<(), EnvironmentError> {
        if state.lanes.len() != self.lanes.len() {
            return Err(EnvironmentError::Snapshot {
                environment: self.task.name.to_owned(),
                problem: format!(
                    "it is of {} environments, and there are {}",
                    state.lanes.len(),
                    self.lanes.len()
                ),
            });
        }
        for (lane, state) in self.lanes.iter_mut().zip(state.lanes) {
            lane.restore(state)?;
        }
        self.diverged = state.diverged;
        self.rejected = state.rejected;
        Ok(())
    }

    /// Snapshot of the first environment; empty where there is none.
    pub fn first_snapshot(&self) -> Vec<u8> {
        self.lanes.first().map(Lane::snapshot).unwrap_or_default()
    }

    /// Lengths of episodes and clips.
    pub fn lengths(&self) -> Lengths {
        self.lengths
    }
}

impl std::fmt::Debug for Rollouts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rollouts")
            .field("task", &self.task.name)
            .field("environments", &self.lanes.len())
            .finish_non_exhaustive()
    }
}

/// What is collected, while it is.
struct Batch {
    collected: Collected,
    size: usize,
    signals: usize,
    /// Actions in the order of time, `[steps, environments]`.
    in_time: Actions,
    /// Last observations of episodes with open ends by environment and step.
    truncated: Vec<(usize, Vec<f32>)>,
}

impl Batch {
    fn new(environments: usize, steps: usize, size: usize, task: &Task) -> Self {
        let signals = task.signals.len();
        Self {
            collected: Collected {
                experience: Experience {
                    environments,
                    steps,
                    observations: vec![0.0; environments * steps * size],
                    actions: Actions::new(&task.action),
                    last_observations: Vec::new(),
                    ends: vec![None; environments * steps],
                    truncated_observations: Vec::new(),
                },
                true_rewards: vec![0.0; environments * steps],
                signals: vec![0.0; environments * steps * signals],
                clips: Vec::new(),
                rejected: Vec::new(),
                returns: Vec::new(),
            },
            size,
            signals,
            in_time: Actions::new(&task.action),
            truncated: Vec::new(),
        }
    }

    fn put(&mut self, step: usize, observations: &[f32], actions: &Actions) {
        let experience = &mut self.collected.experience;
        for (lane, observation) in observations.chunks_exact(self.size).enumerate() {
            let start = (lane * experience.steps + step) * self.size;
            experience.observations[start..start + self.size].copy_from_slice(observation);
        }
        self.in_time.extend(actions, 0..actions.len());
    }

    fn take(&mut self, lane: usize, step: usize, result: Step, diverged: &mut u64) {
        let index = lane * self.collected.experience.steps + step;
        self.collected.true_rewards[index] = result.hidden.true_reward;
        let signals = index * self.signals..(index + 1) * self.signals;
        if result.hidden.signals.len() == self.signals {
            self.collected.signals[signals].copy_from_slice(&result.hidden.signals);
        }
        match result.clip {
            Some(Ok(clip)) => self.collected.clips.push(clip),
            Some(Err(problem)) => self.collected.rejected.push(problem),
            None => {}
        }
        if let Some(ended) = result.ended {
            self.collected.experience.ends[index] = Some(ended.end);
            if ended.end.is_open() {
                self.truncated.push((index, ended.observation));
            }
            match ended.end {
                End::Diverged => *diverged += 1,
                End::Terminated | End::Truncated => self.collected.returns.push(ended.true_return),
            }
        }
    }

    fn finish(mut self, last_observations: Vec<f32>) -> Collected {
        let experience = &mut self.collected.experience;
        experience.last_observations = last_observations;
        for lane in 0..experience.environments {
            for step in 0..experience.steps {
                let index = step * experience.environments + lane;
                experience.actions.extend(&self.in_time, index..index + 1);
            }
        }
        self.truncated.sort_by_key(|(index, _)| *index);
        let observations = self.truncated.into_iter().flat_map(|(_, observation)| observation);
        experience.truncated_observations = observations.collect();
        self.collected
            .clips
            .sort_by_key(|clip| (clip.clip.episode, clip.clip.start));
        self.collected
    }
}
