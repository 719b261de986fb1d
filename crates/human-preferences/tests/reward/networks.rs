//! The networks that predict rewards, and one of a user.

use std::sync::Arc;

use burn::{nn::Linear, nn::LinearConfig, prelude::*};
use human_preferences::{
    actions::Actions,
    clip::{Clip, Observations},
    environment::{ActionSpace, ObservationSpace, Storage, Task},
    reward_model::{Comparison, RewardConfig, RewardLearner, RewardPredictor},
    reward_network::{
        AnyReward, AtariRewardConfig, GridRewardConfig, MlpRewardConfig, RewardNetwork, RewardNetworkConfig,
    },
};
use papers_core::{nn::trainable_parameters, random::Streams, testing};
use rand::RngExt;

use crate::synthetic::{self, ACTION, BOTH, SIZE, comparison, generator};

fn task(shape: &[usize], storage: Storage, actions: usize) -> Task {
    Task {
        name: "game",
        observation: ObservationSpace {
            shape: shape.to_vec(),
            storage,
        },
        action: ActionSpace::Discrete { actions },
        episode_steps: 100,
        clip_steps: 4,
        steps_per_second: 15.0,
        signals: &[],
        instructions: "",
    }
}

fn atari() -> (Task, RewardNetworkConfig) {
    let task = task(&[4, 84, 84], Storage::StackedBytes, 4);
    (task, RewardNetworkConfig::Atari(AtariRewardConfig::default()))
}

fn grid() -> (Task, RewardNetworkConfig) {
    let task = task(&[3, 10, 10], Storage::Byte, 5);
    (task, RewardNetworkConfig::Grid(GridRewardConfig::default()))
}

fn profile() -> (Task, RewardNetworkConfig) {
    let task = task(&[3, 10, 8], Storage::Byte, 5);
    (task, RewardNetworkConfig::Profile(MlpRewardConfig::default()))
}

fn build(task: &Task, config: &RewardNetworkConfig, name: &str) -> AnyReward {
    let device = synthetic::device();
    Streams::new(1).initialize(name, &device, || config.init(task, &device).expect("a network"))
}

/// A clip of random bytes.
fn clip(task: &Task, index: u64) -> Arc<Clip> {
    let mut generator = generator(index);
    let (size, steps) = (task.observation.len(), task.clip_steps);
    let observations = match task.observation.storage {
        Storage::StackedBytes => {
            let stack = task.observation.shape[0];
            let frames = (steps + stack - 1) * size / stack;
            Observations::Stacked {
                size,
                stack,
                frames: (0..frames).map(|_| generator.random()).collect(),
            }
        }
        _ => Observations::Bytes {
            size,
            values: (0..steps * size)
                .map(|_| if generator.random() { 255 } else { 0 })
                .collect(),
        },
    };
    let ActionSpace::Discrete { actions } = task.action else {
        panic!("games have discrete actions");
    };
    let actions = Actions::Discrete {
        actions,
        chosen: (0..steps).map(|_| generator.random_range(0..actions as u32)).collect(),
    };
    Arc::new(Clip::new(index, 0, observations, actions).expect("a clip"))
}

fn games(task: &Task, config: &RewardNetworkConfig) -> RewardLearner<AnyReward> {
    let networks = (0..2)
        .map(|member| build(task, config, &format!("reward-{member}")))
        .collect();
    let config = RewardConfig {
        members: 2,
        batch: 4,
        ..RewardConfig::default()
    };
    let mut learner = RewardLearner::new(config, networks, synthetic::device(), Streams::new(2)).expect("valid");
    for pair in 0..6 {
        let comparison = Comparison {
            first: clip(task, 2 * pair),
            second: clip(task, 2 * pair + 1),
            preference: [1.0, 0.0],
            true_returns: None,
        };
        learner.add(comparison).expect("a comparison");
    }
    learner
}

#[test]
fn sizes_are_those_of_the_paper() {
    let device = synthetic::device();
    let mlp = testing::initialized(|| MlpRewardConfig::default().init(11, 3, &device));
    assert_eq!(trainable_parameters(&mlp), (14 * 64 + 64) + (64 * 64 + 64) + 65);

    let (task, config) = atari();
    // 84 -> 26 -> 11 -> 9 -> 7 pixels, 16 filters, each with a scale and a shift instead of a bias.
    let convolutions = 16 * 4 * 49 + 16 * 16 * 25 + 2 * 16 * 16 * 9;
    let expected = convolutions + 4 * 2 * 16 + (16 * 7 * 7 + 1) * 64 + 65;
    assert_eq!(trainable_parameters(&build(&task, &config, "atari")), expected);

    let (task, config) = grid();
    let expected = 16 * (3 * 9 + 1) + (16 * 100 + 5 + 1) * 128 + 129;
    assert_eq!(trainable_parameters(&build(&task, &config, "grid")), expected);

    let (task, config) = profile();
    let expected = (3 * (10 + 8) + 5 + 1) * 64 + (64 * 64 + 64) + 65;
    assert_eq!(trainable_parameters(&build(&task, &config, "profile")), expected);
}

#[test]
fn profiles_tell_rows_columns_and_channels() {
    let (task, config) = profile();
    let (network, device) = (build(&task, &config, "profile"), synthetic::device());
    // Cells of [channel, row, column] that are set.
    let reward = |set: &[[usize; 3]]| {
        let mut cells = vec![0.0_f32; 3 * 10 * 8];
        for [channel, row, column] in set {
            cells[(channel * 10 + row) * 8 + column] = 1.0;
        }
        let observations = Tensor::from_data(TensorData::new(cells, [1, 240]), &device);
        testing::values(network.forward(observations, Tensor::zeros([1, 5], &device)))[0]
    };
    let one = reward(&[[0, 2, 3], [0, 7, 5]]);
    // The same rows and columns, paired otherwise; rounding alone may differ.
    assert!((one - reward(&[[0, 2, 5], [0, 7, 3]])).abs() < 1e-6);
    for other in [[0, 7, 6], [0, 6, 5], [1, 7, 5]] {
        assert!((one - reward(&[[0, 2, 3], other])).abs() > 1e-4, "{other:?}");
    }
}

#[test]
fn games_are_learned_from_and_predicted() {
    for (task, config) in [grid(), profile(), atari()] {
        let mut learner = games(&task, &config);
        let before = learner.predictor();
        let report = learner.fit(3).expect("a fit");
        assert!(report.loss.is_finite());
        let clip = clip(&task, 0);
        let returns = |predictor: &RewardPredictor<AnyReward>| predictor.clip_returns(&[&clip]).expect("returns");
        assert_ne!(returns(&before), returns(&learner.predictor()));
        // The earlier predictor is what it was.
        assert_eq!((before.version(), learner.predictor().version()), (0, 3));
        assert_eq!(returns(&before), returns(&before));
    }
}

#[test]
fn a_prediction_does_not_depend_on_what_is_predicted_with_it() {
    let (task, config) = atari();
    let mut learner = games(&task, &config);
    learner.fit(2).expect("a fit");
    let predictor = learner.predictor();
    let clip = clip(&task, 3);
    let mut rows = Vec::new();
    clip.observations.append_features(&mut rows);
    let together = predictor.of_steps(&rows, &clip.actions).expect("rewards");
    // One step alone has no statistics of a batch: those of training are used.
    for step in 0..clip.steps() {
        let mut action = Actions::new(&task.action);
        action.extend(&clip.actions, step..step + 1);
        let size = task.observation.len();
        let alone = predictor
            .of_steps(&rows[step * size..(step + 1) * size], &action)
            .expect("rewards");
        for (alone, together) in alone.iter().zip(&together) {
            testing::assert_close(alone, &together[step..step + 1], 1e-5);
        }
    }
}

#[test]
fn only_the_networks_for_atari_do_not_see_the_action() {
    for ((task, config), sees) in [(grid(), true), (atari(), false)] {
        let network = build(&task, &config, "network").valid();
        let device = testing::device();
        let reward = |action: usize| {
            let mut features = vec![0.0_f32; task.action.features()];
            features[action] = 1.0;
            let observations = Tensor::ones([1, task.observation.len()], &device);
            let actions = Tensor::from_data(TensorData::new(features, [1, task.action.features()]), &device);
            testing::values(network.forward(observations, actions))
        };
        assert_eq!(reward(0) != reward(1), sees);
    }
}

/// What a user brings: one layer, without a bias.
#[derive(Module, Debug)]
struct Own {
    layer: Linear,
}

impl RewardNetwork for Own {
    fn forward(&self, observations: Tensor<2>, actions: Tensor<2>) -> Tensor<1> {
        self.layer
            .forward(Tensor::cat(vec![observations, actions], 1))
            .squeeze_dim(1)
    }
}

#[test]
fn a_network_of_a_user_learns_like_those_of_this_crate() {
    let device = synthetic::device();
    let networks = (0..3).map(|member| {
        Streams::new(0).initialize(&format!("own-{member}"), &device, || Own {
            layer: LinearConfig::new(SIZE + ACTION, 1).with_bias(false).init(&device),
        })
    });
    let config = RewardConfig {
        learning_rate: 0.05,
        ..RewardConfig::default()
    };
    let mut learner = RewardLearner::new(config, networks.collect(), device.clone(), Streams::new(0)).expect("valid");
    let mut generator = generator(0);
    for _ in 0..200 {
        learner.add(comparison(&BOTH, &mut generator)).expect("a comparison");
    }
    learner.fit(100).expect("a fit");
    let predictor = learner.predictor();
    let truth: Vec<f64> = [&BOTH.observation[..], &BOTH.action[..]].concat();
    for member in predictor.members() {
        let weights = testing::values(member.layer.weight.val());
        let dot: f64 = weights.iter().zip(&truth).map(|(weight, truth)| weight * truth).sum();
        let norm = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
        assert!(dot / (norm(&weights) * norm(&truth)) > 0.98, "{weights:?}");
    }
}
