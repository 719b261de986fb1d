//! A hidden reward is found from comparisons alone.

use human_preferences::{
    actions::Actions,
    answer::Answer,
    reward_model::{L2Config, Objective, RewardConfig, RewardLearner},
    reward_network::{MlpReward, MlpRewardConfig},
};
use papers_core::base::metrics::{pearson_correlation, spearman_correlation};
use rand::RngExt;

use crate::synthetic::{ACTION, ACTION_ONLY, BOTH, Linear, SIZE, comparison, generator, learner, learner_with, normal};

/// Comparisons, and minibatches of them.
const COMPARISONS: usize = 300;
const MINIBATCHES: u64 = 200;

fn taught(config: RewardConfig, reward: &Linear) -> RewardLearner<MlpReward> {
    let mut learner = learner(config);
    let mut generator = generator(0);
    for _ in 0..COMPARISONS {
        learner.add(comparison(reward, &mut generator)).expect("a comparison");
    }
    learner
}

/// Correlation of the ensemble's mean prediction with the true reward of steps that it never saw.
fn correlation(learner: &RewardLearner<MlpReward>, reward: &Linear) -> f64 {
    let mut generator = generator(99);
    let steps = 1000;
    let seen = normal(steps * SIZE, &mut generator);
    let done = normal(steps * ACTION, &mut generator);
    let actions = Actions::Continuous {
        size: ACTION,
        values: done.clone(),
    };
    let predicted = learner.predictor().of_steps(&seen, &actions).expect("rewards");
    let mean: Vec<f64> = (0..steps)
        .map(|step| predicted.iter().map(|member| member[step]).sum())
        .collect();
    let truth = reward.rewards(&seen, &done);
    let spearman = spearman_correlation(&mean, &truth).expect("defined");
    let pearson = pearson_correlation(&mean, &truth).expect("defined");
    assert!((spearman - pearson).abs() < 0.2, "{spearman} {pearson}");
    pearson
}

#[test]
fn a_hidden_reward_is_found() {
    let mut learner = taught(RewardConfig::default(), &BOTH);
    let before = correlation(&learner, &BOTH);
    let report = learner.fit(MINIBATCHES).expect("a fit");
    let after = correlation(&learner, &BOTH);
    assert!(before < 0.7 && after > 0.9, "{before} {after}");
    assert!(report.accuracy.expect("decided pairs") > 0.9, "{report:?}");
    assert!(report.validation_accuracy.expect("held-out pairs") > 0.8, "{report:?}");
    assert!(
        report.validation_loss.expect("held-out pairs") > report.training_loss,
        "{report:?}"
    );
}

#[test]
fn a_reward_of_the_action_alone_is_found() {
    let mut learner = taught(RewardConfig::default(), &ACTION_ONLY);
    learner.fit(MINIBATCHES).expect("a fit");
    let found = correlation(&learner, &ACTION_ONLY);
    assert!(found > 0.9, "{found}");
}

#[test]
fn answers_at_random_teach_nothing() {
    let mut learner = learner(RewardConfig::default());
    let mut generator = generator(0);
    for _ in 0..COMPARISONS {
        let mut shuffled = comparison(&BOTH, &mut generator);
        if generator.random() {
            shuffled.preference.reverse();
        }
        learner.add(shuffled).expect("a comparison");
    }
    let report = learner.fit(MINIBATCHES).expect("a fit");
    let found = correlation(&learner, &BOTH);
    assert!(found.abs() < 0.6, "{found}");
    let accuracy = report.validation_accuracy.expect("held-out pairs");
    assert!((accuracy - 0.5).abs() < 0.15, "{report:?}");
}

#[test]
fn a_tenth_of_wrong_answers_does_no_harm() {
    let mut learner = learner(RewardConfig::default());
    let mut generator = generator(0);
    for index in 0..COMPARISONS {
        let mut wrong = comparison(&BOTH, &mut generator);
        if index % 10 == 0 {
            wrong.preference.reverse();
        }
        learner.add(wrong).expect("a comparison");
    }
    learner.fit(MINIBATCHES).expect("a fit");
    let found = correlation(&learner, &BOTH);
    assert!(found > 0.85, "{found}");
}

#[test]
fn the_ablation_that_regresses_returns_finds_the_reward() {
    let config = RewardConfig {
        objective: Objective::Return,
        ..RewardConfig::default()
    };
    let mut learner = taught(config, &BOTH);
    let first = learner.fit(1).expect("a fit");
    let last = learner.fit(MINIBATCHES).expect("a fit");
    assert!(last.training_loss < 0.5 * first.training_loss, "{first:?} {last:?}");
    let found = correlation(&learner, &BOTH);
    assert!(found > 0.9, "{found}");
}

#[test]
fn ties_alone_make_no_member_prefer_anything_and_nothing_is_nan() {
    let mut learner = learner(RewardConfig::default());
    let mut generator = generator(0);
    for _ in 0..50 {
        let pair = comparison(&BOTH, &mut generator);
        learner.answer(pair.first, pair.second, Answer::Tie).expect("an answer");
    }
    let report = learner.fit(MINIBATCHES).expect("a fit");
    assert_eq!((report.accuracy, report.validation_accuracy), (None, None));
    // The entropy of a tie.
    assert!(
        (report.training_loss - std::f64::consts::LN_2).abs() < 0.01,
        "{report:?}"
    );
}

#[test]
fn members_differ_by_their_weights_and_data() {
    let mut learner = taught(RewardConfig::default(), &BOTH);
    learner.fit(20).expect("a fit");
    let clip = &learner.comparisons().next().expect("a comparison").first;
    let returns = learner.predictor().clip_returns(&[clip.as_ref()]).expect("returns");
    assert!(returns[0] != returns[1] && returns[1] != returns[2], "{returns:?}");
}

#[test]
fn the_penalty_grows_where_a_member_learns_by_heart_and_is_fixed_or_off_on_request() {
    let memorizing = |l2| {
        let config = RewardConfig {
            l2,
            ..RewardConfig::default()
        };
        let mut learner = learner(config);
        let mut generator = generator(0);
        for _ in 0..100 {
            let mut shuffled = comparison(&BOTH, &mut generator);
            if generator.random() {
                shuffled.preference.reverse();
            }
            learner.add(shuffled).expect("a comparison");
        }
        let reports = [0; 4].map(|_| learner.fit(50).expect("a fit"));
        reports[3]
    };
    let default = L2Config::default();
    let with = memorizing(default);
    assert!(with.l2 > default.initial, "{with:?}");
    let fixed = memorizing(L2Config {
        adapt: false,
        ..default
    });
    assert!((fixed.l2 - default.initial).abs() < 1e-12, "{fixed:?}");
    let without = memorizing(L2Config {
        enabled: false,
        ..default
    });
    assert_eq!(without.l2, 0.0);
}

#[test]
fn the_penalty_stays_with_too_few_held_out_comparisons() {
    let mut learner = learner(RewardConfig::default());
    let mut generator = generator(0);
    // Of 20 comparisons, no member holds out 20.
    for _ in 0..20 {
        learner.add(comparison(&BOTH, &mut generator)).expect("a comparison");
    }
    let report = learner.fit(100).expect("a fit");
    let start = L2Config::default().initial;
    assert!((report.l2 - start).abs() < 1e-12, "{report:?}");
}

#[test]
fn old_comparisons_leave_the_window() {
    let window = 150;
    let config = RewardConfig {
        window,
        ..RewardConfig::default()
    };
    let mut learner = learner(config);
    let mut generator = generator(0);
    // What was said first is the opposite of what is said later.
    for index in 0..2 * COMPARISONS {
        let mut pair = comparison(&BOTH, &mut generator);
        if index < COMPARISONS {
            pair.preference.reverse();
        }
        learner.add(pair).expect("a comparison");
    }
    learner.fit(MINIBATCHES).expect("a fit");
    let found = correlation(&learner, &BOTH);
    assert!(found > 0.8, "{found}");
}

#[test]
fn a_window_keeps_the_latest_comparisons_and_their_numbers() {
    let config = RewardConfig {
        window: 3,
        ..RewardConfig::default()
    };
    let mut learner = learner(config);
    let mut generator = generator(0);
    let given: Vec<_> = (0..5).map(|_| comparison(&BOTH, &mut generator)).collect();
    let numbers: Vec<u64> = given
        .iter()
        .map(|pair| learner.add(pair.clone()).expect("a comparison"))
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert!(learner.comparisons().eq(&given[2..]));
    assert!(!learner.forget(1) && learner.forget(3) && !learner.forget(3));
    assert!(learner.comparisons().eq([&given[2], &given[4]]));
    assert_eq!(learner.received(), 5);
    assert_eq!(learner.add(given[0].clone()).expect("a comparison"), 5);
    learner.fit(5).expect("a fit");
}

#[test]
fn dropout_is_for_training_alone() {
    let config = MlpRewardConfig {
        dropout: 0.5,
        ..MlpRewardConfig::default()
    };
    let mut learner = learner_with(RewardConfig::default(), &config);
    let mut generator = generator(0);
    for _ in 0..100 {
        learner.add(comparison(&BOTH, &mut generator)).expect("a comparison");
    }
    let report = learner.fit(100).expect("a fit");
    // Half of the units missing makes losses of training larger than those of the same networks without dropout.
    assert!(report.loss > report.training_loss, "{report:?}");
    let clip = &learner.comparisons().next().expect("a comparison").first;
    let predictor = learner.predictor();
    let returns = || predictor.clip_returns(&[clip.as_ref()]).expect("returns");
    assert_eq!(returns(), returns());
}
