//! Learning from preferences: one round of acting, asking, fitting and learning, and what it is measured by.

mod answers;
mod beside;
mod ensemble;
mod judge;
mod page;
mod teacher;
#[cfg(test)]
mod tests;

pub use self::page::DATABASE;
pub(crate) use self::page::server_options;

use std::fmt;

use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars, metrics},
    checkpoint,
    random::Streams,
};
use rand_chacha::ChaCha8Rng;

use self::teacher::Teacher;
use crate::{
    actions::Actions,
    agent::Agent,
    clip::ClipError,
    config::{FeedbackMode, PreferenceConfig},
    environment::{self, Environment, Task},
    error::Stopped,
    evaluate::Evaluation,
    figures,
    rollout::{Collected, Lengths, Rollouts, RolloutsState},
};

/// Rounds of acting before the first one of the schedule have numbers from here on, so that they draw other numbers.
const BEFORE_THE_FIRST: u64 = 1 << 40;
/// Batches of acting without learning after which clips should have come.
const PATIENCE: u64 = 1000;

/// An agent that learns from a reward which is learned from comparisons.
pub struct PreferenceLearning {
    config: PreferenceConfig,
    environment: Box<dyn Environment>,
    task: Task,
    lengths: Lengths,
    rollouts: Rollouts,
    agent: Agent,
    teacher: Teacher,
    streams: Streams,
    /// Rounds done.
    rounds: u64,
}

impl Experiment for PreferenceLearning {
    type Config = PreferenceConfig;

    fn new(config: &PreferenceConfig, context: &Context) -> Result<Self> {
        let environment =
            environment::make(&config.environment.name, &config.environment.options).map_err(Error::usage)?;
        let task = environment.task().clone();
        let lengths = lengths(config, &task)?;
        let rollouts = Rollouts::new(
            environment.as_ref(),
            config.rollout.environments,
            lengths,
            context.streams,
            "rollout",
        );
        Ok(Self {
            agent: Agent::new(&config.agent, &task, context)?,
            teacher: Teacher::new(config, environment.as_ref(), lengths, context)?,
            config: config.clone(),
            environment,
            task,
            lengths,
            rollouts,
            streams: context.streams,
            rounds: 0,
        })
    }

    fn step(&mut self, round: u64) -> Result<Scalars> {
        self.prepare(round)?;
        let mut scalars = Scalars::new();
        let mut returns = Vec::new();
        for update in 0..self.config.rollout.updates {
            let address = round * self.config.rollout.updates as u64 + update as u64;
            let mut collected = self.collect(address, round)?;
            returns.append(&mut collected.returns);
            self.teacher.offer(std::mem::take(&mut collected.clips));
            if update == 0 {
                // Labels are due by the end of the round, so that all are given by the end of the run.
                let end = (round + 1) * self.config.steps_per_round();
                scalars = self.teacher.teach(end, self.config.fitting.minibatches, round)?;
            }
            let rewards = self.teacher.rewards(&collected, round)?;
            let learned = self.agent.update(&collected.experience, &rewards, round)?;
            if update + 1 == self.config.rollout.updates {
                scalars.extend(learned);
            }
        }
        if !returns.is_empty() {
            scalars.insert(0, ("return_true".to_owned(), metrics::mean(&returns)));
        }
        if self.rollouts.diverged() > 0 {
            scalars.push(("episodes_dropped".to_owned(), self.rollouts.diverged() as f64));
        }
        if self.rollouts.rejected() > 0 {
            scalars.push(("clips_rejected".to_owned(), self.rollouts.rejected() as f64));
        }
        self.rounds = round + 1;
        scalars.extend(self.missing_scalar());
        self.say_what_is_missing();
        Ok(scalars)
    }

    fn evaluate(&self) -> Result<Scalars> {
        let evaluation = self.evaluation()?;
        let mut scalars = evaluation.scalars(&self.task);
        scalars.extend(self.teacher.counts());
        scalars.extend(self.missing_scalar());
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        figures::all(self)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json("rollouts", &self.rollouts.state())?;
        self.agent.save(checkpoint)?;
        self.teacher.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        let state: RolloutsState = checkpoint.json("rollouts")?;
        self.rollouts.restore(state).map_err(Error::usage)?;
        self.agent.restore(checkpoint)?;
        self.teacher.restore(checkpoint)?;
        self.rounds = checkpoint.step();
        Ok(())
    }
}

impl PreferenceLearning {
    /// How the run was asked for.
    pub fn config(&self) -> &PreferenceConfig {
        &self.config
    }

    /// What there is to do.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// What the agent acts in, for drawing.
    pub(crate) fn environment(&self) -> &dyn Environment {
        self.environment.as_ref()
    }

    /// Who teaches.
    pub(crate) fn teacher(&self) -> &Teacher {
        &self.teacher
    }

    /// Steps of all environments that the agent learned from.
    pub(crate) fn steps(&self) -> u64 {
        self.rounds * self.config.steps_per_round()
    }

    /// Before the agent learns for the first time, the initial labels are given to clips of the untrained agent, and the
    /// reward model is fitted to them.
    fn prepare(&mut self, round: u64) -> Result<()> {
        if self.teacher.is_ready() {
            return Ok(());
        }
        for batch in 0..PATIENCE {
            if self.teacher.has_clips_to_begin() {
                return self.teacher.begin(self.config.fitting.initial_minibatches, round);
            }
            let collected = self.collect(BEFORE_THE_FIRST + batch, round)?;
            self.teacher.offer(collected.clips);
        }
        let message = format!(
            "`{}` gave too few clips of {} steps to begin with: all of its episodes left the finite numbers",
            self.task.name, self.lengths.clip
        );
        Err(Error::Step { step: round, message })
    }

    /// Labels that were due by the end of the last round and were not given. They are asked for in the next one.
    fn missing_labels(&self) -> u64 {
        let Some(counts) = self.teacher.answers() else {
            return 0;
        };
        let schedule = self.config.labels().over(self.config.total_steps());
        schedule.due(self.steps()).saturating_sub(counts.total())
    }

    /// Their number, where there are any; before the first round nothing is late.
    fn missing_scalar(&self) -> Option<(String, f64)> {
        let missing = self.missing_labels();
        (self.rounds > 0 && missing > 0).then_some(("labels_missing".to_owned(), missing as f64))
    }

    /// At the end of the run nobody asks for what is missing any more.
    fn say_what_is_missing(&self) {
        let missing = self.missing_labels();
        if self.rounds < self.config.schedule.steps || missing == 0 {
            return;
        }
        let planned = self.config.labels().total;
        let why = match self.config.feedback.mode {
            FeedbackMode::Replay => "`feedback.file` holds no more answers",
            FeedbackMode::Synthetic | FeedbackMode::Scripted if !self.config.asynchronous => {
                "there were no more pairs of clips to ask about; raise `queries.pool`, or let more be acted in a round"
            }
            _ => "the run ended before the others came",
        };
        log::warn!("{} of {planned} planned labels were given: {why}", planned - missing);
    }

    fn collect(&mut self, address: u64, round: u64) -> Result<Collected> {
        let agent = &self.agent;
        let is_first = self.rollouts.rejected() == 0;
        let collected = self
            .rollouts
            .collect(self.config.rollout.steps, address, |observations, generators| {
                agent.act(observations, generators).map_err(Stopped::Agent)
            })
            .map_err(|stopped| stopped.at(round))?;
        if let Some(problem) = collected.rejected.first()
            && is_first
        {
            log::warn!("a clip is left out, as others like it will be (`clips_rejected` counts them): {problem}");
        }
        Ok(collected)
    }

    /// The episodes of the evaluation, none begun.
    fn evaluation_episodes(&self) -> Rollouts {
        let (environment, episodes) = (self.environment.as_ref(), self.config.evaluation.episodes);
        Rollouts::new(environment, episodes, self.lengths, self.streams, "evaluation")
    }

    /// Where the first episode of the evaluation begins, and what the agent did in its first `steps` steps.
    pub(crate) fn first_episode(&self, evaluation: &Evaluation, steps: usize) -> (Vec<u8>, Actions) {
        let mut actions = Actions::new(&self.task.action);
        let shown = steps.min(evaluation.collected.experience.steps);
        actions.extend(&evaluation.collected.experience.actions, 0..shown);
        (self.evaluation_episodes().first_snapshot(), actions)
    }

    /// The agent on the episodes of the evaluation.
    pub(crate) fn evaluation(&self) -> Result<Evaluation> {
        let mut rollouts = self.evaluation_episodes();
        let act = |observations: &[f32], generators: &mut [ChaCha8Rng]| {
            self.agent.act(observations, generators).map_err(Stopped::Agent)
        };
        let collected = rollouts.collect(self.lengths.episode, 0, act);
        let collected = collected.map_err(|stopped| stopped.at(self.rounds))?;
        self.teacher.evaluate(collected, self.rounds)
    }
}

/// Lengths of episodes and clips; a clip has to fit into an episode.
fn lengths(config: &PreferenceConfig, task: &Task) -> Result<Lengths> {
    let lengths = Lengths {
        episode: config.environment.episode_steps.unwrap_or(task.episode_steps),
        clip: config.clip_steps().unwrap_or(task.clip_steps),
    };
    if lengths.clip > lengths.episode {
        let (episode, clip) = (lengths.episode, lengths.clip);
        return Err(Error::usage(ClipError::EpisodeTooShort { episode, clip }));
    }
    Ok(lengths)
}

impl fmt::Debug for PreferenceLearning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreferenceLearning")
            .field("config", &self.config)
            .field("rounds", &self.rounds)
            .finish_non_exhaustive()
    }
}
