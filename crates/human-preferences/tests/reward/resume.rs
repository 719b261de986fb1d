//! A learner that was saved goes on as if it never stopped.

use std::path::Path;

use human_preferences::{
    reward_model::{RewardConfig, RewardLearner},
    reward_network::{MlpReward, MlpRewardConfig},
};
use papers_core::checkpoint::{LoopState, Reader, Store};

use crate::synthetic::{BOTH, comparison, generator, learner_with};

fn network() -> MlpRewardConfig {
    MlpRewardConfig {
        hidden: 16,
        dropout: 0.5,
    }
}

fn fresh() -> RewardLearner<MlpReward> {
    let config = RewardConfig {
        window: 60,
        ..RewardConfig::default()
    };
    learner_with(config, &network())
}

fn advance(learner: &mut RewardLearner<MlpReward>, rounds: std::ops::Range<u64>) {
    for round in rounds {
        let mut generator = generator(round);
        for _ in 0..40 {
            learner.add(comparison(&BOTH, &mut generator)).expect("a comparison");
        }
        learner.fit(10).expect("a fit");
    }
}

fn save(learner: &RewardLearner<MlpReward>, folder: &Path) -> Reader {
    let store = Store::new(folder);
    let path = store
        .save(0, Default::default(), &LoopState::default(), |writer| {
            learner.save(writer)
        })
        .expect("saved");
    Reader::open(&path).expect("a checkpoint")
}

#[test]
fn two_halves_are_one_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let mut whole = fresh();
    advance(&mut whole, 0..4);

    let mut first = fresh();
    advance(&mut first, 0..2);
    let half = save(&first, &at("half"));
    let mut second = fresh();
    second.restore(&half).expect("restored");
    assert_eq!(second.version(), first.version());
    assert!(second.comparisons().eq(first.comparisons()));
    assert_eq!(second.received(), first.received());
    advance(&mut second, 2..4);

    let (whole, second) = (save(&whole, &at("whole")), save(&second, &at("second")));
    assert_eq!(whole.digests(), second.digests());
    assert_ne!(whole.digests(), half.digests());
}

#[test]
fn a_clip_of_many_comparisons_is_written_once_and_stays_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learner = fresh();
    let mut generator = generator(0);
    let first = comparison(&BOTH, &mut generator);
    let size = |learner: &RewardLearner<MlpReward>, name: &str| {
        let reader = save(learner, &folder.path().join(name));
        let files = std::fs::read_dir(reader.folder()).expect("a folder");
        let sizes = files.map(|file| file.expect("a file").metadata().expect("its size").len());
        sizes.sum::<u64>()
    };
    learner.add(first.clone()).expect("a comparison");
    let one = size(&learner, "one");
    for _ in 0..100 {
        let mut more = first.clone();
        more.preference.reverse();
        learner.add(more).expect("a comparison");
    }
    let many = size(&learner, "many");
    // A clip takes more than 200 bytes.
    assert!(many - one < 100 * 150, "{one} {many}");
}

#[test]
fn an_ensemble_of_another_size_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learner = fresh();
    advance(&mut learner, 0..1);
    let saved = save(&learner, folder.path());
    let config = RewardConfig {
        members: 2,
        ..RewardConfig::default()
    };
    let error = learner_with(config, &network())
        .restore(&saved)
        .expect_err("two members");
    assert!(error.to_string().contains("ensemble of 3"), "{error}");
}

#[test]
fn networks_of_another_size_are_refused_with_both_shapes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learner = fresh();
    advance(&mut learner, 0..1);
    let saved = save(&learner, folder.path());
    let larger = MlpRewardConfig {
        hidden: 17,
        ..network()
    };
    let mut other = learner_with(RewardConfig::default(), &larger);
    let error = other.restore(&saved).expect_err("another size");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    let text = format!("{error}: {}", source.unwrap_or_default());
    assert!(text.contains("16") && text.contains("17"), "{text}");
}
