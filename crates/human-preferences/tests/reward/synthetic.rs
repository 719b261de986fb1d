//! Clips with a hidden reward, and learners of it.

use std::sync::Arc;

use burn::prelude::*;
use human_preferences::{
    actions::Actions,
    answer::Answer,
    clip::{Clip, Observations},
    experience::Experience,
    reward_model::{Comparison, RewardConfig, RewardLearner},
    reward_network::{MlpReward, MlpRewardConfig},
};
use papers_core::{random::Streams, testing};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

pub(crate) const SIZE: usize = 3;
pub(crate) const ACTION: usize = 2;
pub(crate) const STEPS: usize = 10;

/// A reward that is a weighted sum of what is seen and done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linear {
    pub(crate) observation: [f64; SIZE],
    pub(crate) action: [f64; ACTION],
}

/// Both matter.
pub(crate) const BOTH: Linear = Linear {
    observation: [1.0, -2.0, 0.5],
    action: [0.7, -0.7],
};

/// What is seen does not matter at all.
pub(crate) const ACTION_ONLY: Linear = Linear {
    observation: [0.0; SIZE],
    action: [1.0, -0.5],
};

impl Linear {
    /// True reward of each step.
    pub(crate) fn rewards(&self, observations: &[f32], actions: &[f32]) -> Vec<f64> {
        let weighted = |row: &[f32], weights: &[f64]| -> f64 {
            row.iter()
                .zip(weights)
                .map(|(value, weight)| f64::from(*value) * weight)
                .sum()
        };
        let rows = observations.chunks_exact(SIZE).zip(actions.chunks_exact(ACTION));
        rows.map(|(seen, done)| weighted(seen, &self.observation) + weighted(done, &self.action))
            .collect()
    }

    /// Sum of the true rewards of a clip.
    pub(crate) fn of_clip(&self, clip: &Clip) -> f64 {
        let (Observations::Floats { values: seen, .. }, Actions::Continuous { values: done, .. }) =
            (&clip.observations, &clip.actions)
        else {
            panic!("clips of this file hold numbers");
        };
        self.rewards(seen, done).iter().sum()
    }
}

pub(crate) fn generator(index: u64) -> ChaCha8Rng {
    Streams::new(11).at("synthetic", 0, index)
}

pub(crate) fn normal(count: usize, generator: &mut ChaCha8Rng) -> Vec<f32> {
    (0..count).map(|_| StandardNormal.sample(generator)).collect()
}

/// A clip of its own episode, of `steps` random steps.
pub(crate) fn clip_of(steps: usize, generator: &mut ChaCha8Rng) -> Arc<Clip> {
    let observations = Observations::Floats {
        size: SIZE,
        values: normal(steps * SIZE, generator),
    };
    let actions = Actions::Continuous {
        size: ACTION,
        values: normal(steps * ACTION, generator),
    };
    Arc::new(Clip::new(generator.random(), 0, observations, actions).expect("a clip"))
}

pub(crate) fn clip(generator: &mut ChaCha8Rng) -> Arc<Clip> {
    clip_of(STEPS, generator)
}

/// Steps of one environment.
pub(crate) fn experience(steps: usize, generator: &mut ChaCha8Rng) -> Experience {
    Experience {
        environments: 1,
        steps,
        observations: normal(steps * SIZE, generator),
        actions: Actions::Continuous {
            size: ACTION,
            values: normal(steps * ACTION, generator),
        },
        last_observations: normal(SIZE, generator),
        ends: vec![None; steps],
        truncated_observations: Vec::new(),
    }
}

/// What an oracle that never errs says.
pub(crate) fn answer(reward: &Linear, first: &Clip, second: &Clip) -> Answer {
    match reward.of_clip(first) > reward.of_clip(second) {
        true => Answer::Left,
        false => Answer::Right,
    }
}

/// A comparison by an oracle that never errs, with the true returns.
pub(crate) fn comparison(reward: &Linear, generator: &mut ChaCha8Rng) -> Comparison {
    let (first, second) = (clip(generator), clip(generator));
    Comparison {
        preference: answer(reward, &first, &second).preference().expect("a usable answer"),
        true_returns: Some([reward.of_clip(&first), reward.of_clip(&second)]),
        first,
        second,
    }
}

/// A network of `name`'s own weights on the autodiff device.
pub(crate) fn network(name: &str, config: &MlpRewardConfig) -> MlpReward {
    let device = testing::device().autodiff();
    Streams::new(5).initialize(name, &device, || config.init(SIZE, ACTION, &device))
}

/// An ensemble of small networks that has learned nothing.
pub(crate) fn learner_with(config: RewardConfig, network_config: &MlpRewardConfig) -> RewardLearner<MlpReward> {
    let networks = (0..config.members)
        .map(|member| network(&format!("reward-{member}"), network_config))
        .collect();
    RewardLearner::new(config, networks, device(), Streams::new(3)).expect("a valid configuration")
}

pub(crate) fn learner(config: RewardConfig) -> RewardLearner<MlpReward> {
    learner_with(config, &MlpRewardConfig::default())
}

/// The device of networks in training.
pub(crate) fn device() -> Device {
    testing::device().autodiff()
}
