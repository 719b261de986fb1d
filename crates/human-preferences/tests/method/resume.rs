//! Learners go on from a checkpoint as if they had never stopped.

use std::path::Path;

use human_preferences::{
    a2c::{A2cConfig, A2cOptimizer},
    environment::ActionSpace,
    experience::AgentRewards,
    policy::MlpConfig,
    trpo::{Trpo, TrpoConfig},
};
use papers_core::{
    base::journal::Position,
    checkpoint::{LoopState, Reader, Store, Writer},
    random::Streams,
    testing::device,
};

use crate::{
    learns::{a2c, trpo},
    point::{Agent, CONTINUOUS, DISCRETE, Points},
};

fn save(folder: &Path, fill: impl FnOnce(&mut Writer) -> papers_core::Result<()>) -> Reader {
    let path = Store::new(folder).save(0, Position::default(), &LoopState::default(), fill);
    Reader::open(&path.expect("a checkpoint")).expect("an intact checkpoint")
}

/// Updates from experience that another agent makes, the same for all.
fn advance(agent: &mut impl Agent, space: ActionSpace, from: usize, to: usize) {
    let actor = trpo(space, &TrpoConfig::default(), 9);
    let mut points = Points::new(4, space);
    for update in 0..to {
        let (experience, rewards) = points.experience(&actor, 30, |position, push| push - position);
        if update >= from {
            agent.learn(&experience, &AgentRewards::predicted(rewards));
        }
    }
}

#[test]
fn three_updates_of_trpo_and_three_after_a_restart_are_six() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = || trpo(CONTINUOUS, &TrpoConfig::default(), 1);
    let mut whole = new();
    advance(&mut whole, CONTINUOUS, 0, 6);
    let mut first = new();
    advance(&mut first, CONTINUOUS, 0, 3);
    let half = save(&folder.path().join("half"), |writer| first.save(writer));
    let mut second = new();
    second.restore(&half).expect("a checkpoint");
    assert_eq!(second.updates(), 3);
    advance(&mut second, CONTINUOUS, 3, 6);
    let whole = save(&folder.path().join("whole"), |writer| whole.save(writer));
    let resumed = save(&folder.path().join("resumed"), |writer| second.save(writer));
    assert_eq!(whole.digests(), resumed.digests());
    assert_ne!(whole.digests(), half.digests());
}

#[test]
fn three_updates_of_a2c_and_three_after_a_restart_are_six() {
    for optimizer in [A2cOptimizer::RmsProp, A2cOptimizer::Adam] {
        let folder = tempfile::tempdir().expect("a folder");
        let config = A2cConfig {
            optimizer,
            learning_rate_steps: 2000,
            ..A2cConfig::default()
        };
        let new = || a2c(DISCRETE, &config, 1);
        let mut whole = new();
        advance(&mut whole, DISCRETE, 0, 6);
        let mut first = new();
        advance(&mut first, DISCRETE, 0, 3);
        let half = save(&folder.path().join("half"), |writer| first.save(writer));
        let mut second = new();
        second.restore(&half).expect("a checkpoint");
        assert_eq!(second.updates(), 3);
        advance(&mut second, DISCRETE, 3, 6);
        let whole = save(&folder.path().join("whole"), |writer| whole.save(writer));
        let resumed = save(&folder.path().join("resumed"), |writer| second.save(writer));
        assert_eq!(whole.digests(), resumed.digests());
        assert_ne!(whole.digests(), half.digests());
    }
}

#[test]
fn updates_do_not_depend_on_the_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    // More samples than one piece holds.
    let agent = trpo(CONTINUOUS, &TrpoConfig::default(), 1);
    let (experience, rewards) = Points::new(32, CONTINUOUS).experience(&agent, 40, |position, _| -position.abs());
    let rewards = AgentRewards::predicted(rewards);
    let saved = [1, 2, 5].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let mut agent = agent.clone();
        let report = pool.expect("threads").install(|| agent.update(&experience, &rewards));
        assert!(report.expect("an update").accepted.is_some());
        save(&folder.path().join(threads.to_string()), |writer| agent.save(writer))
    });
    assert_eq!(saved[0].digests(), saved[1].digests());
    assert_eq!(saved[0].digests(), saved[2].digests());
}

#[test]
fn weights_of_other_sizes_are_refused_with_both_shapes() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = trpo(CONTINUOUS, &TrpoConfig::default(), 1);
    let saved = save(folder.path(), |writer| small.save(writer));
    let (streams, device) = (Streams::new(1), device().autodiff());
    let sizes = MlpConfig::default();
    let policy = streams.initialize("policy", &device, || sizes.init_policy(1, &CONTINUOUS, &device));
    let value = streams.initialize("value", &device, || sizes.init_value(1, &device));
    let mut large = Trpo::new(policy, value, &TrpoConfig::default(), streams).expect("settings");
    let error = large.restore(&saved).expect_err("other sizes");
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        message += &format!(": {error}");
        source = error.source();
    }
    assert!(message.contains("16") && message.contains("64"), "{message}");
    assert_eq!(large.updates(), 0);
}
