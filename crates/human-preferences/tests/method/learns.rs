//! Both learners solve a small task, and broken ones do not.

use burn::prelude::*;
use human_preferences::{
    a2c::{A2c, A2cConfig, A2cOptimizer},
    environment::ActionSpace,
    experience::{AgentRewards, End},
    policy::{ActorCritic, MlpActorCritic, MlpConfig, MlpPolicy, MlpValue, TangentPolicy, Value},
    trpo::{SampleTensors, Surrogate, Trpo, TrpoConfig, TrpoWarning, conjugate_gradient},
};
use papers_core::{random::Streams, testing::device};

use crate::point::{CONTINUOUS, DISCRETE, Points, train};

/// Being in the middle is best: -1/3 on average for a point that stays where it is put.
fn centered(position: f32, _: f32) -> f32 {
    -position * position
}

/// Pushing right is best, wherever the point is.
fn to_the_right(_: f32, push: f32) -> f32 {
    push
}

pub(crate) fn trpo(space: ActionSpace, config: &TrpoConfig, seed: u64) -> Trpo<MlpPolicy, MlpValue> {
    let (streams, device) = (Streams::new(seed), device().autodiff());
    let sizes = MlpConfig {
        hidden: vec![16, 16],
        initial_log_std: -0.5,
    };
    let policy = streams.initialize("policy", &device, || sizes.init_policy(1, &space, &device));
    let value = streams.initialize("value", &device, || sizes.init_value(1, &device));
    Trpo::new(policy, value, config, streams).expect("settings")
}

pub(crate) fn a2c(space: ActionSpace, config: &A2cConfig, seed: u64) -> A2c<MlpActorCritic> {
    let (streams, device) = (Streams::new(seed), device().autodiff());
    let sizes = MlpConfig {
        hidden: vec![16, 16],
        initial_log_std: -0.5,
    };
    let model = streams.initialize("model", &device, || sizes.init_actor_critic(1, &space, &device));
    A2c::new(model, config).expect("settings")
}

/// A short horizon, which suits short episodes.
fn trpo_config() -> TrpoConfig {
    TrpoConfig {
        discount: 0.9,
        max_kl: 0.02,
        entropy_bonus: 0.0,
        ..TrpoConfig::default()
    }
}

fn a2c_config() -> A2cConfig {
    A2cConfig {
        discount: 0.9,
        entropy_bonus: 0.001,
        learning_rate: 5e-3,
        learning_rate_steps: 0,
        ..A2cConfig::default()
    }
}

#[test]
fn trpo_learns_to_center_the_point() {
    for space in [CONTINUOUS, DISCRETE] {
        let mut agent = trpo(space, &trpo_config(), 1);
        let [before, after] = train(&mut agent, &mut Points::new(16, space), 25, 40, centered, centered);
        assert!(
            before < -0.2 && after > -0.1,
            "{space:?}: {before} before, {after} after"
        );
    }
}

#[test]
fn a2c_learns_to_center_the_point() {
    for optimizer in [A2cOptimizer::RmsProp, A2cOptimizer::Adam] {
        for space in [CONTINUOUS, DISCRETE] {
            let config = A2cConfig {
                optimizer,
                ..a2c_config()
            };
            let mut agent = a2c(space, &config, 1);
            let [before, after] = train(&mut agent, &mut Points::new(16, space), 400, 5, centered, centered);
            assert!(
                before < -0.2 && after > -0.1,
                "{optimizer:?}, {space:?}: {before} before, {after} after"
            );
        }
    }
}

#[test]
fn a_reward_of_the_action_alone_is_learned() {
    let mut agent = trpo(CONTINUOUS, &trpo_config(), 2);
    let [before, after] = train(
        &mut agent,
        &mut Points::new(16, CONTINUOUS),
        15,
        40,
        to_the_right,
        to_the_right,
    );
    assert!(
        before.abs() < 0.2 && after > 0.7,
        "TRPO: {before} before, {after} after"
    );
    let mut agent = a2c(DISCRETE, &a2c_config(), 2);
    let [before, after] = train(
        &mut agent,
        &mut Points::new(16, DISCRETE),
        200,
        5,
        to_the_right,
        to_the_right,
    );
    assert!(before.abs() < 0.2 && after > 0.7, "A2C: {before} before, {after} after");
}

#[test]
fn nothing_is_learned_from_the_reward_of_a_step_that_diverged() {
    let (trpo, a2c) = (trpo(CONTINUOUS, &trpo_config(), 1), || {
        a2c(CONTINUOUS, &a2c_config(), 1)
    });
    let (mut experience, rewards) = Points::new(3, CONTINUOUS).experience(&trpo, 20, centered);
    // The first environment diverges in its sixth step: what was seen last is what was seen before it.
    let seen = experience.observations[5];
    experience.ends[5] = Some(End::Diverged);
    experience.truncated_observations.insert(0, seen);
    let learned = |step: usize, reward: f32| {
        let mut rewards = rewards.clone();
        rewards[step] = reward;
        let rewards = AgentRewards::predicted(rewards);
        let (mut trpo, mut a2c) = (trpo.clone(), a2c());
        trpo.update(&experience, &rewards).expect("an update");
        a2c.update(&experience, &rewards).expect("an update");
        let observations = Tensor::<2>::from_data([[-0.5], [0.5]], &device());
        let values = trpo.value().valid().values(observations.clone());
        let outputs = [values, a2c.model().forward(observations).1].map(|values| values.into_data());
        (trpo.policy().parameters().expect("parameters"), outputs)
    };
    let known = learned(5, 0.0);
    assert_eq!(learned(5, 100.0), known);
    for other in [4, 6] {
        assert_ne!(learned(other, 100.0).0, known.0);
        assert_ne!(learned(other, 100.0).1, known.1);
    }
}

#[test]
fn nothing_is_learned_from_a_constant_reward() {
    // A reward model without opinion says 0, and so does a new value network: there is no advantage to learn from. (A
    // constant other than 0 has to be learned by the value network first, and policies follow its errors meanwhile.)
    let constant = |_: f32, _: f32| 0.0;
    for space in [CONTINUOUS, DISCRETE] {
        let mut agent = trpo(space, &trpo_config(), 1);
        let before = agent.policy().parameters().expect("parameters");
        train(&mut agent, &mut Points::new(16, space), 5, 40, centered, constant);
        assert_eq!(agent.policy().parameters().expect("parameters"), before);
        let (experience, rewards) = Points::new(16, space).experience(&agent, 40, constant);
        let report = agent
            .update(&experience, &AgentRewards::predicted(rewards))
            .expect("an update");
        assert_eq!(report.warning, Some(TrpoWarning::ZeroGradient));

        let mut agent = a2c(space, &a2c_config(), 1);
        let [before, after] = train(&mut agent, &mut Points::new(16, space), 400, 5, centered, constant);
        // Less than the noise in a mean over 16 · 200 steps; the entropy bonus makes pushes a little more random.
        assert!(
            (after - before).abs() < 0.05,
            "{space:?}: {before} before, {after} after"
        );
    }
}

#[test]
fn long_steps_without_a_line_search_ruin_the_policy() {
    let mut points = Points::new(16, CONTINUOUS);
    let mut agent = trpo(CONTINUOUS, &trpo_config(), 1);
    train(&mut agent, &mut points, 25, 40, centered, centered);
    let (experience, rewards) = points.experience(&agent, 200, centered);
    let mean = |rewards: &[f32]| rewards.iter().sum::<f32>() / rewards.len() as f32;
    let good = mean(&rewards);

    // Rewards in the place of advantages are noisy, and the step is 20 times as long as the trust region.
    let rows = rewards.len();
    let upload = |numbers: Vec<f32>| Tensor::<1>::from_floats(&numbers[..], &device());
    let mut actions = Vec::new();
    experience.actions.append_features(&mut actions);
    let samples = SampleTensors {
        observations: upload(experience.observations.clone()).reshape([rows, 1]),
        actions: upload(actions).reshape([rows, 1]),
        advantages: upload(rewards),
    };
    let surrogate = Surrogate::new(agent.policy().clone(), vec![samples], 0.0, 1);
    let gradient = surrogate.gradient().expect("a gradient");
    let solution = conjugate_gradient(|v| surrogate.fisher_product(v, 0.1), &gradient, 10, 1e-10).expect("products");
    let scale = 20.0 * (2.0 * 0.02 / solution.curvature(&gradient)).sqrt();
    let start = agent.policy().parameters().expect("parameters");
    let ruined: Vec<f64> = start
        .iter()
        .zip(&solution.x)
        .map(|(start, x)| start + scale * x)
        .collect();
    let policy = agent.policy().clone().with_parameters(&ruined);
    let agent = Trpo::new(policy, agent.value().clone(), &trpo_config(), Streams::new(1)).expect("settings");
    let bad = mean(&points.experience(&agent, 200, centered).1);
    assert!(
        good > -0.1 && bad < good - 0.1,
        "{good} with a line search, {bad} without"
    );
}

#[test]
fn a_truncated_episode_goes_on_and_a_terminated_one_does_not() {
    // A reward of 1 for ever is worth 1 / (1 - 0.9) = 10 in every state. Where each tenth step is the last one, it is
    // 1 - 0.9^k of that with k steps to go: 10 - 0.9 · (1 - 0.9^10) / (1 - 0.9) = 4.14 on average.
    let worth = |end: End, learns: &mut dyn FnMut(&human_preferences::experience::Experience, &AgentRewards) -> f64| {
        let agent = trpo(DISCRETE, &trpo_config(), 4);
        let mut points = Points::new(8, DISCRETE);
        let mut mean_return = 0.0;
        for _ in 0..120 {
            let (mut experience, rewards) = points.experience(&agent, 20, |_, _| 1.0);
            if end == End::Terminated {
                experience.ends.iter_mut().flatten().for_each(|found| *found = end);
                experience.truncated_observations.clear();
            }
            mean_return = learns(&experience, &AgentRewards::predicted(rewards));
        }
        mean_return
    };
    for (end, expected) in [(End::Truncated, 10.0), (End::Terminated, 4.14)] {
        let mut agent = trpo(DISCRETE, &trpo_config(), 4);
        let found = worth(end, &mut |experience, rewards| {
            agent.update(experience, rewards).expect("an update").mean_return
        });
        assert!((found - expected).abs() < 0.5, "TRPO: {found}, not {expected}");
    }
    let config = A2cConfig {
        learning_rate: 2e-2,
        ..a2c_config()
    };
    for (end, expected) in [(End::Truncated, 10.0), (End::Terminated, 4.14)] {
        let mut agent = a2c(DISCRETE, &config, 4);
        let found = worth(end, &mut |experience, rewards| {
            agent.update(experience, rewards).expect("an update").mean_return
        });
        assert!((found - expected).abs() < 1.0, "A2C: {found}, not {expected}");
    }
}
