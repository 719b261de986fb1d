//! Derivatives that are written by hand against central differences and Burn's tape.

use burn::prelude::*;
use human_preferences::{
    environment::ActionSpace,
    policy::{ActionDistribution, Linearization, MlpConfig, MlpPolicy, OutputTangent, Policy, TangentPolicy},
    trpo::{SampleTensors, Surrogate},
};
use papers_core::{
    random::Streams,
    testing::{assert_close, assert_gradient, device, initialized, values},
};

use crate::double::to_double;

/// Central differences with this step are exact to about 1e-8.
const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e-7;

pub(crate) const CONTINUOUS: ActionSpace = ActionSpace::Continuous {
    size: 2,
    low: -1.0,
    high: 1.0,
};
pub(crate) const DISCRETE: ActionSpace = ActionSpace::Discrete { actions: 4 };

/// A policy with parameters that are not small, in double precision.
pub(crate) fn policy(space: &ActionSpace, hidden: &[usize], seed: u64) -> MlpPolicy {
    let config = MlpConfig {
        hidden: hidden.to_vec(),
        initial_log_std: -0.3,
    };
    let policy = to_double(initialized(|| config.init_policy(3, space, &device())));
    let count = policy.parameters().expect("parameters").len();
    policy.with_parameters(&numbers("parameters", seed, count, 0.5))
}

pub(crate) fn numbers(name: &str, seed: u64, count: usize, scale: f64) -> Vec<f64> {
    let numbers = values(Streams::new(seed).normal(name, 0, [count], &device()));
    numbers.into_iter().map(|number| number * scale).collect()
}

pub(crate) fn tensor<const D: usize>(name: &str, seed: u64, shape: [usize; D]) -> Tensor<D> {
    let data = TensorData::new(numbers(name, seed, shape.iter().product(), 1.0), shape);
    Tensor::from_data(data, (&device(), burn::tensor::DType::F64))
}

pub(crate) fn samples(space: &ActionSpace, seed: u64, rows: usize) -> SampleTensors {
    let actions = match space {
        ActionSpace::Continuous { size, .. } => tensor("actions", seed, [rows, *size]),
        ActionSpace::Discrete { actions } => {
            let one = |row: usize| (0..*actions).map(move |action| f64::from(u8::from(row * 7 % *actions == action)));
            let data = TensorData::new((0..rows).flat_map(one).collect::<Vec<f64>>(), [rows, *actions]);
            Tensor::from_data(data, (&device(), burn::tensor::DType::F64))
        }
    };
    SampleTensors {
        observations: tensor("observations", seed, [rows, 3]),
        actions,
        advantages: tensor("advantages", seed, [rows]),
    }
}

/// All pairs of spaces and depths that the hand-written passes treat differently.
fn policies() -> impl Iterator<Item = (ActionSpace, MlpPolicy)> {
    [CONTINUOUS, DISCRETE].into_iter().flat_map(|space| {
        let hidden: [&[usize]; 3] = [&[], &[6], &[5, 4, 3]];
        hidden.into_iter().map(move |hidden| (space, policy(&space, hidden, 5)))
    })
}

fn shifted(parameters: &[f64], direction: &[f64], length: f64) -> Vec<f64> {
    parameters
        .iter()
        .zip(direction)
        .map(|(value, by)| value + length * by)
        .collect()
}

#[test]
fn the_surrogates_gradient_matches_finite_differences() {
    for (space, policy) in policies() {
        let samples = samples(&space, 6, 7);
        let start = policy.parameters().expect("parameters");
        let surrogate = Surrogate::new(policy, vec![samples], 0.3, 1);
        let gradient = surrogate.gradient().expect("a gradient");
        for (index, &exact) in gradient.iter().enumerate() {
            let at = |offset: f64| {
                let mut parameters = start.clone();
                parameters[index] += offset;
                surrogate.evaluate(&parameters).expect("an evaluation").improvement
            };
            let estimate = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            assert_close(&[exact], &[estimate], TOLERANCE);
        }
    }
}

#[test]
fn pushforwards_match_finite_differences() {
    for (space, policy) in policies() {
        let observations = samples(&space, 7, 5).observations;
        let start = policy.parameters().expect("parameters");
        let direction = numbers("direction", 7, start.len(), 1.0);
        let tangent = policy.linearize(observations.clone()).pushforward(&direction);
        let outputs = |length: f64| {
            let policy = policy.clone().with_parameters(&shifted(&start, &direction, length));
            match policy.distribution(observations.clone()) {
                ActionDistribution::Gaussian { mean, .. } => values(mean),
                ActionDistribution::Categorical { logits } => values(logits),
            }
        };
        let differences = outputs(STEP).into_iter().zip(outputs(-STEP));
        let estimate: Vec<f64> = differences.map(|(plus, minus)| (plus - minus) / (2.0 * STEP)).collect();
        assert_close(&values(tangent.outputs), &estimate, TOLERANCE);
        if let Some(log_std) = tangent.log_std {
            assert_close(&values(log_std), &direction[direction.len() - 2..], 0.0);
        }
    }
}

#[test]
fn pullbacks_are_adjoint_to_pushforwards() {
    for (space, policy) in policies() {
        let linearization = policy.linearize(samples(&space, 8, 5).observations);
        let direction = numbers("direction", 8, policy.parameters().expect("parameters").len(), 1.0);
        let tangent = linearization.pushforward(&direction);
        let cotangent = OutputTangent {
            outputs: tensor("cotangent", 8, tangent.outputs.dims()),
            log_std: tangent
                .log_std
                .as_ref()
                .map(|log_std| tensor("log_std", 8, log_std.dims())),
        };
        let product = |a: Tensor<1>, b: Tensor<1>| values((a * b).sum())[0];
        let mut forwards = product(tangent.outputs.flatten(0, 1), cotangent.outputs.clone().flatten(0, 1));
        if let (Some(tangent), Some(cotangent)) = (tangent.log_std, &cotangent.log_std) {
            forwards += product(tangent, cotangent.clone());
        }
        let pulled_back = linearization.pullback(cotangent).expect("a pullback");
        let backwards: f64 = pulled_back.iter().zip(&direction).map(|(a, b)| a * b).sum();
        assert_close(&[backwards], &[forwards], 1e-12);
    }
}

#[test]
fn the_fisher_matrix_is_the_second_derivative_of_the_divergence() {
    for (space, policy) in policies() {
        let start = policy.parameters().expect("parameters");
        let direction = numbers("direction", 9, start.len(), 1.0);
        let surrogate = Surrogate::new(policy, vec![samples(&space, 9, 6)], 0.0, 1);
        let product = surrogate.fisher_product(&direction, 0.0).expect("a product");
        let curvature: f64 = product.iter().zip(&direction).map(|(a, b)| a * b).sum();
        // The divergence and its slope are 0 at the start; a longer step, since what is divided by is its square.
        let step = 1e-4;
        let kl = |length: f64| {
            let evaluation = surrogate.evaluate(&shifted(&start, &direction, length));
            evaluation.expect("an evaluation").kl
        };
        let estimate = (kl(step) + kl(-step)) / (step * step);
        assert_close(&[curvature], &[estimate], 1e-5);
    }
}

#[test]
fn a_thinned_fisher_matrix_is_that_of_every_nth_sample() {
    let policy = policy(&CONTINUOUS, &[6], 5);
    let all = samples(&CONTINUOUS, 10, 10);
    let every_third = all
        .observations
        .clone()
        .select(0, Tensor::from_ints([0, 3, 6, 9], &device()));
    let few = SampleTensors {
        observations: every_third,
        actions: all.actions.clone().narrow(0, 0, 4),
        advantages: all.advantages.clone().narrow(0, 0, 4),
    };
    let direction = numbers("direction", 10, policy.parameters().expect("parameters").len(), 1.0);
    let product = |samples, every| {
        let surrogate = Surrogate::new(policy.clone(), vec![samples], 0.0, every);
        surrogate.fisher_product(&direction, 0.1).expect("a product")
    };
    assert_close(&product(all, 3), &product(few, 1), 1e-12);
}

/// The two kinds of distributions, from a row of numbers.
fn distributions() -> [fn(Tensor<1>) -> ActionDistribution; 2] {
    [
        |input| ActionDistribution::Gaussian {
            mean: input.clone().narrow(0, 0, 4).reshape([2, 2]),
            log_std: input.narrow(0, 4, 2),
        },
        |input| ActionDistribution::Categorical {
            logits: input.reshape([2, 3]),
        },
    ]
}

const POINT: [f64; 6] = [0.3, -0.7, 1.1, 0.4, -0.2, 0.5];

#[test]
fn probabilities_entropies_and_divergences_have_the_gradients_of_finite_differences() {
    let actions = |distribution: &ActionDistribution| match distribution {
        ActionDistribution::Gaussian { mean, .. } => mean.zeros_like() + 0.4,
        ActionDistribution::Categorical { logits } => {
            let data = TensorData::from([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
            Tensor::from_data(data, (&logits.device(), logits.dtype()))
        }
    };
    for distribution in distributions() {
        assert_gradient(&POINT, |input| {
            let distribution = distribution(input);
            distribution.log_probability(actions(&distribution))
        });
        assert_gradient(&POINT, |input| distribution(input).entropy());
        assert_gradient(&POINT, |input| {
            distribution(input.zeros_like()).kl(&distribution(input))
        });
        assert_gradient(&POINT, |input| {
            distribution(input.clone()).kl(&distribution(input.zeros_like()))
        });
    }
}

#[test]
fn scores_and_entropy_gradients_are_those_of_the_tape() {
    let device = device().autodiff();
    for (kind, distribution) in distributions().into_iter().enumerate() {
        let data = TensorData::from(POINT);
        let input = || Tensor::<1>::from_data(data.clone(), (&device, burn::tensor::DType::F64)).require_grad();
        let weights = tensor("weights", 11, [2]);
        let actions = match kind {
            0 => tensor("actions", 11, [2, 2]),
            _ => Tensor::from_data(
                TensorData::from([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
                (&papers_core::testing::device(), burn::tensor::DType::F64),
            ),
        };
        // A tape is used up by one pass.
        let by_tape = |loss: &dyn Fn(ActionDistribution) -> Tensor<1>| {
            let input = input();
            let gradients = loss(distribution(input.clone())).sum().backward();
            values(input.grad(&gradients).expect("tracked"))
        };
        let by_hand = |tangent: OutputTangent| {
            let mut numbers = values(tangent.outputs.inner());
            numbers.extend(
                tangent
                    .log_std
                    .map(|log_std| values(log_std.inner()))
                    .unwrap_or_default(),
            );
            numbers
        };
        let score = by_tape(&|found| found.log_probability(actions.clone()) * weights.clone());
        let entropy = by_tape(&|found| found.entropy());
        let plain = distribution(input().inner());
        assert_close(&by_hand(plain.score(actions, weights)), &score, 1e-12);
        assert_close(&by_hand(plain.entropy_gradient()), &entropy, 1e-12);
    }
}
