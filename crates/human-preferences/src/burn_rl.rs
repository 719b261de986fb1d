//! Environments of this crate for Burn's own reinforcement learning (feature `rl`).
//!
//! Burn has off-policy learning and no way to replace a reward; with [`BurnEnvironment::with_reward`] it learns from a
//! predicted one.

use burn::rl;
use papers_core::random::Streams;

use crate::environment::{Action, Environment, EnvironmentError};

/// What an agent does in one step, owned.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedAction {
    /// One number per actuator.
    Continuous(Vec<f64>),
    /// Number of the action, from 0.
    Discrete(usize),
}

impl OwnedAction {
    fn borrow(&self) -> Action<'_> {
        match self {
            Self::Continuous(values) => Action::Continuous(values),
            Self::Discrete(chosen) => Action::Discrete(*chosen),
        }
    }
}

/// Says what a step is worth: what was seen before it, and what was done.
type Reward = Box<dyn FnMut(&[f32], &OwnedAction) -> f64 + Send>;

/// An environment as Burn's learners want it, with episodes of at most `STEPS` steps.
pub struct BurnEnvironment<const STEPS: usize> {
    environment: Box<dyn Environment>,
    streams: Streams,
    episode: u64,
    step: usize,
    observation: Vec<f32>,
    reward: Option<Reward>,
    error: Option<EnvironmentError>,
}

impl<const STEPS: usize> BurnEnvironment<STEPS> {
    /// Rewards are the true ones. What is random follows from `streams`.
    pub fn new(environment: Box<dyn Environment>, streams: Streams) -> Self {
        let size = environment.task().observation.len();
        let mut adapted = Self {
            environment,
            streams,
            episode: 0,
            step: 0,
            observation: vec![0.0; size],
            reward: None,
            error: None,
        };
        adapted.begin();
        adapted
    }

    /// Rewards are what `reward` says, such as a reward model that was learned from comparisons.
    #[must_use]
    pub fn with_reward(mut self, reward: impl FnMut(&[f32], &OwnedAction) -> f64 + Send + 'static) -> Self {
        self.reward = Some(Box::new(reward));
        self
    }

    /// Why the latest episode ended, if it was an error: Burn's trait has no place for one.
    pub fn error(&self) -> Option<&EnvironmentError> {
        self.error.as_ref()
    }

    fn begin(&mut self) {
        self.environment
            .reset(&mut self.streams.at("burn-episode", self.episode, 0));
        self.environment.observe(&mut self.observation);
        self.step = 0;
    }
}

impl<const STEPS: usize> rl::Environment for BurnEnvironment<STEPS> {
    type State = Vec<f32>;
    type Action = OwnedAction;

    const MAX_STEPS: usize = STEPS;

    fn state(&self) -> Vec<f32> {
        self.observation.clone()
    }

    /// An error ends the episode without a reward; see [`BurnEnvironment::error`].
    fn step(&mut self, action: OwnedAction) -> rl::StepResult<Vec<f32>> {
        let stepped = self.environment.step(action.borrow());
        let (true_reward, done) = match stepped {
            Ok(outcome) => (outcome.hidden.true_reward, outcome.terminated),
            Err(error) => {
                self.error = Some(error);
                (0.0, true)
            }
        };
        let reward = match &mut self.reward {
            Some(reward) if self.error.is_none() => reward(&self.observation, &action),
            _ => true_reward,
        };
        self.environment.observe(&mut self.observation);
        self.step += 1;
        rl::StepResult {
            next_state: self.observation.clone(),
            reward,
            done,
            truncated: !done && self.step >= STEPS,
        }
    }

    fn reset(&mut self) {
        self.episode += 1;
        self.error = None;
        self.begin();
    }
}

impl<const STEPS: usize> std::fmt::Debug for BurnEnvironment<STEPS> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BurnEnvironment")
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use burn::rl::Environment as _;

    use super::*;
    use crate::environment::classic;

    fn pendulum() -> BurnEnvironment<5> {
        let environment = classic::make("pendulum", false).expect("there is one");
        BurnEnvironment::new(environment, Streams::new(3))
    }

    #[test]
    fn episodes_are_those_of_the_environment_and_end_at_their_limit() {
        let mut adapted = pendulum();
        let mut own = classic::make("pendulum", false).expect("there is one");
        own.reset(&mut Streams::new(3).at("burn-episode", 0, 0));
        for step in 1..=5 {
            let outcome = own.step(Action::Continuous(&[0.5])).expect("a step");
            let result = adapted.step(OwnedAction::Continuous(vec![0.5]));
            let mut observation = vec![0.0; 3];
            own.observe(&mut observation);
            assert_eq!(
                (result.next_state, result.reward),
                (observation, outcome.hidden.true_reward)
            );
            assert_eq!((result.done, result.truncated), (false, step == 5));
        }
        let before = adapted.state();
        adapted.reset();
        assert_ne!(adapted.state(), before);
    }

    #[test]
    fn a_reward_can_be_replaced() {
        let mut adapted = pendulum().with_reward(|observation, _| f64::from(observation[2]));
        let speed = f64::from(adapted.state()[2]);
        assert_eq!(adapted.step(OwnedAction::Continuous(vec![0.0])).reward, speed);
    }

    #[test]
    fn an_error_ends_the_episode_and_is_told() {
        let mut adapted = pendulum();
        let result = adapted.step(OwnedAction::Discrete(0));
        assert!(result.done && adapted.error().is_some());
        adapted.reset();
        assert!(adapted.error().is_none());
    }
}
