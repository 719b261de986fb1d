//! Synchronous runs repeat and resume exactly, and an evaluation changes nothing.

use std::path::Path;

use human_preferences::{config::PreferenceConfig, train::PreferenceLearning};
use papers_core::{
    Context, Experiment,
    base::{
        journal::{self, Event},
        progress::Mode,
        provenance::Provenance,
    },
    checkpoint::Store,
    testing,
    training::{self, Ending, Options, Summary},
};

use crate::{common, saved};

pub(crate) fn train(config: &PreferenceConfig, seed: u64, out: &Path) -> papers_core::Result<Summary> {
    let options = Options {
        out: out.to_owned(),
        resume: false,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("human-preferences", "0.0.0", "pendulum", seed, "flex"),
    };
    training::run::<PreferenceLearning>(config, &Context::new(testing::device(), seed), &options)
}

/// Everything that a journal measures.
fn measured(out: &Path) -> Vec<Event> {
    let records = journal::read(out).expect("a journal").into_iter();
    let is_measured = |event: &Event| matches!(event, Event::Progress { .. } | Event::Evaluation { .. });
    records.map(|record| record.event).filter(is_measured).collect()
}

fn digests(out: &Path) -> Vec<(String, String)> {
    let (reader, warnings) = Store::new(out).latest().expect("a checkpoint");
    assert!(warnings.is_empty(), "{warnings:?}");
    let digests = reader.digests().into_iter();
    digests
        .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another_one() {
    for config in [common::pendulum(&[]), common::a2c(&[])] {
        let run = |seed| {
            let folder = tempfile::tempdir().expect("a folder");
            let summary = train(&config, seed, folder.path()).expect("a run");
            assert_eq!((summary.step, summary.ending), (4, Ending::Finished));
            (measured(folder.path()), digests(folder.path()))
        };
        let (events, first) = run(5);
        assert!(!events.is_empty() && !first.is_empty());
        assert_eq!((events, first.clone()), run(5));
        assert_ne!(first, run(6).1);
    }
}

#[test]
fn a_resumed_run_equals_one_that_was_not_stopped_to_the_last_bit() {
    let reward = "reward.network={ kind = 'mlp', dropout = 0.5 }";
    let configurations = [
        common::pendulum(&[]),
        // The networks draw random numbers, and only the latest comparisons are learned from.
        common::pendulum(&[reward, "reward.window=6", "feedback.noise=0.2"]),
        common::a2c(&["queries.pool=12"]),
        common::a2c(&["ablation='target'"]),
        common::pendulum(&["feedback.mode='none'"]),
    ];
    for config in configurations {
        testing::assert_resumes_exactly::<PreferenceLearning>(&config, &Context::new(testing::device(), 3), 2)
            .expect("rounds on a CPU");
    }
}

#[test]
fn a_checkpoint_is_in_the_midst_of_episodes_and_clips() {
    let mut experiment = common::begin(&common::pendulum(&[]), 3);
    common::advance(&mut experiment, 0, 2);
    let saved = saved::save(&experiment, 2);
    let rollouts = saved.json("rollouts");
    let lanes = rollouts["lanes"].as_array().expect("lanes");
    assert!(lanes.iter().all(|lane| lane["step"].as_u64().expect("a step") > 0));
    let begun = lanes.iter().filter(|lane| !lane["recorder"]["snapshot"].is_null());
    assert!(begun.count() > 0, "no clip is begun");
    // Some pairs were asked about, and labels are still to come.
    let asked = saved.counts().total();
    assert!(asked > 0 && asked < 23, "{asked}");
    let pairs = saved.json("labelling")["pool"]["asked"].as_array().map_or(0, Vec::len);
    assert_eq!(pairs as u64, asked);
}

#[test]
fn games_resume_exactly_where_observations_are_pictures() {
    let sets = [
        "environment.name='pong'",
        "environment.episode_steps=30",
        "agent.network={ kind = 'grid' }",
        "reward.network={ kind = 'grid' }",
    ];
    let config = common::a2c(&sets);
    testing::assert_resumes_exactly::<PreferenceLearning>(&config, &Context::new(testing::device(), 3), 1)
        .expect("rounds on a CPU");
}

#[test]
fn an_evaluation_and_its_figures_change_nothing_of_the_run() {
    let mut experiment = common::begin(&common::pendulum(&[]), 3);
    common::advance(&mut experiment, 0, 1);
    let before = saved::save(&experiment, 1).digests();
    let first = experiment.evaluate().expect("an evaluation");
    assert!(!experiment.figures().expect("figures").is_empty());
    assert_eq!(saved::save(&experiment, 1).digests(), before);
    assert_eq!(experiment.evaluate().expect("another one"), first);

    let mut undisturbed = common::begin(&common::pendulum(&[]), 3);
    common::advance(&mut undisturbed, 0, 1);
    assert_eq!(
        common::advance(&mut experiment, 1, 2),
        common::advance(&mut undisturbed, 1, 2)
    );
    let both = [&experiment, &undisturbed].map(|experiment| saved::save(experiment, 2).digests());
    assert_eq!(both[0], both[1]);
}

#[test]
fn agents_are_measured_on_the_same_episodes_whatever_they_were_trained_on() {
    // The true reward of the first step depends on where an episode begins, and not on the agent.
    let first_rewards = |rounds| {
        let mut experiment = common::begin(
            &common::pendulum(&["environment.episode_steps=1", "environment.clip_steps=1"]),
            3,
        );
        common::advance(&mut experiment, 0, rounds);
        common::value(&experiment.evaluate().expect("an evaluation"), "return_true")
    };
    assert_eq!(first_rewards(1), first_rewards(2));
}
