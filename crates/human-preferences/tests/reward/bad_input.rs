//! What cannot be learned from is refused with a message that says so, and changes nothing.

use std::sync::Arc;

use human_preferences::{
    actions::Actions,
    answer::Answer,
    clip::{Clip, ClipError, Observations},
    environment::{ActionSpace, ObservationSpace, Storage, Task},
    label_schedule::LabelConfig,
    queries::QueryConfig,
    reward_model::{NormalizationConfig, Objective, RewardConfig, RewardError, RewardLearner, RewardNormalizer},
    reward_network::{AtariRewardConfig, GridRewardConfig, MlpReward, MlpRewardConfig, RewardNetworkConfig},
};
use papers_core::{base::config::ConfigError, random::Streams};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::synthetic::{self, ACTION, BOTH, STEPS, clip, clip_of, comparison, experience, generator, learner, network};

#[test]
fn clips_of_unequal_length_are_refused_and_leave_no_trace() {
    let mut learner = learner(RewardConfig::default());
    let mut generator = generator(0);
    let (first, second) = (clip(&mut generator), clip_of(STEPS + 1, &mut generator));
    let error = learner.answer(first, second, Answer::Left).expect_err("two lengths");
    assert!(matches!(error, RewardError::Clip(ClipError::Unequal { .. })), "{error}");
    assert!(learner.comparisons().len() == 0);
}

#[test]
fn clips_of_another_task_or_length_than_those_before_are_refused() {
    let mut learner = learner(RewardConfig::default());
    let mut generator = generator(0);
    learner.add(comparison(&BOTH, &mut generator)).expect("a comparison");
    let longer = clip_of(STEPS + 1, &mut generator);
    let error = learner
        .answer(Arc::clone(&longer), longer, Answer::Tie)
        .expect_err("longer");
    assert!(error.to_string().contains("10 and 11 steps"), "{error}");
    let other = Arc::new(Clip {
        observations: Observations::Floats {
            size: 7,
            values: vec![0.0; 7 * STEPS],
        },
        ..clip(&mut generator).as_ref().clone()
    });
    let error = learner
        .answer(Arc::clone(&other), other, Answer::Tie)
        .expect_err("wider");
    assert!(error.to_string().contains("observation has 7 numbers"), "{error}");
    let other = Arc::new(Clip {
        actions: Actions::Discrete {
            actions: 9,
            chosen: vec![0; STEPS],
        },
        ..clip(&mut generator).as_ref().clone()
    });
    let error = learner
        .answer(Arc::clone(&other), other, Answer::Tie)
        .expect_err("more");
    assert!(error.to_string().contains("action has 9 numbers"), "{error}");
    assert_eq!(learner.comparisons().len(), 1);
}

#[test]
fn numbers_that_are_not_finite_make_no_clip_and_no_comparison() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = vec![0.0; ACTION * STEPS];
        values[ACTION * 4] = bad;
        let actions = Actions::Continuous { size: ACTION, values };
        let observations = clip(&mut generator(0)).observations.clone();
        let error = Clip::new(0, 0, observations, actions).expect_err("no number");
        assert_eq!(error.to_string(), "the clip's action of step 4 is not finite");
    }
    let mut learner = learner(RewardConfig::default());
    for [first, second] in [[f64::NAN, 1.0], [1.0, 1.0], [-1.0, 2.0], [0.0, 0.0]] {
        let mut pair = comparison(&BOTH, &mut generator(0));
        pair.preference = [first, second];
        let error = learner.add(pair).expect_err("no distribution");
        assert!(matches!(error, RewardError::Preference { .. }), "{error}");
    }
    for bad in [f64::NAN, f64::INFINITY] {
        let mut pair = comparison(&BOTH, &mut generator(0));
        pair.true_returns = Some([1.0, bad]);
        let error = learner.add(pair).expect_err("no number");
        assert!(error.to_string().contains("true return"), "{error}");
    }
    assert!(learner.comparisons().len() == 0);
}

#[test]
fn nothing_is_fitted_without_a_usable_comparison() {
    let mut learner = learner(RewardConfig::default());
    let mut generator = generator(0);
    let error = learner.fit(10).expect_err("no answer");
    assert_eq!(error, RewardError::NoUsableComparison { answers: 0 });
    for _ in 0..3 {
        let pair = comparison(&BOTH, &mut generator);
        learner
            .answer(pair.first, pair.second, Answer::CantTell)
            .expect("counted");
    }
    let error = learner.fit(10).expect_err("no usable answer");
    assert_eq!(error, RewardError::NoUsableComparison { answers: 3 });
    assert!(error.to_string().contains("can't tell"), "{error}");
    assert!(!learner.is_trained());
}

#[test]
fn an_ensemble_that_learned_nothing_gives_no_reward() {
    let mut learner = learner(RewardConfig::default());
    let mut generator = generator(0);
    learner.add(comparison(&BOTH, &mut generator)).expect("a comparison");
    let mut normalizer = RewardNormalizer::new(3, &NormalizationConfig::default());
    let experience = experience(20, &mut generator);
    let error = learner
        .predictor()
        .rewards(&experience, &mut normalizer)
        .expect_err("untrained");
    assert_eq!(error, RewardError::Untrained);
    learner.fit(1).expect("a fit");
    let rewards = learner
        .predictor()
        .rewards(&experience, &mut normalizer)
        .expect("rewards");
    assert_eq!(rewards.values().len(), 20);
    assert!(rewards.values().iter().all(|reward| reward.is_finite()));
}

#[test]
fn an_ensemble_of_another_size_than_the_configuration_is_refused() {
    let config = RewardConfig::default();
    let networks = vec![network("only", &MlpRewardConfig::default())];
    let error = RewardLearner::new(config, networks, synthetic::device(), Streams::new(0)).expect_err("one of three");
    assert!(error.to_string().contains("reward.members"), "{error}");
    let config = RewardConfig {
        batch: 0,
        ..RewardConfig::default()
    };
    let error = RewardLearner::<MlpReward>::new(config, vec![], synthetic::device(), Streams::new(0));
    let error = error.expect_err("no batch").to_string();
    assert!(error.contains("reward.batch"), "{error}");
}

#[test]
fn returns_are_regressed_only_where_they_are_known() {
    let config = RewardConfig {
        objective: Objective::Return,
        ..RewardConfig::default()
    };
    let mut learner = learner(config);
    let mut pair = comparison(&BOTH, &mut generator(0));
    pair.true_returns = None;
    let error = learner.add(pair).expect_err("no returns");
    assert_eq!(error, RewardError::NoReturns);
}

#[test]
fn a_learning_rate_that_explodes_is_an_error_and_no_nan() {
    let config = RewardConfig {
        learning_rate: 1e30,
        ..RewardConfig::default()
    };
    let mut learner = learner(config);
    let mut generator = generator(0);
    for _ in 0..20 {
        learner.add(comparison(&BOTH, &mut generator)).expect("a comparison");
    }
    let error = learner.fit(20).expect_err("an explosion");
    assert!(matches!(error, RewardError::NonFinite { .. }), "{error}");
    assert!(error.to_string().contains("reward.learning_rate"), "{error}");
}

/// Whether changing a key of a configuration makes it invalid, and what the error says.
#[track_caller]
fn refused<C>(key: &str, value: serde_json::Value, validate: impl Fn(&C) -> Result<(), ConfigError>) -> String
where
    C: Default + Serialize + DeserializeOwned,
{
    assert!(validate(&C::default()).is_ok(), "the default is valid");
    let mut changed = serde_json::to_value(C::default()).expect("a value");
    *changed.pointer_mut(key).unwrap_or_else(|| panic!("no key {key}")) = value;
    let changed: C = serde_json::from_value(changed).expect("of the right type");
    validate(&changed).expect_err(key).to_string()
}

#[test]
fn settings_that_make_no_sense_are_refused_by_their_key() {
    let reward = [
        ("/members", json!(0), "reward.members"),
        ("/batch", json!(0), "reward.batch"),
        ("/learning_rate", json!(0.0), "reward.learning_rate"),
        ("/learning_rate", json!(-1.0), "reward.learning_rate"),
        ("/error_share", json!(1.0), "reward.error_share"),
        ("/error_share", json!(-0.1), "reward.error_share"),
        ("/l2/initial", json!(0.0), "reward.l2.initial"),
        ("/normalization/deviation", json!(0.0), "reward.normalization.deviation"),
        ("/normalization/batches", json!(0), "reward.normalization.batches"),
        ("/network/hidden", json!(0), "reward.network"),
        ("/network/dropout", json!(1.0), "reward.network.dropout"),
    ];
    for (key, value, named) in reward {
        let error = refused(key, value, RewardConfig::validate);
        assert!(error.contains(named), "{key}: {error}");
    }
    let labels = [
        ("/total", json!(3), "labels.total"),
        ("/initial", json!(201), "labels.initial"),
        ("/initial", json!(0), "labels.initial"),
        ("/decay_steps", json!(0.0), "labels.decay_steps"),
    ];
    for (key, value, named) in labels {
        let error = refused(key, value, LabelConfig::validate);
        assert!(error.contains(named), "{key}: {error}");
    }
    for (key, value, named) in [
        ("/pool", json!(1), "queries.pool"),
        ("/factor", json!(0), "queries.factor"),
    ] {
        let error = refused(key, value, QueryConfig::validate);
        assert!(error.contains(named), "{key}: {error}");
    }
}

#[test]
fn unknown_keys_are_refused() {
    let unknown = |text: &str, config: &dyn Fn(&str) -> Option<serde_json::Error>| {
        let error = config(text).unwrap_or_else(|| panic!("{text} is taken")).to_string();
        assert!(error.contains("unknown field"), "{error}");
    };
    fn parse<C: DeserializeOwned>(text: &str) -> Option<serde_json::Error> {
        serde_json::from_str::<C>(text).err()
    }
    unknown(r#"{"member": 3}"#, &parse::<RewardConfig>);
    unknown(r#"{"network": {"kind": "mlp", "depth": 2}}"#, &parse::<RewardConfig>);
    unknown(
        r#"{"network": {"kind": "grid", "dropout": 0.5}}"#,
        &parse::<RewardConfig>,
    );
    unknown(r#"{"l2": {"final": 1}}"#, &parse::<RewardConfig>);
    unknown(r#"{"normalization": {"window": 1}}"#, &parse::<RewardConfig>);
    unknown(r#"{"count": 200}"#, &parse::<LabelConfig>);
    unknown(r#"{"pools": 200}"#, &parse::<QueryConfig>);
}

#[test]
fn a_network_that_does_not_fit_the_task_is_refused_with_one_that_does() {
    let task = |shape: Vec<usize>| Task {
        name: "hopper",
        observation: ObservationSpace {
            shape,
            storage: Storage::Float,
        },
        action: ActionSpace::Discrete { actions: 2 },
        episode_steps: 1,
        clip_steps: 1,
        steps_per_second: 1.0,
        signals: &[],
        instructions: "",
    };
    let device = synthetic::device();
    let refused = |config: RewardNetworkConfig, shape: &[usize]| {
        let error = config.init(&task(shape.to_vec()), &device).expect_err("no fit");
        error.to_string()
    };
    let vector = refused(RewardNetworkConfig::Grid(GridRewardConfig::default()), &[11]);
    assert!(vector.contains("kind = 'mlp'"), "{vector}");
    let atari = RewardNetworkConfig::Atari(AtariRewardConfig::default());
    let small = refused(atari.clone(), &[3, 10, 10]);
    assert!(small.contains("10×10") && small.contains("kind = 'grid'"), "{small}");
    let mlp = RewardNetworkConfig::Mlp(MlpRewardConfig::default());
    assert!(mlp.init(&task(vec![3, 10, 10]), &device).is_ok());
    assert!(atari.init(&task(vec![4, 84, 84]), &device).is_ok());
}
