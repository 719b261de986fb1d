//! `correlation.json`.

use papers_core::{
    base::metrics::{pearson_correlation, spearman_correlation},
    testing::{assert_close, numbers},
};
use photofeeler::evaluate::{mean_absolute_error, root_mean_squared_error};
use serde_json::Value;

use crate::common::{EXACT, cases, fixture};

#[test]
fn correlations_and_errors_are_those_of_the_fixture() {
    let fixture = fixture("correlation.json");
    let mut undefined = 0;
    for case in cases(&fixture) {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let tolerance = case["tolerance"].as_f64().unwrap_or(EXACT);
        let check = |key: &str, found: Option<f64>| match case.get(key) {
            None => {}
            Some(Value::Null) => assert_eq!(found, None, "{key}"),
            Some(expected) => assert_close(
                &[found.expect("defined")],
                &[expected.as_f64().expect("a number")],
                tolerance,
            ),
        };
        undefined += usize::from(case.get("pearson").is_some_and(Value::is_null));
        check("pearson", pearson_correlation(&x, &y));
        check("spearman", spearman_correlation(&x, &y));
        check("rmse", Some(root_mean_squared_error(&x, &y)));
        check("mae", Some(mean_absolute_error(&x, &y)));
    }
    assert!(undefined > 0, "constant numbers are among the cases");
}
