//! Every case of the independently generated numbers; see the README of the fixtures.

use std::collections::BTreeMap;

use human_preferences::{
    answer::Answer,
    label_schedule::{self, LabelConfig},
    preference,
    queries::{ranking, variances},
    reward_model::{Bootstrap, Moments, NormalizationConfig, RewardNormalizer, Window, adapted},
};
use papers_core::testing::{self, tensor_f64, values};
use serde::Deserialize;

/// Rounding of sums of a few numbers around 1.
const EXACT: f64 = 1e-12;
/// The `1e-8` that is added to deviations.
const NORMALIZED: f64 = 1e-9;

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    #[derive(Deserialize)]
    struct Versioned {
        schema: u32,
    }
    let version: Versioned = testing::fixture(env!("CARGO_MANIFEST_DIR"), name);
    assert_eq!(version.schema, 1, "{name} has another schema");
    testing::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

#[track_caller]
fn assert_near(what: &str, actual: f64, expected: f64, tolerance: f64) {
    let error = (actual - expected).abs();
    // Written so that NaN fails.
    assert!(
        error <= tolerance,
        "{what}: {actual} is not {expected} (off by {error:e})"
    );
}

#[track_caller]
fn assert_all_near(what: &str, actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}: as many values");
    for (index, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        assert_near(&format!("{what} {index}"), actual, expected, tolerance);
    }
}

#[derive(Deserialize)]
struct Preferences {
    answers: BTreeMap<String, Option<[f64; 2]>>,
    cases: Vec<PreferenceCase>,
    batch_mean_loss_eps01: f64,
}

#[derive(Deserialize)]
struct PreferenceCase {
    r1: Vec<f64>,
    r2: Vec<f64>,
    mu: [f64; 2],
    eps: f64,
    sum1: f64,
    sum2: f64,
    diff: f64,
    p_bt: f64,
    p_mixed: f64,
    loss: f64,
    dloss_dr1: f64,
}

#[test]
fn answers_are_the_distributions_of_the_fixture() {
    let fixture: Preferences = read("preference.json");
    let ours = Answer::ALL.map(|answer| (answer.name().to_owned(), answer.preference()));
    assert_eq!(BTreeMap::from(ours), fixture.answers);
}

#[test]
fn preferences_are_those_of_the_fixture() {
    let fixture: Preferences = read("preference.json");
    for (index, case) in fixture.cases.iter().enumerate() {
        let what = |name: &str| format!("case {index}, {name}");
        let sums = [&case.r1, &case.r2].map(|rewards| rewards.iter().sum::<f64>());
        assert_all_near(&what("sums"), &sums, &[case.sum1, case.sum2], EXACT);
        let probability = preference::probability(case.diff);
        assert_near(&what("p_bt"), probability, case.p_bt, EXACT);
        let mixed = preference::mixed_probability(case.diff, case.eps);
        assert_near(&what("p_mixed"), mixed, case.p_mixed, EXACT);
        let loss = preference::loss(case.diff, case.mu, case.eps);
        assert_near(&what("loss"), loss, case.loss, EXACT * case.loss);
        let derivative = preference::loss_derivative(case.diff, case.mu, case.eps);
        assert_near(&what("dloss_dr1"), derivative, case.dloss_dr1, EXACT);
    }
}

#[test]
fn losses_of_a_batch_and_their_gradients_are_those_of_the_fixture() {
    let fixture: Preferences = read("preference.json");
    let device = testing::device().autodiff();
    for (index, case) in fixture.cases.iter().enumerate() {
        let steps = case.r1.len();
        let rewards = |values: &[f64]| tensor_f64::<1>(values.to_vec(), [steps], &device).require_grad();
        let (first, second) = (rewards(&case.r1), rewards(&case.r2));
        let difference = first.clone().sum() - second.clone().sum();
        let mu = tensor_f64(case.mu.to_vec(), [1, 2], &device);
        let loss = preference::losses(difference, mu, case.eps);
        let gradients = loss.clone().sum().backward();
        let what = |name: &str| format!("case {index}, {name}");
        // Burn's logarithm of a sigmoid rounds where the loss is next to nothing.
        let tolerance = EXACT * case.loss.max(1.0);
        assert_near(&what("loss"), values(loss)[0], case.loss, tolerance);
        for (rewards, sign) in [(first, 1.0), (second, -1.0)] {
            let gradient = values(rewards.grad(&gradients).expect("tracked"));
            let expected = vec![sign * case.dloss_dr1; steps];
            assert_all_near(&what("gradient"), &gradient, &expected, EXACT);
        }
    }
}

#[test]
fn the_mean_loss_of_a_batch_is_that_of_the_fixture() {
    let fixture: Preferences = read("preference.json");
    let cases: Vec<&PreferenceCase> = fixture.cases.iter().filter(|case| case.eps == 0.1).collect();
    let device = testing::device();
    let differences = cases.iter().map(|case| case.diff).collect();
    let mu = cases.iter().flat_map(|case| case.mu).collect();
    let losses = preference::losses(
        tensor_f64(differences, [cases.len()], &device),
        tensor_f64(mu, [cases.len(), 2], &device),
        0.1,
    );
    let mean = values(losses.mean())[0];
    let expected = fixture.batch_mean_loss_eps01;
    assert_near("mean loss", mean, expected, EXACT * expected);
}

#[derive(Deserialize)]
struct Normalizations {
    predictors: usize,
    steps: Vec<NormalizationStep>,
    constant_input: ConstantInput,
    window: WindowCase,
    parallel_merge: Vec<Merge>,
}

#[derive(Deserialize)]
struct NormalizationStep {
    raw: Vec<Vec<f64>>,
    count: u64,
    mean: Vec<f64>,
    std: Vec<f64>,
    normalised: Vec<Vec<f64>>,
    ensemble_std1: Vec<f64>,
    ensemble_std005: Vec<f64>,
}

#[derive(Deserialize)]
struct ConstantInput {
    raw: Vec<f64>,
    normalised: Vec<f64>,
}

#[derive(Deserialize)]
struct WindowCase {
    size: usize,
    seq: Vec<f64>,
    stats: Vec<WindowStatistics>,
}

#[derive(Deserialize)]
struct WindowStatistics {
    t: usize,
    mean: f64,
    std: f64,
}

#[derive(Deserialize)]
struct Merge {
    a: Vec<f64>,
    b: Vec<f64>,
    mean: f64,
    var_pop: f64,
}

fn normalizer(members: usize, deviation: f64) -> RewardNormalizer {
    let config = NormalizationConfig {
        deviation,
        // All batches of the fixture.
        batches: usize::MAX,
    };
    RewardNormalizer::new(members, &config)
}

#[test]
fn normalized_rewards_are_those_of_the_fixture() {
    let fixture: Normalizations = read("reward_norm.json");
    let members = fixture.predictors;
    let mut statistics = vec![Window::new(None); members];
    let mut alone = vec![normalizer(1, 1.0); members];
    let (mut unit, mut small) = (normalizer(members, 1.0), normalizer(members, 0.05));
    for (index, step) in fixture.steps.iter().enumerate() {
        let what = |name: &str| format!("step {index}, {name}");
        for member in 0..members {
            let raw = &step.raw[member];
            statistics[member].push(Moments::of(raw.iter().copied()));
            let moments = statistics[member].moments();
            assert_eq!(moments.count, step.count, "{}", what("count"));
            assert_near(&what("mean"), moments.mean, step.mean[member], NORMALIZED);
            assert_near(&what("std"), moments.deviation(), step.std[member], NORMALIZED);
            let normalized = alone[member].normalized(std::slice::from_ref(raw));
            assert_all_near(&what("member"), &normalized, &step.normalised[member], NORMALIZED);
        }
        assert_all_near(
            &what("std 1"),
            &unit.normalized(&step.raw),
            &step.ensemble_std1,
            NORMALIZED,
        );
        let small = small.normalized(&step.raw);
        assert_all_near(&what("std 0.05"), &small, &step.ensemble_std005, NORMALIZED);
    }
}

#[test]
fn a_constant_predictor_gives_the_zeros_of_the_fixture() {
    let fixture: Normalizations = read("reward_norm.json");
    let rewards = normalizer(1, 1.0).normalized(&[fixture.constant_input.raw]);
    assert_eq!(rewards, fixture.constant_input.normalised);
}

#[test]
fn statistics_of_a_window_are_those_of_the_fixture() {
    let fixture: Normalizations = read("reward_norm.json");
    let mut window = Window::new(Some(fixture.window.size));
    let mut after = Vec::new();
    for &value in &fixture.window.seq {
        window.push(Moments::of([value]));
        after.push(window.moments());
    }
    for expected in &fixture.window.stats {
        let moments = after[expected.t];
        let what = |name: &str| format!("after value {}, {name}", expected.t);
        assert_near(&what("mean"), moments.mean, expected.mean, NORMALIZED);
        assert_near(&what("std"), moments.deviation(), expected.std, NORMALIZED);
    }
}

#[test]
fn joined_statistics_are_those_of_the_fixture() {
    let fixture: Normalizations = read("reward_norm.json");
    for case in &fixture.parallel_merge {
        let [a, b] = [&case.a, &case.b].map(|values| Moments::of(values.iter().copied()));
        for joined in [a.joined(b), b.joined(a)] {
            assert_near("mean", joined.mean, case.mean, NORMALIZED * case.mean.abs());
            assert_near("variance", joined.variance(), case.var_pop, NORMALIZED * case.var_pop);
        }
    }
}

#[derive(Deserialize)]
struct Selections {
    sum1: Vec<Vec<f64>>,
    sum2: Vec<Vec<f64>>,
    p_first: Vec<Vec<f64>>,
    variance: Vec<f64>,
    ranking: Vec<usize>,
    selected_n: usize,
    selected: Vec<usize>,
    ranking_if_variance_of_logits_instead: Vec<usize>,
}

#[test]
fn pairs_are_ranked_as_in_the_fixture() {
    let fixture: Selections = read("query_selection.json");
    let members = fixture.sum1.iter().zip(&fixture.sum2).zip(&fixture.p_first);
    for ((first, second), expected) in members {
        let sums = first.iter().zip(second);
        let probabilities: Vec<f64> = sums.map(|(one, other)| preference::probability(one - other)).collect();
        assert_all_near("p_first", &probabilities, expected, EXACT);
    }
    let variances = variances(&fixture.sum1, &fixture.sum2);
    assert_all_near("variance", &variances, &fixture.variance, EXACT);
    let ranking = ranking(&variances);
    assert_eq!(ranking, fixture.ranking);
    assert_eq!(ranking[..fixture.selected_n], fixture.selected);
    assert_ne!(ranking, fixture.ranking_if_variance_of_logits_instead);
}

#[derive(Deserialize)]
struct Regularization {
    n: usize,
    draws: Vec<Vec<usize>>,
    out_of_bag: Vec<Vec<usize>>,
    initial_coef: f64,
    series: Vec<Losses>,
}

#[derive(Deserialize)]
struct Losses {
    train: f64,
    val: f64,
    coef_after: f64,
}

#[test]
fn what_is_never_drawn_is_held_out_as_in_the_fixture() {
    let fixture: Regularization = read("bootstrap_l2.json");
    assert_eq!(fixture.draws.len(), fixture.out_of_bag.len());
    for (draws, expected) in fixture.draws.iter().zip(&fixture.out_of_bag) {
        let mut counts = vec![0; fixture.n];
        draws.iter().for_each(|&drawn| counts[drawn] += 1);
        let bootstrap = Bootstrap::of_counts(counts);
        assert_eq!(&bootstrap.held_out(), expected);
        let mut sorted = draws.clone();
        sorted.sort_unstable();
        assert_eq!(bootstrap.training(), sorted);
    }
}

#[test]
fn the_penalty_adapts_as_in_the_fixture() {
    let fixture: Regularization = read("bootstrap_l2.json");
    let mut coefficient = fixture.initial_coef;
    for (index, losses) in fixture.series.iter().enumerate() {
        coefficient = adapted(coefficient, losses.train, losses.val);
        let tolerance = EXACT * losses.coef_after;
        assert_near(&format!("round {index}"), coefficient, losses.coef_after, tolerance);
    }
}

#[derive(Deserialize)]
struct Schedules {
    mujoco_rate: Vec<Rate>,
    atari_rate: Vec<Rate>,
    cumulative: Cumulative,
}

#[derive(Deserialize)]
struct Rate {
    t: f64,
    rate: f64,
}

#[derive(Deserialize)]
struct Cumulative {
    total: u64,
    n0: u64,
    t0: f64,
    t_total: f64,
    points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    t: f64,
    labels: u64,
}

#[test]
fn labelling_rates_are_those_of_the_fixture() {
    let fixture: Schedules = read("schedule.json");
    for Rate { t, rate } in fixture.mujoco_rate {
        let ours = label_schedule::falling_rate(t, label_schedule::ROBOTICS_DECAY);
        assert_near(&format!("robotics at {t}"), ours, rate, EXACT);
    }
    for Rate { t, rate } in fixture.atari_rate {
        let ours = label_schedule::stepwise_rate(t, label_schedule::ATARI_DECAY);
        assert_near(&format!("Atari at {t}"), ours, rate, EXACT);
    }
}

#[test]
fn labels_become_due_as_in_the_fixture() {
    let Schedules { cumulative, .. } = read("schedule.json");
    let config = LabelConfig {
        total: cumulative.total,
        decay_steps: Some(cumulative.t0),
        ..LabelConfig::default()
    };
    let schedule = config.over(cumulative.t_total as u64);
    assert_eq!(schedule.initial(), cumulative.n0);
    for Point { t, labels } in cumulative.points {
        assert_eq!(schedule.due(t as u64), labels, "after {t} steps");
    }
}
