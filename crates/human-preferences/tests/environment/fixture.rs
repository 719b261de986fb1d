//! Reading the fixtures.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Largest difference that counts as none, by step of a run.
pub(crate) type Tolerance = fn(usize) -> f64;

/// The fixture called `name`.
pub(crate) fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(value["schema"], 1, "{name} has another schema");
    value
}

/// A part of a fixture.
pub(crate) fn part<T: DeserializeOwned>(value: &Value, key: &str) -> T {
    serde_json::from_value(value[key].clone()).unwrap_or_else(|error| panic!("{key}: {error}"))
}

/// Asserts that numbers are within an absolute tolerance.
#[track_caller]
pub(crate) fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (found - expected).abs();
        assert!(
            off <= tolerance,
            "{what}[{index}]: {found} is not {expected}; off by {off:e}"
        );
    }
}
