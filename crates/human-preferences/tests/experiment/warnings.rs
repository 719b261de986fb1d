//! What a run warns of, whatever else it prints.

use std::{
    sync::{Mutex, Once, PoisonError},
    thread::{self, ThreadId},
};

use human_preferences::config::PreferenceConfig;
use papers_core::Experiment;

use crate::common;

/// Keeps what every thread logs.
struct Kept(Mutex<Vec<(ThreadId, String)>>);

static KEPT: Kept = Kept(Mutex::new(Vec::new()));
static START: Once = Once::new();

impl log::Log for Kept {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push((thread::current().id(), record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// What the agent's thread warns of in a whole run.
fn warnings(config: &PreferenceConfig) -> Vec<String> {
    START.call_once(|| {
        log::set_logger(&KEPT).expect("no other logger");
        log::set_max_level(log::LevelFilter::Warn);
    });
    let mut experiment = common::begin(config, 3);
    common::advance(&mut experiment, 0, config.schedule.steps);
    experiment.evaluate().expect("an evaluation");
    let own = thread::current().id();
    let kept = KEPT.0.lock().unwrap_or_else(PoisonError::into_inner);
    let of_own = kept.iter().filter(|(thread, _)| *thread == own);
    of_own.map(|(_, text)| text.clone()).collect()
}

#[test]
fn a_pool_with_too_few_pairs_for_all_labels_is_told_at_the_end() {
    // One pair of two clips before the first round and one in each of four.
    let few = common::pendulum(&["queries.pool=2"]);
    for (config, expected) in [(few, 1), (common::pendulum(&[]), 0)] {
        let found = thread::spawn(move || warnings(&config)).join().expect("a run");
        let told = found
            .iter()
            .filter(|text| text.contains("5 of 23 planned labels") && text.contains("`queries.pool`"));
        assert_eq!(told.count(), expected, "{found:?}");
    }
}

#[test]
fn an_oracle_to_which_all_is_alike_is_warned_of_once() {
    // In eight steps no pole falls, so that every step is worth 1.
    let sets = [
        "environment.name='cartpole-fixed'",
        "environment.episode_steps=8",
        "environment.clip_steps=4",
        "rollout.steps=8",
    ];
    for asynchronous in ["asynchronous=false", "asynchronous=true"] {
        let config = common::pendulum(&[&sets[..], &[asynchronous]].concat());
        // A thread of its own, so that what is kept is of this run alone.
        let found = thread::spawn(move || warnings(&config)).join().expect("a run");
        let ties = found.iter().filter(|text| text.contains("initial labels is a tie"));
        assert_eq!(ties.count(), 1, "{asynchronous}: {found:?}");
    }
}
