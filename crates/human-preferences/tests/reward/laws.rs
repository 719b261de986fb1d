//! What must hold for any network: of the loss, of clips, of the ensemble.

use std::sync::Arc;

use burn::{module::Param, prelude::*};
use human_preferences::{
    actions::Actions,
    clip::{Clip, Observations},
    preference,
    queries::variances,
    reward_model::RewardPredictor,
    reward_network::{MlpRewardConfig, RewardNetwork},
};
use papers_core::testing::{self, assert_close, tensor_f64};

use crate::synthetic::{ACTION, SIZE, clip, clip_of, generator, network};

const DIFFERENCES: [f64; 9] = [-800.0, -30.0, -2.5, -1e-9, 0.0, 1e-3, 1.0, 7.0, 800.0];

/// Rounding of single precision over a clip of ten steps.
const SINGLE: f64 = 1e-5;

/// A network of a user: an offset, and nothing else that is learned.
#[derive(Module, Debug)]
struct Sum {
    offset: Param<Tensor<1>>,
}

impl Sum {
    fn with_offset(offset: f32) -> Self {
        Self {
            offset: Param::from_tensor(Tensor::from_floats([offset], &testing::device())),
        }
    }
}

impl RewardNetwork for Sum {
    fn forward(&self, observations: Tensor<2>, actions: Tensor<2>) -> Tensor<1> {
        Tensor::cat(vec![observations, actions], 1).sum_dim(1).squeeze_dim(1) + self.offset.val()
    }
}

fn predictor<N: RewardNetwork>(members: Vec<N>) -> RewardPredictor<N> {
    RewardPredictor::new(members, testing::device(), 1)
}

#[test]
fn the_gradient_of_the_loss_matches_finite_differences() {
    // Rewards of two clips of three steps, of two pairs.
    let rewards = [0.3, -1.0, 0.2, 0.9, 0.1, -0.4, 1.5, 0.0, -0.2, -0.7, 2.0, 0.6];
    for error_share in [0.0, 0.1, 0.5] {
        for preferences in [[1.0, 0.0, 0.0, 1.0], [0.5, 0.5, 0.2, 0.8]] {
            testing::assert_gradient(&rewards, |rewards| {
                let preferences = tensor_f64(preferences.to_vec(), [2, 2], &rewards.device());
                let returns: Tensor<2> = rewards.reshape([4, 3]).sum_dim(1).reshape([2, 2]);
                let difference = returns.clone().narrow(1, 0, 1) - returns.narrow(1, 1, 1);
                preference::losses(difference.squeeze_dim(1), preferences, error_share)
            });
        }
    }
}

#[test]
fn the_derivative_on_the_host_matches_finite_differences() {
    const STEP: f64 = 1e-6;
    for difference in [-20.0, -3.0, -0.5, 0.0, 1.0, 4.0, 20.0] {
        for error_share in [0.0, 0.1, 0.9] {
            for preference in [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]] {
                let loss = |difference| preference::loss(difference, preference, error_share);
                let estimate = (loss(difference + STEP) - loss(difference - STEP)) / (2.0 * STEP);
                let exact = preference::loss_derivative(difference, preference, error_share);
                assert_close(&[exact], &[estimate], 1e-8);
            }
        }
    }
}

#[test]
fn the_loss_and_its_derivative_are_finite_at_any_difference() {
    for difference in DIFFERENCES.into_iter().chain([-1e300, 1e300]) {
        for error_share in [0.0, 1e-12, 0.1] {
            for preference in [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]] {
                let loss = preference::loss(difference, preference, error_share);
                let derivative = preference::loss_derivative(difference, preference, error_share);
                assert!(loss.is_finite() && loss >= 0.0, "{difference} {error_share}: {loss}");
                assert!(derivative.abs() <= 1.0, "{difference} {error_share}: {derivative}");
            }
        }
    }
}

#[test]
fn the_loss_of_single_precision_is_that_of_the_host() {
    for error_share in [0.0, 0.1] {
        for preference in [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]] {
            let device = testing::device().autodiff();
            let count = DIFFERENCES.len();
            let difference = DIFFERENCES.map(|difference| difference as f32);
            let difference = Tensor::<1>::from_floats(difference, &device).require_grad();
            let preferences = preference.map(|weight| weight as f32).repeat(count);
            let preferences = Tensor::from_data(TensorData::new(preferences, [count, 2]), &device);
            let losses = preference::losses(difference.clone(), preferences, error_share);
            let gradients = losses.clone().sum().backward();
            let gradient = testing::values(difference.grad(&gradients).expect("tracked"));
            let expected = DIFFERENCES.map(|difference| preference::loss(difference, preference, error_share));
            assert_close(&testing::values(losses), &expected, 1e-6);
            let derivative = |difference| preference::loss_derivative(difference, preference, error_share);
            assert_close(&gradient, &DIFFERENCES.map(derivative), 1e-6);
        }
    }
}

#[test]
fn probabilities_of_both_orders_sum_to_one() {
    for difference in DIFFERENCES {
        let sum = preference::probability(difference) + preference::probability(-difference);
        assert_close(&[sum], &[1.0], 1e-15);
        for error_share in [0.0, 0.1, 0.5] {
            let mixed = |difference| preference::mixed_probability(difference, error_share);
            assert_close(&[mixed(difference) + mixed(-difference)], &[1.0], 1e-15);
        }
    }
}

#[test]
fn the_loss_of_a_swapped_pair_with_a_swapped_answer_is_the_same() {
    for difference in DIFFERENCES {
        for preference in [[1.0, 0.0], [0.5, 0.5], [0.3, 0.7]] {
            let [first, second] = preference;
            let swapped = preference::loss(-difference, [second, first], 0.1);
            assert_eq!(preference::loss(difference, preference, 0.1), swapped);
        }
    }
}

#[test]
fn a_constant_added_to_the_reward_changes_no_preference() {
    let mut generator = generator(0);
    let (first, second) = (clip(&mut generator), clip(&mut generator));
    let preference = |offset| {
        let predictor = predictor(vec![Sum::with_offset(offset)]);
        predictor.preference(&first, &second).expect("a probability")
    };
    assert_close(&preference(25.0), &preference(0.0), 10.0 * SINGLE);
}

/// The clip with its steps in another order.
fn permuted(clip: &Clip) -> Clip {
    let (Observations::Floats { values: seen, .. }, Actions::Continuous { values: done, .. }) =
        (&clip.observations, &clip.actions)
    else {
        panic!("clips of this file hold numbers");
    };
    let reversed = |values: &[f32], size: usize| values.chunks_exact(size).rev().flatten().copied().collect();
    Clip {
        observations: Observations::Floats {
            size: SIZE,
            values: reversed(seen, SIZE),
        },
        actions: Actions::Continuous {
            size: ACTION,
            values: reversed(done, ACTION),
        },
        ..clip.clone()
    }
}

#[test]
fn the_order_of_steps_changes_no_return() {
    let clip = clip(&mut generator(1));
    let members = (0..3).map(|member| network(&format!("member-{member}"), &MlpRewardConfig::default()).valid());
    let predictor = predictor(members.collect());
    let returns = predictor.clip_returns(&[&clip, &permuted(&clip)]).expect("returns");
    for member in returns {
        assert_close(&member[1..], &member[..1], SINGLE);
    }
}

#[test]
fn the_return_of_a_clip_is_the_sum_over_its_steps_without_discount() {
    let mut generator = generator(2);
    let clips = [clip(&mut generator), clip(&mut generator), clip(&mut generator)];
    let members = (0..2).map(|member| network(&format!("member-{member}"), &MlpRewardConfig::default()).valid());
    let predictor = predictor(members.collect());
    let clips: Vec<&Clip> = clips.iter().map(Arc::as_ref).collect();
    let returns = predictor.clip_returns(&clips).expect("returns");
    for (number, clip) in clips.iter().enumerate() {
        let mut observations = Vec::new();
        clip.observations.append_features(&mut observations);
        let steps = predictor.of_steps(&observations, &clip.actions).expect("rewards");
        for (member, rewards) in steps.iter().enumerate() {
            assert_eq!(rewards.len(), clip.steps());
            assert_close(&[returns[member][number]], &[rewards.iter().sum()], SINGLE);
        }
    }
}

#[test]
fn members_that_agree_have_no_variance() {
    let first = vec![vec![0.1, 800.0, -3.0]; 3];
    let second = vec![vec![0.7, 0.0, 0.3]; 3];
    assert_eq!(variances(&first, &second), [0.0; 3]);
}

#[test]
fn clips_of_two_lengths_are_refused() {
    let mut generator = generator(3);
    let (short, long) = (clip_of(3, &mut generator), clip_of(4, &mut generator));
    let error = predictor(vec![Sum::with_offset(0.0)]).preference(&short, &long);
    let error = error.expect_err("two lengths").to_string();
    assert!(error.contains("3 and 4 steps"), "{error}");
}
