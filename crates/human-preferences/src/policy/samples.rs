//! From experience to what a learner takes: checked, and with what follows the last steps.

use std::ops::Range;

use super::{ActionDistribution, AgentError};
use crate::{
    actions::Actions,
    experience::{AgentRewards, End, Experience},
    returns::Trajectory,
};

/// Experience of which every part fits every other and every number is finite, with its rewards.
pub(crate) struct Samples<'a> {
    experience: &'a Experience,
    rewards: Vec<f64>,
    /// Numbers of one observation.
    pub(crate) size: usize,
}

impl<'a> Samples<'a> {
    pub(crate) fn new(experience: &'a Experience, rewards: &AgentRewards) -> Result<Self, AgentError> {
        let rewards: Vec<f64> = rewards.values().iter().map(|&reward| f64::from(reward)).collect();
        let size = experience.last_observations.len() / experience.environments.max(1);
        let samples = Self {
            experience,
            rewards,
            size,
        };
        samples.check_lengths()?;
        samples.check_numbers()?;
        Ok(samples)
    }

    fn check_lengths(&self) -> Result<(), AgentError> {
        let require = |what, expected, found| {
            if expected == found {
                return Ok(());
            }
            Err(AgentError::Lengths { what, expected, found })
        };
        let experience = self.experience;
        let steps = self.steps();
        if steps * self.size == 0 {
            require("numbers of observations (at least)", 1, 0)?;
        }
        let truncated = open_ends(&experience.ends).count();
        let environments = experience.environments * self.size;
        require(
            "numbers of observations",
            steps * self.size,
            experience.observations.len(),
        )?;
        require("actions", steps, experience.actions.len())?;
        require("rewards", steps, self.rewards.len())?;
        require("ends", steps, experience.ends.len())?;
        require(
            "numbers of last observations",
            environments,
            experience.last_observations.len(),
        )?;
        require(
            "numbers of truncated observations",
            truncated * self.size,
            experience.truncated_observations.len(),
        )
    }

    fn check_numbers(&self) -> Result<(), AgentError> {
        let experience = self.experience;
        let steps = experience.steps;
        let bad = |what, row: usize, value: f64| {
            Err(AgentError::NotFinite {
                what,
                environment: row / steps,
                step: row % steps,
                value,
            })
        };
        if let Some(row) = self.rewards.iter().position(|reward| !reward.is_finite()) {
            return bad("reward", row, self.rewards[row]);
        }
        let find = |values: &[f32]| {
            let index = values.iter().position(|value| !value.is_finite())?;
            Some((index, f64::from(values[index])))
        };
        if let Some((index, value)) = find(&experience.observations) {
            return bad("observation", index / self.size, value);
        }
        if let Some((index, value)) = find(&experience.last_observations) {
            return bad("last observation", (index / self.size + 1) * steps - 1, value);
        }
        if let Some((index, value)) = find(&experience.truncated_observations) {
            let row = open_ends(&experience.ends).nth(index / self.size).unwrap_or(0);
            return bad("last observation of the episode", row, value);
        }
        match &experience.actions {
            Actions::Continuous { size, values } => match find(values) {
                Some((index, value)) => bad("action", index / size, value),
                None => Ok(()),
            },
            Actions::Discrete { actions, chosen } => match chosen.iter().find(|&&chosen| chosen as usize >= *actions) {
                Some(chosen) => Err(AgentError::Actions {
                    expected: format!("one of {actions} actions"),
                    found: format!("number {chosen}, counted from 0"),
                }),
                None => Ok(()),
            },
        }
    }

    /// Steps of all environments.
    pub(crate) fn steps(&self) -> usize {
        self.experience.environments * self.experience.steps
    }

    pub(crate) fn observations(&self) -> &'a [f32] {
        &self.experience.observations
    }

    /// The actions as networks see them.
    pub(crate) fn actions(&self) -> Vec<f32> {
        let mut features = Vec::new();
        self.experience.actions.append_features(&mut features);
        features
    }

    /// Refuses actions of another kind or size than `distribution` draws.
    pub(crate) fn check_actions(&self, distribution: &ActionDistribution) -> Result<(), AgentError> {
        let describe = |is_discrete: bool, size: usize| match is_discrete {
            true => format!("one of {size} actions"),
            false => format!("{size} numbers"),
        };
        let expected = match distribution {
            ActionDistribution::Gaussian { mean, .. } => describe(false, mean.dims()[1]),
            ActionDistribution::Categorical { logits } => describe(true, logits.dims()[1]),
        };
        let actions = &self.experience.actions;
        let found = describe(matches!(actions, Actions::Discrete { .. }), actions.features());
        if expected == found {
            return Ok(());
        }
        Err(AgentError::Actions { expected, found })
    }

    /// Takes the advantages of steps that are left out away: what is normalized has a mean of its own.
    pub(crate) fn leave_out(&self, advantages: &mut [f64]) {
        for (advantage, end) in advantages.iter_mut().zip(&self.experience.ends) {
            if *end == Some(End::Diverged) {
                *advantage = 0.0;
            }
        }
    }

    /// What was seen where the future has to be estimated: at the ends of truncated episodes, then after the last steps.
    ///
    /// # Shapes
    ///
    /// - output: `[truncations + environments, size]`
    pub(crate) fn open_ends(&self) -> Vec<f32> {
        let experience = self.experience;
        [&experience.truncated_observations[..], &experience.last_observations].concat()
    }

    /// Calls `visit` with the steps of each environment and where they stand among all; `values` are those of
    /// [`open_ends`](Self::open_ends).
    pub(crate) fn for_each_environment(&self, values: &[f64], mut visit: impl FnMut(Range<usize>, &Trajectory<'_>)) {
        let experience = self.experience;
        let (mut truncated, last) = values.split_at(values.len() - experience.environments);
        for (environment, &last_value) in last.iter().enumerate() {
            let range = environment * experience.steps..(environment + 1) * experience.steps;
            let ends = &experience.ends[range.clone()];
            let (own, rest) = truncated.split_at(open_ends(ends).count());
            truncated = rest;
            let trajectory = Trajectory {
                rewards: &self.rewards[range.clone()],
                ends,
                truncation_values: own,
                last_value,
            };
            visit(range, &trajectory);
        }
    }
}

/// Where the future has to be estimated, by number of the step.
fn open_ends(ends: &[Option<End>]) -> impl Iterator<Item = usize> {
    let ends = ends.iter().enumerate();
    ends.filter(|(_, end)| end.is_some_and(End::is_open))
        .map(|(step, _)| step)
}
