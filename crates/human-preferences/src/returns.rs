//! What actions were worth: n-step returns, and generalized advantage estimation (Schulman et al. 2016).
//!
//! An episode that is over by its rules is worth nothing more. One that was cut off by the time limit would have gone
//! on: what it would have been worth is estimated from its last observation. Neither lets anything through to the steps
//! before from the episode that comes after. A step in which the simulation diverged is left out, whatever its reward.

use papers_core::base::metrics;

use crate::experience::End;

/// Steps of one environment, in order.
#[derive(Debug, Clone, Copy)]
pub struct Trajectory<'a> {
    /// The reward of each step.
    pub rewards: &'a [f64],
    /// How the episode ended after a step, if it did; as many as rewards.
    pub ends: &'a [Option<End>],
    /// Estimated worth of the last observation of each episode with an [open](End::is_open) end, in the order of `ends`.
    pub truncation_values: &'a [f64],
    /// Estimated worth of what is seen after the last step; not used if an episode ends with it.
    pub last_value: f64,
}

/// How much better than expected each action was, and what each state was worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Advantages {
    /// Of each step.
    pub advantages: Vec<f64>,
    /// What a value network is fitted to: advantage plus the value estimated before.
    pub returns: Vec<f64>,
}

impl Trajectory<'_> {
    /// Advantages with discount γ `discount` and `lambda` λ, from the estimated worth of what was seen before each step.
    ///
    /// λ = 0 trusts `values` after one step, λ = 1 sums all rewards up to the end.
    ///
    /// # Panics
    ///
    /// If the slices are not as long as they have to be.
    pub fn advantages(&self, values: &[f64], discount: f64, lambda: f64) -> Advantages {
        assert_eq!(values.len(), self.rewards.len(), "a value of each step");
        let mut advantages = vec![0.0; values.len()];
        let mut next_value = self.last_value;
        let mut next_advantage = 0.0;
        self.backwards(|step, end| {
            if let Some(value) = end {
                (next_value, next_advantage) = (value, 0.0);
            }
            if self.is_left_out(step) {
                // No advantage, and a return that the value is not moved by.
                next_value = values[step];
                return;
            }
            let error = self.rewards[step] + discount * next_value - values[step];
            next_advantage = error + discount * lambda * next_advantage;
            advantages[step] = next_advantage;
            next_value = values[step];
        });
        let returns = advantages
            .iter()
            .zip(values)
            .map(|(advantage, value)| advantage + value);
        Advantages {
            returns: returns.collect(),
            advantages,
        }
    }

    /// Discounted sums of rewards up to the last step or the end of the episode, and the worth of what follows.
    ///
    /// # Panics
    ///
    /// If the slices are not as long as they have to be.
    pub fn returns(&self, discount: f64) -> Vec<f64> {
        let mut returns = vec![0.0; self.rewards.len()];
        let mut next = self.last_value;
        self.backwards(|step, end| {
            let follows = end.unwrap_or(next);
            next = match self.is_left_out(step) {
                true => follows,
                false => self.rewards[step] + discount * follows,
            };
            returns[step] = next;
        });
        returns
    }

    fn is_left_out(&self, step: usize) -> bool {
        self.ends[step] == Some(End::Diverged)
    }

    /// Visits the steps from the last to the first, with the worth of what follows where an episode ends.
    fn backwards(&self, mut visit: impl FnMut(usize, Option<f64>)) {
        assert_eq!(self.ends.len(), self.rewards.len(), "an end or none of each step");
        let mut truncations = self.truncation_values.iter().rev();
        for (step, end) in self.ends.iter().enumerate().rev() {
            let follows = end.map(|end| match end {
                End::Terminated => 0.0,
                End::Truncated | End::Diverged => *truncations.next().expect("a value of each open end"),
            });
            visit(step, follows);
        }
        assert!(truncations.next().is_none(), "no more values than there are open ends");
    }
}

/// Shifts and scales numbers to mean 0 and standard deviation 1. Equal numbers become 0.
pub fn normalize(values: &mut [f64]) {
    let mean = metrics::mean(values);
    let scale = metrics::population_deviation(values) + 1e-8;
    for value in values {
        *value = (*value - mean) / scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two steps of one episode, then one of the next.
    fn trajectory(end: End) -> Vec<f64> {
        let trajectory = Trajectory {
            rewards: &[1.0, 2.0, 4.0],
            ends: &[None, Some(end), None],
            truncation_values: if end.is_open() { &[10.0] } else { &[] },
            last_value: 8.0,
        };
        trajectory.returns(0.5)
    }

    #[test]
    fn nothing_follows_a_terminated_episode() {
        // 4 + 8/2; 2; 1 + 2/2.
        assert_eq!(trajectory(End::Terminated), [2.0, 2.0, 8.0]);
    }

    #[test]
    fn a_truncated_episode_is_worth_what_its_last_observation_promises() {
        // 4 + 8/2; 2 + 10/2; 1 + 7/2.
        assert_eq!(trajectory(End::Truncated), [4.5, 7.0, 8.0]);
    }

    #[test]
    fn a_step_that_diverged_is_left_out_and_the_steps_before_end_with_what_was_seen_there() {
        // 4 + 8/2; 10 whatever the reward; 1 + 10/2.
        assert_eq!(trajectory(End::Diverged), [6.0, 10.0, 8.0]);
        let advantages = |reward| {
            let trajectory = Trajectory {
                rewards: &[1.0, reward, 4.0],
                ends: &[None, Some(End::Diverged), None],
                truncation_values: &[10.0],
                last_value: 8.0,
            };
            trajectory.advantages(&[3.0, 10.0, 5.0], 0.5, 1.0)
        };
        // 1 + 10/2 - 3; nothing; 4 + 8/2 - 5.
        assert_eq!(advantages(2.0).advantages, [3.0, 0.0, 3.0]);
        assert_eq!(advantages(2.0).returns, [6.0, 10.0, 8.0]);
        assert_eq!(advantages(2.0), advantages(-1e9));
    }

    #[test]
    fn equal_numbers_are_normalized_to_zero() {
        let mut values = [3.0; 4];
        normalize(&mut values);
        assert_eq!(values, [0.0; 4]);
        normalize(&mut []);
    }
}
