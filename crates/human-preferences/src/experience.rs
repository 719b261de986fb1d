//! What an agent went through, and the rewards it is trained on.

use crate::actions::Actions;

/// How an episode came to its end after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By the task's rules: nothing follows.
    Terminated,
    /// By the time limit: what would have followed is estimated.
    Truncated,
    /// The simulation left the finite numbers in this step, which is left out: nothing is known of what it led to. For the
    /// steps before, the episode was cut off where this step began.
    Diverged,
}

impl End {
    /// Whether what would have followed is estimated from what was seen last.
    pub fn is_open(self) -> bool {
        self != Self::Terminated
    }
}

/// `steps` steps of each of `environments` environments. It holds no reward.
#[derive(Debug, Clone, PartialEq)]
pub struct Experience {
    /// Environments side by side.
    pub environments: usize,
    /// Steps of each.
    pub steps: usize,
    /// What was seen before each step: `[environments, steps, size]`.
    pub observations: Vec<f32>,
    /// What was done: `[environments, steps]`.
    pub actions: Actions,
    /// What is seen after the last step, where the episode goes on: `[environments, size]`.
    pub last_observations: Vec<f32>,
    /// How the episode ended after a step, if it did: `[environments, steps]`.
    pub ends: Vec<Option<End>>,
    /// What was last seen of truncated and diverged episodes, in the order of `ends`: `[truncations, size]`.
    pub truncated_observations: Vec<f32>,
}

/// The rewards that an agent is trained on: `[environments, steps]`.
///
/// They are predicted by a reward model; only a baseline that says so is given the true ones. Agents learn from nothing
/// else:
///
/// ```
/// use human_preferences::{
///     agent::Agent,
///     experience::{AgentRewards, Experience},
/// };
///
/// fn learn(agent: &mut Agent, experience: &Experience, rewards: &AgentRewards) {
///     let _ = agent.update(experience, rewards, 0);
/// }
/// ```
///
/// What an oracle sees of a step is of another type, and so are the true rewards of a batch. Neither of these compiles:
///
/// ```compile_fail,E0308
/// use human_preferences::{agent::Agent, environment::Hidden, experience::Experience};
///
/// fn learn(agent: &mut Agent, experience: &Experience, hidden: &[Hidden]) {
///     let _ = agent.update(experience, hidden, 0);
/// }
/// ```
///
/// ```compile_fail,E0308
/// use human_preferences::{agent::Agent, rollout::Collected};
///
/// fn learn(agent: &mut Agent, collected: &Collected) {
///     let _ = agent.update(&collected.experience, &collected.true_rewards, 0);
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AgentRewards {
    values: Vec<f32>,
}

impl AgentRewards {
    /// Rewards that a model predicts.
    pub fn predicted(values: Vec<f32>) -> Self {
        Self { values }
    }

    /// The true rewards, for the baseline that learns from them as usual.
    pub fn of_baseline(values: Vec<f32>) -> Self {
        Self { values }
    }

    /// The numbers, `[environments, steps]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}
