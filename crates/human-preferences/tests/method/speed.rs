use std::time::Instant;

use burn::prelude::*;
use human_preferences::{actions::Actions, environment::ActionSpace, experience::*, policy::*, trpo::*};
use papers_core::{random::Streams, testing::device};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
fn speed() {
    let streams = Streams::new(1);
    let device: Device = device();
    let space = ActionSpace::Continuous {
        size: 3,
        low: -1.0,
        high: 1.0,
    };
    let config = MlpConfig::default();
    let policy = streams.initialize("policy", &device, || config.init_policy(11, &space, &device));
    let value = streams.initialize("value", &device.clone().autodiff(), || {
        config.init_value(11, &device.clone().autodiff())
    });
    let mut trpo = Trpo::new(policy, value, &TrpoConfig::default(), streams).unwrap();
    let mut generators: Vec<ChaCha8Rng> = (0..32).map(ChaCha8Rng::seed_from_u64).collect();
    let observations: Vec<f32> = streams
        .normal::<1>("o", 0, [9600 * 11], &device)
        .into_data()
        .iter::<f32>()
        .collect();
    for _ in 0..3 {
        let start = Instant::now();
        for i in 0..300 {
            trpo.act(&observations[i * 32 * 11..(i + 1) * 32 * 11], &mut generators)
                .unwrap();
        }
        eprintln!("act {:?}", start.elapsed() / 300);
    }
    let space_actions: Vec<f32> = streams
        .normal::<1>("a", 0, [9600 * 3], &device)
        .into_data()
        .iter::<f32>()
        .collect();
    let mut ends = vec![None; 9600];
    for e in 0..32 {
        ends[e * 300 + 299] = Some(End::Truncated);
    }
    let experience = Experience {
        environments: 32,
        steps: 300,
        observations: observations.clone(),
        actions: Actions::Continuous {
            size: 3,
            values: space_actions.clone(),
        },
        last_observations: observations[..32 * 11].to_vec(),
        ends,
        truncated_observations: observations[..32 * 11].to_vec(),
    };
    let rewards: Vec<f32> = (0..9600)
        .map(|i| observations[i * 11] - space_actions[3 * i].powi(2))
        .collect();
    let rewards = AgentRewards::predicted(rewards);
    for _ in 0..6 {
        let start = Instant::now();
        let report = trpo.update(&experience, &rewards).unwrap();
        eprintln!("update {:?} {report:?}", start.elapsed());
    }
}
