//! The experiments are those of their folder, can be built and run, and have the paper's numbers.

use human_preferences::{
    a2c::A2cOptimizer,
    agent::{Algorithm, NetworkConfig},
    config::{FeedbackMode, PRESETS, PreferenceConfig, TrueReward},
    environment::{ale, mujoco},
    label_schedule::LabelRate,
    queries::Selection,
    reward_network::RewardNetworkConfig,
    train::PreferenceLearning,
};
use papers_core::{
    Context, Experiment,
    base::{
        cli::exit,
        config::{self, Preset},
    },
    testing,
};

use crate::common;

/// As short as can be: a clip of an episode of each environment.
const TINY: [&str; 13] = [
    "environment.episode_steps=60",
    "rollout.environments=2",
    "rollout.steps=60",
    "rollout.updates=1",
    "agent.trpo.value_epochs=1",
    "labels.total=4",
    "labels.initial=1",
    "fitting.initial_minibatches=1",
    "fitting.minibatches=1",
    "reward.batch=2",
    "evaluation.episodes=1",
    "schedule.steps=1",
    "queries.pool=20",
];

fn needs_simulator(config: &PreferenceConfig) -> bool {
    let name = config.environment.name.as_str();
    ale::names().any(|known| known == name) || mujoco::NAMES.contains(&name)
}

#[test]
fn every_experiment_resolves_with_every_feedback_that_makes_sense() {
    for preset in PRESETS {
        let resolves = |mode: &[&str]| {
            let sets: Vec<String> = mode.iter().map(|&set| set.to_owned()).collect();
            config::resolve::<PreferenceConfig>(preset.toml, None, &sets).map_err(|error| error.to_string())
        };
        for mode in [
            &["feedback.mode='human'"][..],
            &["feedback.mode='human'", "feedback.server.port=0"],
            &["feedback.mode='replay'", "feedback.file='answers.jsonl'"],
            &["feedback.mode='frozen'", "feedback.run='runs/1'"],
            &["asynchronous=true"],
        ] {
            assert_eq!(resolves(mode).map(|_| ()), Ok(()), "{} {mode:?}", preset.name);
        }
        // The true reward is not what a script looks for.
        let has_script = resolves(&[]).expect(preset.name).feedback.script.is_some();
        for mode in ["synthetic", "none"] {
            let found = resolves(&[&format!("feedback.mode='{mode}'")]);
            match found {
                Ok(_) => assert!(!has_script, "{} {mode}", preset.name),
                Err(error) => assert!(
                    has_script && error.contains("`feedback.script`"),
                    "{}: {error}",
                    preset.name
                ),
            }
        }
    }
}

#[test]
fn every_experiment_builds_and_does_a_round() {
    for preset in PRESETS {
        let config = common::experiment(preset.name, &TINY);
        let mut experiment = match PreferenceLearning::new(&config, &Context::new(testing::device(), 0)) {
            Ok(experiment) => experiment,
            Err(error) if needs_simulator(&config) => {
                eprintln!("{}: skipped: {error}", preset.name);
                assert_eq!(error.exit_code(), exit::USAGE, "{}", preset.name);
                continue;
            }
            Err(error) => panic!("{}: {error}", preset.name),
        };
        let scalars = experiment
            .step(0)
            .unwrap_or_else(|error| panic!("{}: {error}", preset.name));
        let evaluation = experiment.evaluate().expect(preset.name);
        assert!(scalars.iter().chain(&evaluation).all(|(_, value)| value.is_finite()));
        assert_eq!(common::value(&evaluation, "labels"), 4.0, "{}", preset.name);
    }
}

/// What all of the paper's experiments share.
fn check_method(config: &PreferenceConfig) {
    assert_eq!(config.feedback.mode, FeedbackMode::Synthetic);
    assert_eq!((config.feedback.noise, config.feedback.boltzmann), (0.0, None));
    let reward = config.reward();
    assert_eq!((reward.members, reward.error_share, reward.l2.enabled), (3, 0.1, true));
    let queries = config.queries();
    assert_eq!((queries.selection, queries.factor), (Selection::Variance, 10));
}

#[test]
fn the_robots_have_the_numbers_of_appendix_a_1() {
    // Steps of an episode and of a clip of 1.5 seconds.
    for (name, episode, clip) in [
        ("paper-hopper", 1000, 60),
        ("paper-walker2d", 1000, 45),
        ("paper-half-cheetah", 1000, 30),
        ("paper-swimmer", 1000, 60),
        ("paper-ant", 1000, 30),
        ("paper-reacher", 50, 15),
        ("paper-double-pendulum", 50, 15),
        ("paper-inverted-pendulum", 50, 15),
    ] {
        let config = common::experiment(name, &[]);
        check_method(&config);
        let environment = &config.environment;
        assert_eq!(environment.clip_steps, Some(clip), "{name}");
        let episode_steps = environment.episode_steps.expect(name);
        assert!(
            episode_steps == episode || name == "paper-inverted-pendulum" && (25..=50).contains(&episode_steps),
            "{name}"
        );
        assert_eq!(config.agent.algorithm, Algorithm::Trpo, "{name}");
        let trpo = &config.agent.trpo;
        assert_eq!((trpo.discount, trpo.lambda), (0.995, 0.97), "{name}");
        let bonus = if name == "paper-swimmer" { 0.001 } else { 0.01 };
        assert_eq!(trpo.entropy_bonus, bonus, "{name}");
        assert!((8_000..=10_000).contains(&config.steps_per_round()), "{name}");
        let labels = config.labels();
        assert_eq!(
            (labels.total, labels.schedule, labels.decay_steps),
            (700, LabelRate::Falling, Some(2e6)),
            "{name}"
        );
        assert_eq!(labels.over(config.total_steps()).initial(), 175, "{name}");
        let RewardNetworkConfig::Mlp(network) = config.reward.network else {
            panic!("{name}");
        };
        assert_eq!(network.hidden, 64, "{name}");
        assert_eq!(config.reward.normalization.deviation, 1.0, "{name}");
    }
}

#[test]
fn the_games_have_the_numbers_of_appendix_a_2() {
    for (name, game) in [
        ("paper-atari-beam-rider", "ale-beam-rider"),
        ("paper-atari-breakout", "ale-breakout"),
        ("paper-atari-enduro", "ale-enduro"),
        ("paper-atari-pong", "ale-pong"),
        ("paper-atari-qbert", "ale-qbert"),
        ("paper-atari-seaquest", "ale-seaquest"),
        ("paper-atari-space-invaders", "ale-space-invaders"),
    ] {
        let config = common::experiment(name, &[]);
        check_method(&config);
        assert_eq!(config.environment.name, game);
        assert!(ale::names().any(|known| known == game), "{game}");
        assert_eq!(config.environment.clip_steps, Some(25), "{name}");
        assert_eq!(config.agent.algorithm, Algorithm::A2c, "{name}");
        assert_eq!((config.rollout.environments, config.rollout.steps), (16, 5), "{name}");
        let a2c = &config.agent.a2c;
        assert_eq!((a2c.discount, a2c.entropy_bonus), (0.99, 0.01), "{name}");
        assert_eq!(
            (a2c.learning_rate, a2c.learning_rate_steps),
            (7e-4, 80_000_000),
            "{name}"
        );
        assert_eq!(
            (a2c.optimizer, a2c.decay, a2c.epsilon),
            (A2cOptimizer::RmsProp, 0.99, 1e-5)
        );
        assert_eq!((a2c.gradient_norm, a2c.value_coefficient), (0.5, 0.5), "{name}");
        assert_eq!(config.agent.network, NetworkConfig::Atari, "{name}");
        assert_eq!(config.total_steps(), 50_000_000, "{name}");
        let labels = config.labels();
        assert_eq!((labels.total, labels.initial), (5500, Some(500)), "{name}");
        assert_eq!(
            (labels.schedule, labels.decay_steps),
            (LabelRate::Stepwise, Some(5e6)),
            "{name}"
        );
        let reward = config.reward();
        let RewardNetworkConfig::Atari(network) = reward.network else {
            panic!("{name}");
        };
        assert_eq!(
            (network.filters, network.hidden, network.dropout),
            (16, 64, 0.5),
            "{name}"
        );
        assert_eq!((reward.window, reward.normalization.deviation), (3000, 0.05), "{name}");
        assert_eq!(config.feedback.true_reward, TrueReward::Clipped, "{name}");
        // 200 epochs over the initial labels, and then one label in ten steps.
        let batch = reward.batch as u64;
        assert_eq!(config.fitting.initial_minibatches * batch, 200 * 500, "{name}");
        let steps_per_label = config.steps_per_round() as f64 / (config.fitting.minibatches * batch) as f64;
        assert!((9.0..=11.0).contains(&steps_per_label), "{name}: {steps_per_label}");
    }
}

#[test]
fn novel_behaviors_are_taught_by_scripts_that_are_called_so() {
    for (name, labels) in [("hopper-backflip", 900), ("half-cheetah-one-leg", 800)] {
        let config = common::experiment(name, &[]);
        assert_eq!(config.feedback.mode, FeedbackMode::Scripted, "{name}");
        assert_eq!(config.labels.total, labels, "{name}");
        let summary = Preset::find(PRESETS, name).expect("a preset").toml;
        assert!(summary.contains("no person"), "{name}");
    }
}
