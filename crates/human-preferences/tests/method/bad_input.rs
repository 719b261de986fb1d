//! Bad experience and bad settings are refused, and nothing has changed then.

use human_preferences::{
    a2c::A2cConfig,
    actions::Actions,
    experience::{AgentRewards, Experience},
    policy::{Acts, AgentError, TangentPolicy},
    trpo::{TrpoConfig, TrpoWarning},
};

use crate::{
    learns::{a2c, trpo},
    point::{CONTINUOUS, DISCRETE, Points},
};

/// Experience of 3 points over 20 steps, and its rewards.
fn experience() -> (Experience, Vec<f32>) {
    let agent = trpo(CONTINUOUS, &TrpoConfig::default(), 1);
    Points::new(3, CONTINUOUS).experience(&agent, 20, |position, push| position * push)
}

/// What both learners say about it; they have to agree, and stay what they are.
fn refusal(experience: &Experience, rewards: Vec<f32>) -> String {
    let rewards = AgentRewards::predicted(rewards);
    let mut trpo = trpo(CONTINUOUS, &TrpoConfig::default(), 1);
    let before = trpo.policy().parameters().expect("parameters");
    let error = trpo.update(experience, &rewards).expect_err("bad experience");
    assert_eq!(trpo.policy().parameters().expect("parameters"), before);
    assert_eq!(trpo.updates(), 0);
    let mut a2c = a2c(CONTINUOUS, &A2cConfig::default(), 1);
    let other = a2c.update(experience, &rewards).expect_err("bad experience");
    assert_eq!(other.to_string(), error.to_string());
    assert_eq!(a2c.updates(), 0);
    error.to_string()
}

#[test]
fn numbers_that_are_none_are_found_where_they_are() {
    let (good, rewards) = experience();
    for value in [f32::NAN, f32::INFINITY] {
        let mut bad = rewards.clone();
        bad[25] = value;
        let found = refusal(&good, bad);
        assert_eq!(found, format!("the reward of environment 1 at step 5 is {value}"));
        let with = |put: fn(&mut Experience) -> &mut f32, expected: &str| {
            let mut bad = good.clone();
            *put(&mut bad) = value;
            assert_eq!(refusal(&bad, rewards.clone()), format!("{expected} is {value}"));
        };
        with(
            |bad| &mut bad.observations[45],
            "the observation of environment 2 at step 5",
        );
        with(
            |bad| &mut bad.last_observations[1],
            "the last observation of environment 1 at step 19",
        );
        // Each environment has two truncated episodes: the fourth is the second one's second.
        with(
            |bad| &mut bad.truncated_observations[3],
            "the last observation of the episode of environment 1 at step 19",
        );
        with(first_action, "the action of environment 0 at step 0");
    }
}

fn first_action(experience: &mut Experience) -> &mut f32 {
    let Actions::Continuous { values, .. } = &mut experience.actions else {
        panic!("another kind");
    };
    &mut values[0]
}

#[test]
fn parts_that_do_not_fit_are_named() {
    let (good, rewards) = experience();
    assert_eq!(
        refusal(&good, rewards[..59].to_vec()),
        "there must be 60 rewards, not 59"
    );
    let mut bad = good.clone();
    bad.ends.pop();
    assert_eq!(refusal(&bad, rewards.clone()), "there must be 60 ends, not 59");
    let mut bad = good.clone();
    bad.observations.pop();
    assert_eq!(
        refusal(&bad, rewards.clone()),
        "there must be 60 numbers of observations, not 59"
    );
    let mut bad = good.clone();
    bad.truncated_observations.clear();
    assert_eq!(
        refusal(&bad, rewards.clone()),
        "there must be 6 numbers of truncated observations, not 0"
    );
    let mut bad = good.clone();
    bad.actions = Actions::new(&CONTINUOUS);
    assert_eq!(refusal(&bad, rewards), "there must be 60 actions, not 0");
    let nothing = Experience {
        environments: 0,
        steps: 0,
        observations: Vec::new(),
        actions: Actions::new(&CONTINUOUS),
        last_observations: Vec::new(),
        ends: Vec::new(),
        truncated_observations: Vec::new(),
    };
    assert!(refusal(&nothing, Vec::new()).contains("at least"));
}

#[test]
fn actions_of_another_kind_are_refused() {
    let (good, rewards) = experience();
    let mut bad = good.clone();
    bad.actions = Actions::Discrete {
        actions: 3,
        chosen: vec![0; 60],
    };
    assert_eq!(
        refusal(&bad, rewards.clone()),
        "the policy draws 1 numbers, but the experience has one of 3 actions"
    );
    bad.actions = Actions::Discrete {
        actions: 3,
        chosen: vec![3; 60],
    };
    assert!(refusal(&bad, rewards).contains("number 3, counted from 0"));
}

#[test]
fn generators_have_to_be_as_many_as_environments() {
    // One observation of one number is shared out among as many environments as there are generators.
    let agent = trpo(DISCRETE, &TrpoConfig::default(), 1);
    let distribution = human_preferences::policy::HostDistribution {
        outputs: vec![0.0; 6],
        kind: human_preferences::policy::ActionKind::Discrete(3),
    };
    let error = distribution.draw(&mut []).expect_err("no generator");
    let expected = AgentError::Lengths {
        what: "generators",
        expected: 2,
        found: 0,
    };
    assert_eq!(error, expected);
    assert!(agent.act_best(&[0.0, 1.0], 2).is_ok());
}

#[test]
fn a_constant_reward_leaves_no_numbers_that_are_none() {
    // Without an entropy bonus and with values of nearly 0, what is left of advantages is rounding.
    for constant in [0.0, 1e6, -1e6] {
        let (good, rewards) = experience();
        let rewards = AgentRewards::predicted(vec![constant; rewards.len()]);
        let mut agent = trpo(CONTINUOUS, &TrpoConfig::default(), 1);
        let report = agent.update(&good, &rewards).expect("an update");
        assert!(
            report.scalars().iter().all(|(_, value)| value.is_finite()),
            "{report:?}"
        );
        let parameters = agent.policy().parameters().expect("parameters");
        assert!(parameters.iter().all(|value| value.is_finite()));
        let mut agent = a2c(CONTINUOUS, &A2cConfig::default(), 1);
        let report = agent.update(&good, &rewards).expect("an update");
        assert!(
            report.scalars().iter().all(|(_, value)| value.is_finite()),
            "{report:?}"
        );
    }
}

#[test]
fn updates_without_a_step_are_counted_and_the_third_is_worth_a_warning() {
    // No improvement can be as large as a gradient promises for so long a step.
    let config = TrpoConfig {
        max_kl: 1e12,
        backtracks: 0,
        entropy_bonus: 0.0,
        ..TrpoConfig::default()
    };
    let mut agent = trpo(CONTINUOUS, &config, 1);
    let before = agent.policy().parameters().expect("parameters");
    let (experience, rewards) = experience();
    let rewards = AgentRewards::predicted(rewards);
    for rejections in 1..=4 {
        let report = agent.update(&experience, &rewards).expect("an update");
        assert_eq!((report.accepted, report.rejections), (None, rejections));
        let expected = (rejections >= 3).then_some(TrpoWarning::Rejections(rejections));
        assert_eq!(report.warning, expected);
    }
    assert_eq!(agent.policy().parameters().expect("parameters"), before);
}

#[test]
fn updates_without_a_step_are_counted_whatever_keeps_the_policy_where_it_is() {
    let config = TrpoConfig {
        max_kl: 1e12,
        backtracks: 0,
        entropy_bonus: 0.0,
        ..TrpoConfig::default()
    };
    let mut agent = trpo(CONTINUOUS, &config, 1);
    let (experience, rewards) = experience();
    // A reward of 0 and values of 0 have no gradient; the others promise a step that is too long.
    let none = AgentRewards::predicted(vec![0.0; rewards.len()]);
    let some = AgentRewards::predicted(rewards);
    for (rewards, rejections, warning) in [
        (&none, 1, Some(TrpoWarning::ZeroGradient)),
        (&some, 2, None),
        (&some, 3, Some(TrpoWarning::Rejections(3))),
    ] {
        let report = agent.update(&experience, rewards).expect("an update");
        assert_eq!((report.accepted, report.rejections), (None, rejections));
        assert_eq!(report.warning, warning);
    }
}

#[test]
fn a_step_that_is_taken_ends_the_row_of_updates_without_one() {
    let config = TrpoConfig {
        entropy_bonus: 0.0,
        ..TrpoConfig::default()
    };
    let mut agent = trpo(CONTINUOUS, &config, 1);
    let (experience, rewards) = experience();
    let none = AgentRewards::predicted(vec![0.0; rewards.len()]);
    let report = agent.update(&experience, &none).expect("an update");
    assert_eq!(report.rejections, 1);
    let report = agent.update(&experience, &AgentRewards::predicted(rewards));
    let report = report.expect("an update");
    assert!(report.accepted.is_some(), "{report:?}");
    assert_eq!(report.rejections, 0);
}

/// Settings from TOML-like pairs, by way of serde.
fn message<C: serde::de::DeserializeOwned>(
    key: &str,
    value: f64,
    validate: impl Fn(&C) -> Result<(), papers_core::base::config::ConfigError>,
) -> String {
    let config: C = serde_json::from_value(serde_json::json!({ key: value })).expect("a number");
    validate(&config).expect_err("a bad setting").to_string()
}

#[test]
fn settings_that_make_no_sense_are_named() {
    for (key, value) in [
        ("discount", 1.1),
        ("discount", -0.1),
        ("lambda", 2.0),
        ("entropy_bonus", -1.0),
        ("max_kl", 0.0),
        ("damping", -0.5),
        ("value_learning_rate", 0.0),
    ] {
        let message = message(key, value, TrpoConfig::validate);
        assert!(
            message.contains(&format!("`agent.trpo.{key}`")) && message.contains(&value.to_string()),
            "{message}"
        );
    }
    for (key, value) in [
        ("discount", 1.1),
        ("entropy_bonus", -1.0),
        ("value_coefficient", -1.0),
        ("gradient_norm", 0.0),
        ("learning_rate", 0.0),
        ("decay", 1.0),
        ("epsilon", 0.0),
    ] {
        let message = message(key, value, A2cConfig::validate);
        assert!(
            message.contains(&format!("`agent.a2c.{key}`")) && message.contains(&value.to_string()),
            "{message}"
        );
    }
    TrpoConfig::default().validate().expect("defaults");
    A2cConfig::default().validate().expect("defaults");
    assert!(serde_json::from_str::<TrpoConfig>("{\"gamma\": 1}").is_err());
    assert!(serde_json::from_str::<A2cConfig>("{\"gamma\": 1}").is_err());
}

#[test]
fn the_learning_rate_falls_to_zero_and_stays_there() {
    let config = A2cConfig {
        learning_rate: 1.0,
        learning_rate_steps: 100,
        ..A2cConfig::default()
    };
    assert_eq!(
        [0, 25, 100, 300].map(|steps| config.rate_after(steps)),
        [1.0, 0.75, 0.0, 0.0]
    );
    let constant = A2cConfig {
        learning_rate_steps: 0,
        ..config
    };
    assert_eq!(constant.rate_after(1_000_000), 1.0);
}
