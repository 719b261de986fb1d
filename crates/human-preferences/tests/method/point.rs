//! A point on a line that an agent pushes: a task that a few hundred updates of anything sound solve.

use human_preferences::{
    a2c::A2c,
    actions::Actions,
    environment::{Action, ActionSpace},
    experience::{AgentRewards, End, Experience},
    policy::{ActorCritic, Acts, TangentPolicy, Value},
    trpo::Trpo,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Pushes of any strength, of which at most 1 arrives.
pub(crate) const CONTINUOUS: ActionSpace = ActionSpace::Continuous {
    size: 1,
    low: -1.0,
    high: 1.0,
};
/// Left, nothing, right.
pub(crate) const DISCRETE: ActionSpace = ActionSpace::Discrete { actions: 3 };

/// What both learners have in common.
pub(crate) trait Agent: Acts {
    fn learn(&mut self, experience: &Experience, rewards: &AgentRewards);
}

impl<P: TangentPolicy, V: Value> Agent for Trpo<P, V> {
    fn learn(&mut self, experience: &Experience, rewards: &AgentRewards) {
        self.update(experience, rewards).expect("an update");
    }
}

impl<M: ActorCritic> Agent for A2c<M> {
    fn learn(&mut self, experience: &Experience, rewards: &AgentRewards) {
        self.update(experience, rewards).expect("an update");
    }
}

/// Points side by side, each with its own generator; they are put back at random after ten steps.
pub(crate) struct Points {
    positions: Vec<f32>,
    generators: Vec<ChaCha8Rng>,
    space: ActionSpace,
    steps: usize,
}

/// Steps of an episode.
const EPISODE: usize = 10;

impl Points {
    pub(crate) fn new(count: usize, space: ActionSpace) -> Self {
        let mut points = Self {
            positions: vec![0.0; count],
            generators: (0..count as u64).map(ChaCha8Rng::seed_from_u64).collect(),
            space,
            steps: 0,
        };
        points.reset();
        points
    }

    fn reset(&mut self) {
        for (position, generator) in self.positions.iter_mut().zip(&mut self.generators) {
            *position = generator.random_range(-1.0..1.0);
        }
    }

    /// Lets an agent act for some steps. The rewards are those of `reward`, which sees position and push.
    pub(crate) fn experience(
        &mut self,
        agent: &impl Agent,
        steps: usize,
        reward: impl Fn(f32, f32) -> f32,
    ) -> (Experience, Vec<f32>) {
        let count = self.positions.len();
        // Step by step first, environment by environment at last.
        let (mut observations, mut actions) = (Vec::new(), Vec::new());
        let (mut rewards, mut ends) = (vec![0.0; count * steps], vec![None; count * steps]);
        let mut truncated = vec![Vec::new(); count];
        for step in 0..steps {
            observations.push(self.positions.clone());
            let drawn = agent.act(&self.positions, &mut self.generators).expect("actions");
            for index in 0..count {
                let push = push(&drawn, index);
                self.positions[index] = (self.positions[index] + 0.2 * push).clamp(-1.0, 1.0);
                rewards[index * steps + step] = reward(self.positions[index], push);
            }
            actions.push(drawn);
            self.steps += 1;
            if self.steps.is_multiple_of(EPISODE) {
                for index in 0..count {
                    ends[index * steps + step] = Some(End::Truncated);
                    truncated[index].push(self.positions[index]);
                }
                self.reset();
            }
        }
        let by_environment = |index: usize| observations.iter().map(move |row| row[index]);
        let mut all = Actions::new(&self.space);
        for index in 0..count {
            for drawn in &actions {
                all.extend(drawn, index..index + 1);
            }
        }
        let experience = Experience {
            environments: count,
            steps,
            observations: (0..count).flat_map(by_environment).collect(),
            actions: all,
            last_observations: self.positions.clone(),
            ends,
            truncated_observations: truncated.concat(),
        };
        (experience, rewards)
    }
}

fn push(actions: &Actions, index: usize) -> f32 {
    actions.with(index, |action| match action {
        Action::Continuous(values) => values[0].clamp(-1.0, 1.0) as f32,
        Action::Discrete(chosen) => chosen as f32 - 1.0,
    })
}

/// Trains an agent and returns the mean reward before and after.
pub(crate) fn train(
    agent: &mut impl Agent,
    points: &mut Points,
    updates: usize,
    steps: usize,
    reward: impl Fn(f32, f32) -> f32 + Copy,
    learned_from: impl Fn(f32, f32) -> f32 + Copy,
) -> [f64; 2] {
    let mean = |rewards: &[f32]| rewards.iter().map(|&reward| f64::from(reward)).sum::<f64>() / rewards.len() as f64;
    let before = mean(&points.experience(agent, 200, reward).1);
    for _ in 0..updates {
        let (experience, rewards) = points.experience(agent, steps, learned_from);
        agent.learn(&experience, &AgentRewards::predicted(rewards));
    }
    [before, mean(&points.experience(agent, 200, reward).1)]
}
