//! What makes no sense is refused before anything is trained, with a message that says what to do.

use std::{fs, path::Path};

use human_preferences::{
    environment::{ale, mujoco},
    train::PreferenceLearning,
};
use papers_core::{Context, Error, Experiment, base::cli::exit, checkpoint::Store, testing, training};

use crate::{common, repeats, saved};

fn refused(set: &str) -> String {
    let error = common::try_pendulum(&[set]).expect_err(set);
    let error = Error::from(error);
    assert_eq!(error.exit_code(), exit::USAGE, "{set}");
    error.to_string()
}

fn cannot_begin(sets: &[&str]) -> Error {
    let config = common::pendulum(sets);
    match PreferenceLearning::new(&config, &Context::new(testing::device(), 0)) {
        Ok(_) => panic!("{sets:?} is accepted"),
        Err(error) => error,
    }
}

#[test]
fn settings_out_of_their_range_are_named() {
    for (set, key) in [
        ("labels.total=3", "labels.total"),
        ("labels.initial=0", "labels.initial"),
        ("labels.initial=24", "labels.initial"),
        ("labels.decay_steps=0.0", "labels.decay_steps"),
        ("labels.decay_steps=nan", "labels.decay_steps"),
        ("environment.clip_steps=0", "environment.clip_steps"),
        ("environment.clip_steps=61", "environment.clip_steps"),
        ("environment.episode_steps=0", "environment.episode_steps"),
        ("rollout.environments=0", "rollout.environments"),
        ("rollout.steps=0", "rollout.steps"),
        ("rollout.updates=0", "rollout.updates"),
        ("evaluation.episodes=0", "evaluation.episodes"),
        ("reward.members=0", "reward.members"),
        ("reward.batch=0", "reward.batch"),
        ("reward.error_share=1.0", "reward.error_share"),
        ("reward.error_share=-0.1", "reward.error_share"),
        ("reward.error_share=nan", "reward.error_share"),
        ("reward.learning_rate=0.0", "reward.learning_rate"),
        ("reward.l2.initial=-1.0", "reward.l2.initial"),
        ("reward.normalization.deviation=0.0", "reward.normalization.deviation"),
        ("reward.normalization.batches=0", "reward.normalization.batches"),
        ("reward.network={ kind = 'mlp', hidden = 0 }", "reward.network"),
        (
            "reward.network={ kind = 'mlp', dropout = 1.0 }",
            "reward.network.dropout",
        ),
        ("queries.pool=1", "queries.pool"),
        ("queries.factor=0", "queries.factor"),
        ("agent.trpo.discount=1.1", "agent.trpo.discount"),
        ("agent.trpo.discount=-0.1", "agent.trpo.discount"),
        ("agent.trpo.lambda=1.5", "agent.trpo.lambda"),
        ("agent.trpo.lambda=nan", "agent.trpo.lambda"),
        ("agent.trpo.max_kl=0.0", "agent.trpo.max_kl"),
        ("agent.network={ kind = 'grid' }", "agent.network.kind"),
        ("agent.network={ kind = 'mlp', hidden = [0] }", "agent.network.hidden"),
        ("feedback.noise=1.1", "feedback.noise"),
        ("feedback.noise=nan", "feedback.noise"),
        ("feedback.boltzmann=0.0", "feedback.boltzmann"),
        ("feedback.mode='scripted'", "feedback.script"),
        ("feedback.mode='replay'", "feedback.file"),
        ("feedback.mode='frozen'", "feedback.run"),
    ] {
        let error = refused(set);
        assert!(error.contains(&format!("`{key}`")), "{set}: {error}");
    }
}

#[test]
fn settings_of_another_mode_of_feedback_are_refused_by_name() {
    let (replay, frozen) = ("feedback.file='answers.jsonl'", "feedback.run='runs/1'");
    for (mode, also, set, used_with) in [
        (
            "scripted",
            "feedback.script='pace'",
            "feedback.boltzmann=1.0",
            "synthetic",
        ),
        ("human", "", "feedback.noise=0.1", "synthetic', 'scripted"),
        ("none", "", "feedback.noise=0.1", "synthetic"),
        ("synthetic", "", "feedback.script='backflip'", "scripted"),
        ("none", "", "feedback.script='backflip'", "scripted"),
        ("synthetic", "", replay, "replay"),
        ("frozen", frozen, replay, "replay"),
        ("synthetic", "", frozen, "frozen"),
        ("replay", replay, frozen, "frozen"),
        ("synthetic", "", "feedback.server.port=8000", "human"),
        ("replay", replay, "feedback.server.instructions='look.txt'", "human"),
    ] {
        let mode = format!("feedback.mode='{mode}'");
        let sets: Vec<&str> = [mode.as_str(), also, set]
            .into_iter()
            .filter(|set| !set.is_empty())
            .collect();
        let error = Error::from(common::try_pendulum(&sets).expect_err(set));
        assert_eq!(error.exit_code(), exit::USAGE, "{sets:?}");
        let (text, key) = (error.to_string(), set.split('=').next().unwrap_or_default());
        for part in [key, &mode.replace("feedback.mode='", "'"), &format!("'{used_with}'")] {
            assert!(text.contains(part), "{sets:?}: {text} does not say {part}");
        }
    }
}

#[test]
fn a2c_has_ranges_of_its_own() {
    for (set, key) in [
        ("agent.a2c.discount=1.1", "agent.a2c.discount"),
        ("agent.a2c.learning_rate=0.0", "agent.a2c.learning_rate"),
        ("agent.a2c.decay=1.0", "agent.a2c.decay"),
    ] {
        let error = common::try_pendulum(&["agent.algorithm='a2c'", set])
            .expect_err(set)
            .to_string();
        assert!(error.contains(&format!("`{key}`")), "{set}: {error}");
    }
}

#[test]
fn words_that_there_are_not_are_told_those_that_there_are() {
    for (set, known) in [
        ("feedback.mode='human-being'", "human"),
        ("feedback.script='somersault'", "backflip"),
        ("ablation='no-rewards'", "no-ensemble"),
        ("agent.algorithm='ppo'", "trpo"),
        ("labels.schedule='rising'", "falling"),
        ("queries.selection='best'", "variance"),
        ("feedback.noice=0.1", "noise"),
    ] {
        let error = refused(set);
        assert!(error.contains(known), "{set}: {error}");
    }
}

#[test]
fn both_lengths_are_named_where_an_episode_is_shorter_than_a_clip() {
    let error = refused("environment.episode_steps=9");
    assert!(error.contains("10") && error.contains('9'), "{error}");
    // The task's own number is not known before it is made: a clip of a pendulum has 25 steps.
    let config = common::experiment("pendulum", &["environment.episode_steps=24"]);
    let error = PreferenceLearning::new(&config, &Context::new(testing::device(), 0)).expect_err("too short");
    assert_eq!(error.exit_code(), exit::USAGE);
    let text = error.to_string();
    assert!(text.contains("25") && text.contains("24"), "{text}");
}

#[test]
fn an_unknown_environment_is_told_the_nearest() {
    let error = cannot_begin(&["environment.name='pendulom'"]);
    assert_eq!(error.exit_code(), exit::USAGE);
    let text = error.to_string();
    assert!(
        text.contains("did you mean `pendulum`") && text.contains("half-cheetah"),
        "{text}"
    );
}

#[test]
fn options_that_an_environment_does_not_have_are_refused() {
    let error = cannot_begin(&["environment.name='pong'", "environment.options.day_night=true"]);
    assert_eq!(error.exit_code(), exit::USAGE);
    assert!(error.to_string().contains("day_night"), "{error}");
}

#[test]
fn a_script_for_another_environment_is_told_its_own() {
    for (script, own) in [("backflip", "hopper"), ("one-leg", "half-cheetah"), ("pace", "drive")] {
        let error = cannot_begin(&["feedback.mode='scripted'", &format!("feedback.script='{script}'")]);
        assert_eq!(error.exit_code(), exit::USAGE);
        let text = error.to_string();
        assert!(
            text.contains(script) && text.contains(own) && text.contains("`pendulum`"),
            "{text}"
        );
    }
}

#[test]
fn a_simulator_that_is_not_there_is_told_how_to_get_it() {
    if cfg!(not(feature = "mujoco")) {
        for name in mujoco::NAMES {
            let error = cannot_begin(&[&format!("environment.name='{name}'")]);
            assert_eq!(error.exit_code(), exit::USAGE, "{name}");
            let text = error.to_string();
            assert!(
                text.contains("mujoco==") && text.contains("--features mujoco"),
                "{text}"
            );
        }
    }
    if std::env::var_os(ale::PYTHON_VARIABLE).is_some() {
        eprintln!("Atari: skipped: {} names a Python", ale::PYTHON_VARIABLE);
        return;
    }
    let config = common::pendulum(&["environment.name='ale-pong'"]);
    match PreferenceLearning::new(&config, &Context::new(testing::device(), 0)) {
        Ok(_) => eprintln!("Atari: skipped: the system's Python has it"),
        Err(error) => {
            assert_eq!(error.exit_code(), exit::USAGE);
            assert!(error.to_string().contains("pip install ale-py"), "{error}");
        }
    }
}

#[test]
fn networks_for_pictures_need_some() {
    let grid = "agent.network={ kind = 'grid' }";
    let error = cannot_begin(&["agent.algorithm='a2c'", grid]).to_string();
    assert!(
        error.contains("`agent.network.kind`") && error.contains("mlp"),
        "{error}"
    );
    for kind in ["grid", "atari"] {
        let error = cannot_begin(&[&format!("reward.network={{ kind = '{kind}' }}")]).to_string();
        assert!(error.contains("reward.network"), "{error}");
    }
}

fn damage(folder: &Path) {
    let mut bytes = fs::read(folder).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(folder, bytes).expect("the same file, damaged");
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_refused_where_it_is_the_only_one() {
    let config = common::pendulum(&[]);
    let context = Context::new(testing::device(), 3);
    let folder = tempfile::tempdir().expect("a folder");
    repeats::train(&config, 3, folder.path()).expect("a run");
    let store = Store::new(folder.path());
    let steps = store.steps().expect("checkpoints");
    assert!(steps.len() > 1, "{steps:?}");
    for (index, &step) in steps.iter().rev().enumerate() {
        let generation = store.at(step).expect("a checkpoint").folder().to_owned();
        damage(&generation.join("rollouts.json"));
        let error = store
            .at(step)
            .and_then(|reader| common::begin(&config, 3).restore(&reader));
        let error = error.expect_err("damaged");
        assert_eq!(error.exit_code(), exit::FAILED, "{error}");
        assert!(error.to_string().contains("rollouts.json"), "{error}");
        let restored = training::restore::<PreferenceLearning>(&config, &context, folder.path());
        match restored {
            Ok((_, found)) => assert!(found < step),
            Err(error) => {
                assert_eq!(index + 1, steps.len(), "{error}");
                assert!(matches!(error, Error::NoCheckpoint { .. }), "{error}");
            }
        }
    }
}

#[test]
fn a_checkpoint_of_another_form_is_refused() {
    let mut experiment = common::begin(&common::pendulum(&[]), 3);
    common::advance(&mut experiment, 0, 1);
    let saved = saved::save(&experiment, 1);
    for (set, says) in [
        ("reward.members=2", "2"),
        ("reward.network={ kind = 'mlp', hidden = 32 }", "32"),
        ("agent.network={ kind = 'mlp', hidden = [32, 64] }", "32"),
        ("rollout.environments=5", "5"),
        ("environment.name='hopper'", ""),
        ("agent.algorithm='a2c'", ""),
        ("feedback.mode='none'", ""),
    ] {
        let mut other = common::begin(&common::pendulum(&[set]), 3);
        let error = other.restore(&saved.reader).expect_err(set);
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text += &format!(": {cause}");
            source = cause.source();
        }
        assert!(text.contains(says), "{set}: {text}");
    }
}

#[test]
fn a_reward_that_leaves_the_finite_numbers_stops_the_run() {
    let mut experiment = common::begin(&common::pendulum(&["reward.learning_rate=1e38"]), 3);
    let error = (0..4).find_map(|round| experiment.step(round).err());
    let error = error.expect("such a rate leaves the finite numbers");
    assert_eq!(error.exit_code(), exit::DIVERGED, "{error}");
    assert!(error.to_string().contains("reward_loss"), "{error}");
}

#[test]
fn a_page_whose_port_is_taken_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let folder = tempfile::tempdir().expect("a folder");
    let config = common::pendulum(&["feedback.mode='human'", &format!("feedback.server.port={port}")]);
    let context = Context {
        folder: Some(folder.path().to_owned()),
        ..Context::new(testing::device(), 0)
    };
    let error = PreferenceLearning::new(&config, &context).expect_err("a port in use");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[test]
fn episodes_that_end_early_are_refused_with_a_learned_reward() {
    let error = refused("environment.options.gym=true");
    assert!(error.contains("environment.options.gym"), "{error}");
    let sets = ["environment.options.gym=true", "feedback.mode='none'"];
    common::try_pendulum(&sets).expect("the baseline may have them");
}
