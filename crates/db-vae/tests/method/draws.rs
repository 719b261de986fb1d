//! Draws by the inverse of the cumulated weights.

use db_vae::resampling::SamplingWeights;
use papers_core::testing;
use serde::Deserialize;

#[derive(Deserialize)]
struct Draws {
    weights: Vec<f64>,
    uniforms: Vec<f64>,
    expected_indices: Vec<usize>,
}

#[test]
fn uniform_numbers_stand_for_the_rows_that_the_fixture_says() {
    let Draws {
        weights,
        uniforms,
        expected_indices,
    } = testing::fixture(env!("CARGO_MANIFEST_DIR"), "draws.json");
    let draws = SamplingWeights::proportional_to(weights)
        .expect("weights")
        .inverse_cdf();
    let rows: Vec<usize> = uniforms.iter().map(|&uniform| draws.row(uniform)).collect();
    assert_eq!(rows, expected_indices);
}
