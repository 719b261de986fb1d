//! Histograms and weights of every strategy.

use db_vae::{
    latent_histogram::{Latents, histograms},
    resampling::{Estimate, Resampling, SamplingWeights, product_logarithms, tempered},
};
use papers_core::testing::{assert_close, fixture};
use serde::Deserialize;

/// Of the fixtures, in double precision.
const TOLERANCE: f64 = 1e-9;
/// Of an exponent that is looked for by bisection.
const SEARCHED: f64 = 1e-6;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
    alpha_sweep: Sweep,
}

#[derive(Deserialize)]
struct Case {
    latents: Vec<Vec<f64>>,
    bins: usize,
    alpha: f64,
    smoothing: f64,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    edges: Vec<Vec<f64>>,
    counts: Vec<Vec<u64>>,
    bin_index: Vec<Vec<u32>>,
    paper_product_mass: Vec<f64>,
    paper_product_mass_log_unnormalised: Vec<f64>,
    paper_product_density: Vec<f64>,
    mit_lab_max: Vec<f64>,
    top5_product: Vec<f64>,
    tempered: Tempered,
    ess: Sizes,
}

#[derive(Deserialize)]
struct Tempered {
    rho: f64,
    temperature: f64,
    weights: Vec<f64>,
}

#[derive(Deserialize)]
struct Sizes {
    paper_product_mass: f64,
    paper_product_density: f64,
    mit_lab_max: f64,
    top5_product: f64,
    tempered: f64,
}

#[derive(Deserialize)]
struct Sweep {
    latents: Vec<Vec<f64>>,
    bins: usize,
    results: Vec<Swept>,
}

#[derive(Deserialize)]
struct Swept {
    alpha: f64,
    paper_product_mass: Vec<f64>,
    ess: f64,
}

fn file() -> File {
    fixture(env!("CARGO_MANIFEST_DIR"), "sampling_weights.json")
}

fn latents(rows: &[Vec<f64>]) -> Latents {
    Latents::new(rows.concat(), rows[0].len()).expect("finite latents")
}

fn product(alpha: f64, estimate: Estimate) -> Resampling {
    Resampling::PaperProduct { alpha, estimate }
}

#[test]
fn histograms_have_the_edges_counts_and_bins_of_the_fixture() {
    for case in file().cases {
        let found = histograms(&latents(&case.latents), case.bins).expect("histograms");
        assert_eq!(found.len(), case.expected.edges.len());
        for (dimension, histogram) in found.iter().enumerate() {
            assert_close(&histogram.edges, &case.expected.edges[dimension], TOLERANCE);
            assert_eq!(histogram.counts, case.expected.counts[dimension]);
            assert_eq!(histogram.bin_of_row, case.expected.bin_index[dimension]);
        }
    }
}

#[test]
fn every_strategy_has_the_weights_of_the_fixture() {
    for (number, case) in file().cases.into_iter().enumerate() {
        let (latents, expected) = (latents(&case.latents), &case.expected);
        let check = |strategy: Resampling, weights: &[f64], size: f64, tolerance: f64| {
            let found = strategy
                .weights(&latents, case.bins, None)
                .unwrap_or_else(|error| panic!("case {number}, {strategy:?}: {error}"));
            assert_close(found.values(), weights, tolerance);
            assert_close(&[found.effective_sample_size()], &[size], tolerance);
        };
        let sizes = &expected.ess;
        check(
            product(case.alpha, Estimate::Mass),
            &expected.paper_product_mass,
            sizes.paper_product_mass,
            TOLERANCE,
        );
        check(
            product(case.alpha, Estimate::Density),
            &expected.paper_product_density,
            sizes.paper_product_density,
            TOLERANCE,
        );
        let smoothing = case.smoothing;
        check(
            Resampling::LabMax { smoothing },
            &expected.mit_lab_max,
            sizes.mit_lab_max,
            TOLERANCE,
        );
        check(
            Resampling::Top5Product { smoothing },
            &expected.top5_product,
            sizes.top5_product,
            TOLERANCE,
        );
        let strategy = Resampling::Tempered {
            alpha: case.alpha,
            rho: expected.tempered.rho,
        };
        check(strategy, &expected.tempered.weights, sizes.tempered, SEARCHED);
    }
}

#[test]
fn logarithms_and_exponents_are_those_of_the_fixture() {
    for case in file().cases {
        let histograms = histograms(&latents(&case.latents), case.bins).expect("histograms");
        let logarithms = product_logarithms(&histograms, case.alpha, Estimate::Mass);
        assert_close(
            &logarithms,
            &case.expected.paper_product_mass_log_unnormalised,
            TOLERANCE,
        );
        let (_, power) = tempered(&logarithms, case.expected.tempered.rho).expect("weights");
        assert_close(&[power], &[case.expected.tempered.temperature], SEARCHED);
    }
}

#[test]
fn a_smaller_alpha_is_a_stronger_debiasing_as_in_the_fixture() {
    let sweep = file().alpha_sweep;
    let latents = latents(&sweep.latents);
    let mut last = 0.0;
    for swept in sweep.results {
        let weights = product(swept.alpha, Estimate::Mass)
            .weights(&latents, sweep.bins, None)
            .expect("weights");
        assert_close(weights.values(), &swept.paper_product_mass, TOLERANCE);
        assert_close(&[weights.effective_sample_size()], &[swept.ess], TOLERANCE);
        assert!(weights.effective_sample_size() > last, "alpha {}", swept.alpha);
        last = weights.effective_sample_size();
    }
}

#[test]
fn a_very_large_alpha_is_uniform() {
    // Of the order of k / (alpha · N) away: 4 / (1e6 · 4000).
    let rows: Vec<Vec<f64>> = (0..4000)
        .map(|row| vec![f64::from(row % 17), f64::from(row % 5), f64::from(row), 1.0])
        .collect();
    let weights = product(1e6, Estimate::Mass)
        .weights(&latents(&rows), 10, None)
        .expect("weights");
    for weight in weights.values() {
        assert!((weight - 1.0 / 4000.0).abs() < 1e-9, "{weight}");
    }
}

#[test]
fn a_constant_dimension_weighs_all_rows_alike() {
    let one = [vec![0.0], vec![0.1], vec![5.0]];
    let two: Vec<Vec<f64>> = one.iter().map(|row| vec![row[0], 3.0]).collect();
    let strategy = product(0.01, Estimate::Mass);
    let weights = |rows: &[Vec<f64>]| strategy.weights(&latents(rows), 10, None).expect("weights");
    assert_close(weights(&one).values(), weights(&two).values(), 1e-14);
    for strategy in [strategy.clone(), Resampling::LabMax { smoothing: 0.0 }] {
        let single = strategy
            .weights(&latents(&[vec![7.0, 8.0]]), 10, None)
            .expect("weights");
        assert_eq!(single, SamplingWeights::uniform(1).expect("a row"));
    }
}

/// A hundred dimensions: the plain product leaves the range of numbers, its logarithm does not.
#[test]
fn a_product_of_many_dimensions_is_finite() {
    let value = |row: usize, dimension: usize| ((row * 7919 + dimension * 104_729) % 1009) as f64;
    let rows: Vec<Vec<f64>> = (0..400)
        .map(|row| (0..100).map(|dimension| value(row, dimension)).collect())
        .collect();
    let latents = latents(&rows);
    let logarithms = product_logarithms(&histograms(&latents, 200).expect("histograms"), 1e-6, Estimate::Mass);
    assert!(
        logarithms.iter().any(|logarithm| *logarithm > 400.0),
        "as large as it was meant to be"
    );
    let weights = product(1e-6, Estimate::Mass)
        .weights(&latents, 200, None)
        .expect("weights");
    let sum: f64 = weights.values().iter().sum();
    assert!((sum - 1.0).abs() < 1e-9 && weights.values().iter().all(|weight| weight.is_finite()));
    let guarded = Resampling::Tempered { alpha: 1e-6, rho: 0.3 };
    let guarded = guarded.weights(&latents, 200, None).expect("weights");
    assert!(guarded.effective_sample_size() >= 0.3 * 400.0 * (1.0 - 1e-9));
}
