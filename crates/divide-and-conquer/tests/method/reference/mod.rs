//! Equations against numbers that were computed by another program in double precision: every file of `fixtures`, every
//! case in it.

mod clusters;
mod learners;
mod losses;
mod metrics;
mod slices;

use papers_core::testing;
use serde_json::Value;

/// Relative tolerance of double precision.
const TOLERANCE: f64 = 1e-9;

/// The cases of a fixture.
fn cases(file: &str) -> Vec<Value> {
    let fixture: Value = testing::fixture(env!("CARGO_MANIFEST_DIR"), file);
    let cases = fixture["cases"].as_array().expect("cases").clone();
    assert!(!cases.is_empty(), "{file}: no case");
    cases
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn whole(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no whole number")) as usize
}

fn wholes(list: &Value) -> Vec<usize> {
    list.as_array().expect("a list").iter().map(whole).collect()
}

fn table(list: &Value) -> Vec<Vec<usize>> {
    list.as_array().expect("a list").iter().map(wholes).collect()
}

fn rows(list: &Value) -> divide_and_conquer::Rows<f64> {
    let first = list[0].as_array().expect("rows").len();
    divide_and_conquer::Rows::new(testing::numbers(list), first).expect("rows of one width")
}
