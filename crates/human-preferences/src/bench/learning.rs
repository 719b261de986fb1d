//! Acting, one update of each agent, and the reward model.

use std::sync::Arc;

use anyhow::Context as _;
use burn::prelude::*;
use papers_core::{bench::Case, device, random::Streams};
use rand_chacha::ChaCha8Rng;

use crate::{
    a2c::{A2c, A2cConfig},
    actions::Actions,
    clip::{Clip, Observations},
    environment::ActionSpace,
    experience::{AgentRewards, End, Experience},
    policy::{Acts, ConvConfig, MlpConfig, MlpPolicy, MlpValue},
    queries::{ClipPool, QueryConfig},
    reward_model::{Comparison, RewardConfig, RewardLearner},
    reward_network::{MlpReward, MlpRewardConfig},
    trpo::{Trpo, TrpoConfig},
};

/// Of Hopper: numbers of an observation, of an action, steps of a clip.
const SIZE: usize = 11;
const ACTIONS: usize = 3;
const CLIP: usize = 60;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("trpo/act-32", "step", acting).target(1.0),
        Case::new("trpo/update-9600", "update", trpo_update).target(1.0),
        Case::new("a2c/grid-update", "update", a2c_update).target(1.0),
        Case::new("reward/fit-64-pairs", "minibatch", fit).target(1.0),
        Case::new("reward/predict-9600", "batch", predict).target(1.0),
        Case::new("queries/choose-10-of-100", "choice", choose).target(1.0),
    ]
}

/// Numbers that look random, in `[-scale, scale]`.
fn numbers(count: usize, scale: f32) -> Vec<f32> {
    (0..count)
        .map(|index| 2.0 * scale * ((index * 7919 % 1009) as f32 / 1009.0 - 0.5))
        .collect()
}

fn plain() -> anyhow::Result<Device> {
    Ok(device::resolve(device::default_backend()?)?)
}

fn trpo() -> anyhow::Result<Trpo<MlpPolicy, MlpValue>> {
    let (device, streams) = (plain()?.autodiff(), Streams::new(0));
    let space = ActionSpace::Continuous {
        size: ACTIONS,
        low: -1.0,
        high: 1.0,
    };
    let network = MlpConfig::default();
    let policy = streams.initialize("policy", &device, || network.init_policy(SIZE, &space, &device));
    let value = streams.initialize("value", &device, || network.init_value(SIZE, &device));
    Ok(Trpo::new(policy, value, &TrpoConfig::default(), streams)?)
}

fn generators(count: usize) -> Vec<ChaCha8Rng> {
    (0..count as u64)
        .map(|index| Streams::new(0).at("bench", 0, index))
        .collect()
}

fn acting() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (agent, observations, mut generators) = (trpo()?, numbers(32 * SIZE, 1.0), generators(32));
    Ok(move || {
        std::hint::black_box(agent.act(&observations, &mut generators)?);
        Ok(1)
    })
}

/// 32 episodes of 300 steps.
fn episodes() -> Experience {
    let (environments, steps) = (32, 300);
    let ends = (0..environments * steps).map(|step| (step % steps == steps - 1).then_some(End::Truncated));
    Experience {
        environments,
        steps,
        observations: numbers(environments * steps * SIZE, 1.0),
        actions: Actions::Continuous {
            size: ACTIONS,
            values: numbers(environments * steps * ACTIONS, 1.0),
        },
        last_observations: numbers(environments * SIZE, 1.0),
        ends: ends.collect(),
        truncated_observations: numbers(environments * SIZE, 1.0),
    }
}

fn trpo_update() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (fresh, experience) = (trpo()?, episodes());
    let rewards = AgentRewards::predicted(numbers(9600, 1.0));
    Ok(move || {
        // Always from the same weights: the line search takes as long each time.
        std::hint::black_box(fresh.clone().update(&experience, &rewards)?);
        Ok(1)
    })
}

fn a2c_update() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (device, streams) = (plain()?.autodiff(), Streams::new(0));
    let space = ActionSpace::Discrete { actions: 3 };
    let (environments, steps, size) = (16, 5, 4 * 10 * 10);
    let network = streams.initialize("agent", &device, || {
        ConvConfig::grid().init([4, 10, 10], &space, &device)
    });
    let mut agent = A2c::new(network, &A2cConfig::default())?;
    let cells = |count: usize| {
        numbers(count, 1.0)
            .into_iter()
            .map(|value| f32::from(value > 0.9))
            .collect()
    };
    let experience = Experience {
        environments,
        steps,
        observations: cells(environments * steps * size),
        actions: Actions::Discrete {
            actions: 3,
            chosen: (0..environments * steps).map(|step| (step % 3) as u32).collect(),
        },
        last_observations: cells(environments * size),
        ends: vec![None; environments * steps],
        truncated_observations: Vec::new(),
    };
    let rewards = AgentRewards::predicted(numbers(environments * steps, 0.05));
    Ok(move || {
        std::hint::black_box(agent.update(&experience, &rewards)?);
        Ok(1)
    })
}

fn clip(number: usize) -> anyhow::Result<Clip> {
    let shifted = |count: usize| numbers(count + number, 1.0).split_off(number);
    let observations = Observations::Floats {
        size: SIZE,
        values: shifted(CLIP * SIZE),
    };
    let actions = Actions::Continuous {
        size: ACTIONS,
        values: shifted(CLIP * ACTIONS),
    };
    Ok(Clip::new(number as u64, 0, observations, actions)?)
}

/// Three networks and 256 comparisons.
fn learner() -> anyhow::Result<RewardLearner<MlpReward>> {
    let (device, streams) = (plain()?.autodiff(), Streams::new(0));
    let config = RewardConfig::default();
    let network = |member: usize| {
        let build = || MlpRewardConfig::default().init(SIZE, ACTIONS, &device);
        streams.initialize(&format!("reward-{member}"), &device, build)
    };
    let networks = (0..config.members).map(network).collect();
    let mut learner = RewardLearner::new(config, networks, device.clone(), streams)?;
    for pair in 0..256 {
        learner.add(Comparison {
            first: Arc::new(clip(2 * pair)?),
            second: Arc::new(clip(2 * pair + 1)?),
            preference: [(pair % 2) as f64, 1.0 - (pair % 2) as f64],
            true_returns: None,
        })?;
    }
    Ok(learner)
}

/// As many minibatches as in a round, so that the look at the losses after them counts as it does in a run.
fn fit() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let mut learner = learner()?;
    Ok(move || {
        learner.fit(25)?;
        Ok(25)
    })
}

fn predict() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (predictor, experience) = (learner()?.predictor(), episodes());
    Ok(move || {
        std::hint::black_box(predictor.predict(&experience)?);
        Ok(1)
    })
}

fn choose() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let predictor = learner()?.predictor();
    let mut pool = ClipPool::new(2000);
    for number in 0..2000 {
        pool.push(Arc::new(clip(number).context("a clip")?), ());
    }
    let mut address = 0;
    Ok(move || {
        let mut generator = Streams::new(0).at("bench-queries", address, 0);
        address += 1;
        let chosen = pool
            .clone()
            .choose(10, &QueryConfig::default(), Some(&predictor), &mut generator)?;
        Ok(chosen.len() / 10)
    })
}
