//! Networks and the drawing of actions.

use burn::prelude::*;
use human_preferences::{
    a2c::A2c,
    actions::Actions,
    environment::ActionSpace,
    policy::{
        ActionKind, ActorCritic, AgentError, ConvActorCritic, ConvConfig, HostDistribution, MlpConfig, MlpPolicy,
        MlpValue, Policy, TangentPolicy,
    },
    trpo::Trpo,
};
use papers_core::{
    nn::trainable_parameters,
    random::Streams,
    testing::{device, initialized, values},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const HOPPER: ActionSpace = ActionSpace::Continuous {
    size: 3,
    low: -1.0,
    high: 1.0,
};
const GAME: ActionSpace = ActionSpace::Discrete { actions: 6 };

fn generators(count: u64) -> Vec<ChaCha8Rng> {
    (0..count).map(ChaCha8Rng::seed_from_u64).collect()
}

#[test]
fn networks_have_the_sizes_of_the_paper() {
    let device = device();
    let sizes = MlpConfig::default();
    // 11·64 + 64, 64·64 + 64, 64·3 + 3, and log σ.
    let policy = initialized(|| sizes.init_policy(11, &HOPPER, &device));
    assert_eq!(trainable_parameters(&policy), 768 + 4160 + 195 + 3);
    assert_eq!(policy.parameters().expect("parameters").len(), 5126);
    let value = initialized(|| sizes.init_value(11, &device));
    assert_eq!(trainable_parameters(&value), 768 + 4160 + 65);
    // 32·(4·64 + 1), 64·(32·16 + 1), 64·(64·9 + 1), 7·7·64·512 + 512, 512·7 + 7.
    let atari = initialized(|| ConvConfig::atari().init([4, 84, 84], &GAME, &device));
    assert_eq!(trainable_parameters(&atari), 8224 + 32_832 + 36_928 + 1_606_144 + 3591);
    // 16·(4·9 + 1), 8·8·16·128 + 128, 128·7 + 7.
    let grid = initialized(|| ConvConfig::grid().init([4, 10, 10], &GAME, &device));
    assert_eq!(trainable_parameters(&grid), 592 + 131_200 + 903);
}

#[test]
fn policies_begin_almost_without_preference() {
    let device = device();
    let observations = Streams::new(0).uniform("observations", 0, [50, 400], &device);
    let grid = initialized(|| ConvConfig::grid().init([4, 10, 10], &GAME, &device));
    let (distribution, critic) = grid.forward(observations.clone());
    let mlp = initialized(|| MlpConfig::default().init_policy(400, &GAME, &device));
    for entropy in [distribution.entropy(), mlp.distribution(observations).entropy()] {
        for entropy in values(entropy) {
            assert!((entropy - 6_f64.ln()).abs() < 0.01, "{entropy}");
        }
    }
    assert_eq!(values(critic), [0.0; 50]);
}

#[test]
fn networks_follow_from_the_seed() {
    let device = device().autodiff();
    let policy = |seed| {
        let streams = Streams::new(seed);
        let policy = streams.initialize("policy", &device, || {
            MlpConfig::default().init_policy(5, &HOPPER, &device)
        });
        policy.parameters().expect("parameters")
    };
    assert_eq!(policy(1), policy(1));
    assert_ne!(policy(1), policy(2));
}

#[test]
fn learners_can_be_sent_to_another_thread() {
    fn assert_send<T: Send>() {}
    assert_send::<Trpo<MlpPolicy, MlpValue>>();
    assert_send::<A2c<ConvActorCritic>>();
}

#[test]
fn pictures_that_are_too_small_are_refused() {
    let error = ConvConfig::atari().validate("network", [4, 10, 10]);
    let message = error.expect_err("10 pixels are too few").to_string();
    assert!(
        message.contains("network.convolutions") && message.contains("1×1"),
        "{message}"
    );
    ConvConfig::atari()
        .validate("network", [4, 84, 84])
        .expect("the paper's size");
    ConvConfig::grid().validate("network", [4, 10, 10]).expect("a grid");
}

#[test]
fn drawn_numbers_have_the_policys_mean_and_deviation() {
    let rows = 20_000;
    let distribution = HostDistribution {
        outputs: [1.5, -2.0].repeat(rows),
        kind: ActionKind::Continuous(vec![0.0, 0.5_f32.ln()]),
    };
    let Actions::Continuous { values, .. } = distribution.draw(&mut generators(rows as u64)).expect("actions") else {
        panic!("another kind");
    };
    for (column, mean, std) in [(0, 1.5, 1.0), (1, -2.0, 0.5)] {
        let drawn = values[column..].iter().step_by(2).map(|&value| f64::from(value));
        let found = drawn.clone().sum::<f64>() / rows as f64;
        let variance = drawn.map(|value| (value - found).powi(2)).sum::<f64>() / rows as f64;
        // Four standard errors: σ/√n and σ/√2n.
        assert!((found - mean).abs() < 4.0 * std / 141.0, "{found}");
        assert!((variance.sqrt() - std).abs() < 4.0 * std / 200.0, "{variance}");
    }
}

#[test]
fn actions_are_drawn_as_often_as_they_are_likely() {
    let rows = 40_000;
    let distribution = HostDistribution {
        outputs: [0.0, 3_f32.ln(), 100.0 - 1000.0, 4_f32.ln()].repeat(rows),
        kind: ActionKind::Discrete(4),
    };
    let Actions::Discrete { chosen, .. } = distribution.draw(&mut generators(rows as u64)).expect("actions") else {
        panic!("another kind");
    };
    for (action, probability) in [(0, 1.0 / 8.0), (1, 3.0 / 8.0), (2, 0.0), (3, 0.5)] {
        let share = chosen.iter().filter(|&&chosen| chosen == action).count() as f64 / rows as f64;
        // Four standard errors.
        assert!(
            (share - probability).abs() <= 4.0 * (0.25_f64 / rows as f64).sqrt(),
            "{action}: {share}"
        );
    }
}

#[test]
fn each_environment_draws_from_its_own_generator() {
    let draw = |count: usize| {
        let distribution = HostDistribution {
            outputs: vec![0.0; 2 * count],
            kind: ActionKind::Continuous(vec![0.0; 2]),
        };
        let mut generators = generators(count as u64);
        let [first, second] = [(); 2].map(|()| distribution.draw(&mut generators).expect("actions"));
        assert_ne!(first, second);
        let Actions::Continuous { values, .. } = second else {
            panic!("another kind")
        };
        values
    };
    assert_eq!(draw(3)[..4], draw(2));
}

#[test]
fn the_best_action_is_the_mean_or_the_likeliest() {
    let discrete = HostDistribution {
        outputs: vec![0.0, 2.0, 2.0, -1.0, -3.0, -2.0],
        kind: ActionKind::Discrete(3),
    };
    let best = Actions::Discrete {
        actions: 3,
        chosen: vec![1, 0],
    };
    assert_eq!(discrete.best(), Ok(best));
    let continuous = HostDistribution {
        outputs: vec![0.25, -7.0],
        kind: ActionKind::Continuous(vec![0.0]),
    };
    let best = Actions::Continuous {
        size: 1,
        values: vec![0.25, -7.0],
    };
    assert_eq!(continuous.best(), Ok(best));
}

#[test]
fn outputs_that_are_no_numbers_draw_nothing() {
    for bad in [f32::NAN, f32::INFINITY] {
        for kind in [ActionKind::Continuous(vec![0.0]), ActionKind::Discrete(1)] {
            let distribution = HostDistribution {
                outputs: vec![0.0, bad],
                kind,
            };
            let error = distribution.draw(&mut generators(2)).expect_err("not a number");
            assert!(matches!(error, AgentError::Diverged { .. }), "{error}");
        }
    }
    let kind = ActionKind::Continuous(vec![f32::NAN]);
    let outputs = vec![0.0];
    assert!(HostDistribution { outputs, kind }.best().is_err());
}

#[test]
fn parameters_survive_the_way_to_the_host_and_back() {
    let device = device();
    let policy = initialized(|| -> MlpPolicy { MlpConfig::default().init_policy(7, &HOPPER, &device) });
    let parameters = policy.parameters().expect("parameters");
    let blank = policy.clone().with_parameters(&vec![0.0; parameters.len()]);
    let back = blank.with_parameters(&parameters);
    assert_eq!(back.parameters().expect("parameters"), parameters);
    let observations: Tensor<2> = Streams::new(0).normal("observations", 0, [4, 7], &device);
    let draw = |policy: &MlpPolicy| {
        let distribution = policy.distribution(observations.clone()).into_host();
        distribution.expect("a distribution").outputs
    };
    assert_eq!(draw(&back), draw(&policy));
}
