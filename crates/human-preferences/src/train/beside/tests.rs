//! An agent that waits.

use papers_core::{Context, base::config, testing};

use super::*;
use crate::{
    config::{PRESETS, PreferenceConfig},
    environment,
    feedback::Synthetic,
    labelling::Judge,
    reward_model::RewardNormalizer,
    rollout::{Lengths, Rollouts},
    train::teacher,
};

const EXACT: Synthetic = Synthetic {
    noise: 0.0,
    boltzmann: None,
};

/// A pendulum's oracle of which ten answers are wanted at first, and some of the clips for it.
fn beside(steps: usize) -> Beside {
    let sets = ["labels.initial=10", "queries.pool=4"].map(str::to_owned);
    let config: PreferenceConfig = config::resolve(PRESETS[0].toml, None, &sets).expect("settings that exist");
    let context = Context::new(testing::device(), 0);
    let environment = environment::make("pendulum", &Default::default()).expect("an environment");
    let task = environment.task();
    let schedule = config.labels().over(1000);
    let judge = Judge::Synthetic(EXACT);
    let mut labelling = Labelling::new(task, schedule, config.queries(), judge, context.streams);
    let lengths = Lengths { episode: 20, clip: 5 };
    let mut rollouts = Rollouts::new(environment.as_ref(), 1, lengths, context.streams, "rollout");
    let rest = |_: &[f32], _: &mut [_]| -> Result<_, Error> {
        Ok(crate::actions::Actions::Continuous {
            size: 1,
            values: vec![0.0],
        })
    };
    labelling.offer(rollouts.collect(steps, 0, rest).expect("steps").clips);
    let learner = teacher::learner(&config, task, &context).expect("networks");
    let normalizer = RewardNormalizer::new(3, &config.reward.normalization);
    let mut beside = Beside::new(labelling, learner, normalizer, None, [1, 1], &context);
    beside.patience = Duration::from_millis(300);
    beside
}

#[test]
fn an_agent_that_waits_in_vain_is_told_which_queue_is_empty() {
    let error = beside(0).begin(7).expect_err("no clips").to_string();
    assert!(
        error.contains("step 7") && error.contains("the initial labels"),
        "{error}"
    );
    assert!(
        error.contains("0 of 10 answers") && error.contains("0 clips to ask about"),
        "{error}"
    );
    assert!(
        error.contains("`queries.pool`") && error.contains("`labels.initial`"),
        "{error}"
    );
}

#[test]
fn a_pool_of_too_few_pairs_is_told_from_one_without_clips() {
    // Four clips are six pairs.
    let error = beside(60).begin(0).expect_err("too few clips").to_string();
    assert!(
        error.contains("6 of 10 answers") && error.contains("4 clips to ask about"),
        "{error}"
    );
}
