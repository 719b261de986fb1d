//! Failures that nobody would notice: stale rewards, an oracle that judges by the learned reward, a reward that says
//! nothing and yet teaches.

use std::f64::consts::PI;

use human_preferences::{
    agent::Agent,
    environment::{self, Environment},
    experience::AgentRewards,
    reward_model::{NormalizationConfig, RewardNormalizer},
    rollout::{Lengths, Rollouts},
};
use papers_core::{
    Context, Error, Experiment,
    base::{journal::scalar, metrics},
    testing,
};

use crate::{common, saved};

#[test]
fn a_reward_model_that_was_changed_changes_what_the_agent_learns_in_the_same_round() {
    let start = {
        let mut experiment = common::begin(&common::pendulum(&[]), 3);
        common::advance(&mut experiment, 0, 1);
        saved::save(&experiment, 1)
    };
    let after_a_round = |minibatches: u64| {
        let config = common::pendulum(&[&format!("fitting.minibatches={minibatches}")]);
        let mut experiment = common::begin(&config, 3);
        experiment.restore(&start.reader).expect("a state");
        common::advance(&mut experiment, 1, 2);
        let saved = saved::save(&experiment, 2);
        // It acted before it learned: in both runs alike, and the same was asked.
        (
            saved.digests_of("policy"),
            [saved.digests_of("rollouts"), saved.digests_of("labelling")],
        )
    };
    let (little, before) = after_a_round(3);
    let (much, same) = after_a_round(60);
    assert_eq!(before, same);
    assert_ne!(little, much);
    assert_eq!(little, after_a_round(3).0);
}

#[test]
fn the_oracle_judges_by_the_true_reward_and_not_by_the_predicted_one() {
    let mut experiment = common::begin(&common::pendulum(&["labels.total=60"]), 3);
    common::advance(&mut experiment, 0, 4);
    let comparisons = saved::save(&experiment, 4).comparisons();
    assert_eq!(comparisons.len(), 60);
    for comparison in comparisons {
        let returns = [&comparison.first, &comparison.second].map(|clip| {
            let mut seen = Vec::new();
            clip.observations.append_features(&mut seen);
            // Cosine, sine and speed tell the reward -(θ² + ω² / 10) of a pendulum.
            let rewards = seen.chunks_exact(3).map(|observation| {
                let [cosine, sine, speed] = [0, 1, 2].map(|index| f64::from(observation[index]));
                let angle = sine.atan2(cosine);
                assert!(angle.abs() <= PI);
                -(angle * angle + 0.1 * speed * speed)
            });
            rewards.sum::<f64>()
        });
        let found = comparison.true_returns.expect("the oracle knows");
        testing::assert_close(&found, &returns, 1e-4);
        let better = usize::from(found[1] > found[0]);
        assert_eq!(comparison.preference[better], 1.0, "{found:?}");
    }
}

#[test]
fn an_agent_is_scored_by_true_returns_whatever_it_was_taught() {
    // The judge prefers what is worse; the reported return stays the true one, which is never positive.
    let mut experiment = common::begin(&common::pendulum(&["feedback.noise=1.0"]), 3);
    let measured = common::advance(&mut experiment, 0, 4);
    let evaluation = experiment.evaluate().expect("an evaluation");
    let returns = measured
        .iter()
        .chain([&evaluation])
        .filter_map(|scalars| scalar(scalars, "return_true"));
    for value in returns {
        // At worst π² + 0.1 · 8² in each of 60 steps.
        assert!((-60.0 * (PI * PI + 6.4)..=0.0).contains(&value), "{value}");
    }
}

/// Mean true return of the first and of the last rounds of an agent whose reward is the same in every step.
fn taught_a_constant(constant: f64, seed: u64) -> [f64; 2] {
    const ROUNDS: u64 = 10;
    let context = Context::new(testing::device(), seed);
    let config = common::pendulum(&["agent.trpo.value_epochs=1"]);
    let environment = environment::make("pendulum", &Default::default()).expect("an environment");
    let environment: &dyn Environment = environment.as_ref();
    let lengths = Lengths { episode: 60, clip: 10 };
    let mut rollouts = Rollouts::new(environment, 16, lengths, context.streams, "rollout");
    let mut agent = Agent::new(&config.agent, environment.task(), &context).expect("an agent");
    let mut normalizer = RewardNormalizer::new(1, &NormalizationConfig::default());
    let mut returns = Vec::new();
    for round in 0..ROUNDS {
        let collected = rollouts.collect(60, round, |observations, generators| -> Result<_, Error> {
            agent.act(observations, generators)
        });
        let collected = collected.expect("actions");
        returns.push(metrics::mean(&collected.returns));
        let rewards = normalizer.normalized(&[vec![constant; collected.true_rewards.len()]]);
        let rewards = AgentRewards::predicted(rewards.into_iter().map(|reward| reward as f32).collect());
        assert!(rewards.values().iter().all(|reward| *reward == 0.0));
        agent.update(&collected.experience, &rewards, round).expect("an update");
    }
    let part = |from: usize| metrics::mean(&returns[from..from + 3]);
    [part(0), part(ROUNDS as usize - 3)]
}

#[test]
fn a_reward_that_is_the_same_everywhere_teaches_nothing() {
    let gained: Vec<f64> = [(0.0, 1), (1.0, 2), (-3.5, 3), (1.0, 4)]
        .map(|(constant, seed)| {
            let [first, last] = taught_a_constant(constant, seed);
            last - first
        })
        .to_vec();
    // Returns of single agents of 60 steps are around -400; means of 48 episodes differ by some 25 by chance.
    let mean = metrics::mean(&gained);
    assert!(mean < 40.0, "{gained:?}");
}
