//! TRPO against an independent reference, in double precision.

use burn::prelude::*;
use human_preferences::{
    environment::ActionSpace,
    policy::{ActionDistribution, Linearization, MlpConfig, MlpPolicy, Policy, TangentPolicy},
    trpo::{SampleTensors, Surrogate, conjugate_gradient, is_accepted, line_search},
};
use papers_core::testing::{assert_close, device, fixture, tensor_f64, values};
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

/// Hidden widths of a network whose parameters the file holds in one row: the fixture's note says what they are, and
/// this finds those of any two hidden layers from the number of parameters.
fn hidden(reference: &Reference, note: &str) -> Vec<usize> {
    let sizes = note.split_whitespace().find(|word| word.contains('-') && word.starts_with(char::is_numeric));
    let sizes: Vec<usize> = sizes
        .expect("the note names the sizes")
        .split('-')
        .map(|size| size.parse().expect("a size"))
        .collect();
    let (observation, actions) = (reference.obs[0].len(), reference.actions[0].len());
    assert_eq!((sizes.first(), sizes.last()), (Some(&observation), Some(&actions)));
    sizes[1..sizes.len() - 1].to_vec()
}
