use papers_core::testing;
use serde_json::Value;

/// What fixtures are exact to in double precision.
pub(crate) const EXACT: f64 = 1e-9;
/// And in single precision.
pub(crate) const SINGLE: f64 = 1e-4;

pub(crate) fn fixture(name: &str) -> Value {
    testing::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

pub(crate) fn cases(fixture: &Value) -> &Vec<Value> {
    fixture["cases"].as_array().expect("cases")
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

pub(crate) fn index(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}
