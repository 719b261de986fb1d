//! TRPO against an independent reference, in double precision.

use burn::prelude::*;
use human_preferences::{
    environment::ActionSpace,
    policy::{ActionDistribution, Linearization, MlpConfig, MlpPolicy, Policy, TangentPolicy},
    trpo::{SampleTensors, Surrogate, conjugate_gradient, is_accepted, line_search},
};
use papers_core::testing::{assert_close, device, fixture, initialized, tensor_f64, values};
use serde::Deserialize;

use crate::double::to_double;

/// What the fixture allows.
const TOLERANCE: f64 = 1e-9;
/// For what follows from ten conjugate gradients, which amplify rounding.
const AFTER_GRADIENTS: f64 = 1e-7;
/// For a step that is much too long.
const LONG_STEP: f64 = 1e-5;

#[derive(Deserialize)]
struct File {
    schema: u32,
    cg: System,
    gaussian: Vec<Gaussian>,
    categorical: Vec<Categorical>,
    policy: Reference,
    line_search_rule: Rule,
    line_search_long: Long,
}

#[derive(Deserialize)]
struct System {
    matrix: Vec<Vec<f64>>,
    b: Vec<f64>,
    iterations: Vec<Iteration>,
    solution: Vec<f64>,
    delta: f64,
    step_scale: f64,
}

#[derive(Deserialize)]
struct Iteration {
    x: Vec<f64>,
    residual_sq: f64,
}

#[derive(Deserialize)]
struct Gaussian {
    mean_old: Vec<f64>,
    std_old: Vec<f64>,
    mean_new: Vec<f64>,
    std_new: Vec<f64>,
    kl_old_new: f64,
    action: Vec<f64>,
    logp_old: f64,
    entropy_old: f64,
}

#[derive(Deserialize)]
struct Categorical {
    logits_old: Vec<f64>,
    logits_new: Vec<f64>,
    kl: f64,
    entropy_old: f64,
}

#[derive(Deserialize)]
struct Reference {
    theta: Vec<f64>,
    obs: Vec<Vec<f64>>,
    actions: Vec<Vec<f64>>,
    advantages: Vec<f64>,
    mean: Vec<Vec<f64>>,
    logp: Vec<f64>,
    surrogate_gradient: Vec<f64>,
    v: Vec<f64>,
    fisher_times_v: Vec<f64>,
    fisher_times_v_damped: Vec<f64>,
    cg10: Vec<f64>,
    step: Vec<f64>,
    expected_improvement: f64,
    line_search: Vec<Trial>,
    accepted_index: Option<usize>,
    theta_new: Vec<f64>,
}

#[derive(Deserialize)]
struct Trial {
    fraction: f64,
    surrogate: f64,
    improvement: f64,
    kl: f64,
    accept: bool,
}

#[derive(Deserialize)]
struct Rule {
    delta: f64,
    cases: Vec<RuleCase>,
}

#[derive(Deserialize)]
struct RuleCase {
    kl: Option<f64>,
    improvement: Option<f64>,
    expected: f64,
    accept: bool,
}

#[derive(Deserialize)]
struct Long {
    multiplier: f64,
    trace: Vec<Trial>,
    accepted_index: Option<usize>,
    theta_new: Vec<f64>,
}

fn file() -> File {
    let file: File = fixture(env!("CARGO_MANIFEST_DIR"), "trpo.json");
    assert_eq!(file.schema, 1);
    file
}

/// The damping of the reference, which its note names.
const DAMPING: f64 = 0.1;
/// Iterations of `cg10`.
const ITERATIONS: usize = 10;

fn matrix(rows: &[Vec<f64>]) -> Tensor<2> {
    let columns = rows[0].len();
    tensor_f64(rows.concat(), [rows.len(), columns], &device())
}

/// The reference's policy. The file does not say how wide its two hidden layers are: it is the one network with so many
/// parameters that has the means of the file.
fn policy(reference: &Reference) -> MlpPolicy {
    let (observation, size) = (reference.obs[0].len(), reference.actions[0].len());
    let space = ActionSpace::Continuous {
        size,
        low: -1.0,
        high: 1.0,
    };
    let network = |hidden: Vec<usize>| {
        let config = MlpConfig {
            hidden,
            ..MlpConfig::default()
        };
        let policy = to_double(initialized(|| config.init_policy(observation, &space, &device())));
        policy.with_parameters(&reference.theta)
    };
    let has_means = |policy: &MlpPolicy| {
        let ActionDistribution::Gaussian { mean, .. } = policy.distribution(matrix(&reference.obs)) else {
            panic!("a policy of continuous actions");
        };
        let expected = reference.mean.concat();
        values(mean)
            .iter()
            .zip(expected)
            .all(|(found, expected)| (found - expected).abs() < TOLERANCE)
    };
    let left_for = |first: usize| {
        // Without log σ and the last biases.
        let left = reference
            .theta
            .len()
            .checked_sub(2 * size + first * (observation + 1))?;
        let per_width = first + 1 + size;
        (left > 0 && left % per_width == 0).then(|| vec![first, left / per_width])
    };
    let candidates = (1..reference.theta.len()).filter_map(left_for);
    let found = candidates.map(network).find(has_means);
    found.expect("a network with the reference's means")
}

/// The surrogate of the reference, its samples in pieces of at most `piece`.
fn surrogate(reference: &Reference, piece: usize) -> Surrogate<MlpPolicy> {
    let rows = reference.obs.chunks(piece).zip(reference.actions.chunks(piece));
    let pieces = rows.zip(reference.advantages.chunks(piece));
    let tensors = pieces.map(|((observations, actions), advantages)| SampleTensors {
        observations: matrix(observations),
        actions: matrix(actions),
        advantages: tensor_f64(advantages.to_vec(), [advantages.len()], &device()),
    });
    Surrogate::new(policy(reference), tensors.collect(), 0.0, 1)
}

fn solve(surrogate: &Surrogate<MlpPolicy>, gradient: &[f64], delta: f64) -> (Vec<f64>, Vec<f64>) {
    let product = |direction: &[f64]| surrogate.fisher_product(direction, DAMPING);
    let solution = conjugate_gradient(product, gradient, ITERATIONS, 1e-10).expect("products");
    let scale = (2.0 * delta / solution.curvature(gradient)).sqrt();
    let step = solution.x.iter().map(|x| scale * x).collect();
    (solution.x, step)
}

#[test]
fn conjugate_gradients_take_the_steps_of_the_reference() {
    let system = file().cg;
    let product = |direction: &[f64]| -> Result<Vec<f64>, ()> {
        let row = |row: &Vec<f64>| row.iter().zip(direction).map(|(a, b)| a * b).sum();
        Ok(system.matrix.iter().map(row).collect())
    };
    for (index, expected) in system.iterations.iter().enumerate() {
        let found = conjugate_gradient(product, &system.b, index + 1, 0.0).expect("products");
        assert_close(&found.x, &expected.x, TOLERANCE);
        let square = found.residual.iter().map(|value| value * value).sum();
        assert_close(&[square], &[expected.residual_sq], TOLERANCE);
    }
    let found = conjugate_gradient(product, &system.b, system.iterations.len(), 1e-10).expect("products");
    assert!(found.is_positive_definite);
    assert_close(&found.x, &system.solution, TOLERANCE);
    let scale = (2.0 * system.delta / found.curvature(&system.b)).sqrt();
    assert_close(&[scale], &[system.step_scale], TOLERANCE);
}

#[test]
fn gaussians_have_the_divergence_probability_and_entropy_of_the_reference() {
    for case in file().gaussian {
        let row = |numbers: &[f64]| matrix(&[numbers.to_vec()]);
        let distribution = |mean: &[f64], std: &[f64]| ActionDistribution::Gaussian {
            mean: row(mean),
            log_std: tensor_f64(std.iter().map(|std| std.ln()).collect(), [std.len()], &device()),
        };
        let old = distribution(&case.mean_old, &case.std_old);
        let new = distribution(&case.mean_new, &case.std_new);
        assert_close(&values(old.kl(&new)), &[case.kl_old_new], TOLERANCE);
        assert_close(
            &values(old.log_probability(row(&case.action))),
            &[case.logp_old],
            TOLERANCE,
        );
        assert_close(&values(old.entropy()), &[case.entropy_old], TOLERANCE);
    }
}

#[test]
fn categorical_distributions_have_the_divergence_and_entropy_of_the_reference() {
    for case in file().categorical {
        let distribution = |logits: &Vec<f64>| ActionDistribution::Categorical {
            logits: matrix(std::slice::from_ref(logits)),
        };
        let (old, new) = (distribution(&case.logits_old), distribution(&case.logits_new));
        assert_close(&values(old.kl(&new)), &[case.kl], TOLERANCE);
        assert_close(&values(old.entropy()), &[case.entropy_old], TOLERANCE);
    }
}

#[test]
fn a_policy_has_the_parameters_means_and_probabilities_of_the_reference() {
    let reference = file().policy;
    let policy = policy(&reference);
    assert_close(&policy.parameters().expect("parameters"), &reference.theta, 0.0);
    let distribution = policy.distribution(matrix(&reference.obs));
    let linearization = policy.linearize(matrix(&reference.obs));
    for distribution in [&distribution, linearization.distribution()] {
        let ActionDistribution::Gaussian { mean, .. } = distribution else {
            panic!("a policy of continuous actions");
        };
        assert_close(&values(mean.clone()), &reference.mean.concat(), TOLERANCE);
        let log_probability = distribution.log_probability(matrix(&reference.actions));
        assert_close(&values(log_probability), &reference.logp, TOLERANCE);
    }
}

#[test]
fn gradient_and_fisher_products_are_those_of_the_reference() {
    let reference = file().policy;
    for piece in [1, 4, reference.obs.len()] {
        let surrogate = surrogate(&reference, piece);
        let gradient = surrogate.gradient().expect("a gradient");
        assert_close(&gradient, &reference.surrogate_gradient, TOLERANCE);
        let product = |damping| surrogate.fisher_product(&reference.v, damping).expect("a product");
        assert_close(&product(0.0), &reference.fisher_times_v, TOLERANCE);
        assert_close(&product(DAMPING), &reference.fisher_times_v_damped, TOLERANCE);
    }
}

#[test]
fn the_step_is_that_of_the_reference() {
    let File { policy, cg, .. } = file();
    let surrogate = surrogate(&policy, 4);
    let gradient = surrogate.gradient().expect("a gradient");
    let (x, step) = solve(&surrogate, &gradient, cg.delta);
    assert_close(&x, &policy.cg10, AFTER_GRADIENTS);
    assert_close(&step, &policy.step, AFTER_GRADIENTS);
    let expected: f64 = gradient.iter().zip(&step).map(|(a, b)| a * b).sum();
    assert_close(&[expected], &[policy.expected_improvement], AFTER_GRADIENTS);
}

/// Runs a line search and compares all it tried with the reference.
fn assert_search(
    file: &File,
    multiplier: f64,
    trials: &[Trial],
    accepted: Option<usize>,
    theta_new: &[f64],
    tolerance: f64,
) {
    let reference = &file.policy;
    let delta = file.line_search_rule.delta;
    let surrogate = surrogate(reference, 4);
    let step: Vec<f64> = reference.step.iter().map(|value| multiplier * value).collect();
    let expected = multiplier * reference.expected_improvement;
    let backtracks = trials.len() - 1;
    let found = line_search(&surrogate, &reference.theta, &step, expected, delta, backtracks).expect("a search");
    assert_eq!(found.trials.len(), trials.len());
    let old = reference.advantages.iter().sum::<f64>() / reference.advantages.len() as f64;
    for (index, (found, trial)) in found.trials.iter().zip(trials).enumerate() {
        assert_close(
            &[found.fraction, found.improvement + old, found.improvement, found.kl],
            &[trial.fraction, trial.surrogate, trial.improvement, trial.kl],
            tolerance,
        );
        let is_accepted = is_accepted(found.kl, found.improvement, found.fraction * expected, delta);
        assert_eq!(is_accepted, trial.accept);
        assert_eq!(is_accepted, Some(index) == accepted);
    }
    let parameters = found.parameters.unwrap_or_else(|| reference.theta.clone());
    assert_close(&parameters, theta_new, tolerance);
}

#[test]
fn the_line_search_is_that_of_the_reference() {
    let file = file();
    let policy = &file.policy;
    let trials = &policy.line_search;
    assert_search(
        &file,
        1.0,
        trials,
        policy.accepted_index,
        &policy.theta_new,
        AFTER_GRADIENTS,
    );
}

#[test]
fn a_step_that_is_too_long_is_cut_back_as_in_the_reference() {
    let file = file();
    let long = &file.line_search_long;
    let multiplier = long.multiplier;
    assert_search(
        &file,
        multiplier,
        &long.trace,
        long.accepted_index,
        &long.theta_new,
        LONG_STEP,
    );
}

#[test]
fn steps_are_accepted_by_the_rule_of_the_reference() {
    let rule = file().line_search_rule;
    for case in rule.cases {
        let [kl, improvement] = [case.kl, case.improvement].map(|value| value.unwrap_or(f64::NAN));
        let found = is_accepted(kl, improvement, case.expected, rule.delta);
        assert_eq!(found, case.accept, "{kl}, {improvement}, {}", case.expected);
    }
}
