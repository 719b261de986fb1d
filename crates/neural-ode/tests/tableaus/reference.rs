//! Every number of the reference file is that of the crate.

use std::collections::BTreeMap;

use neural_ode::{
    method::Method,
    tableau::{self, Interpolant, Tableau, adams},
};
use papers_core::testing::fixture;
use serde::Deserialize;

use crate::all;

#[derive(Deserialize)]
struct File {
    methods: BTreeMap<String, Coefficients>,
    dopri8_dense_poly: Dense,
    adams: Adams,
}

#[derive(Deserialize)]
struct Coefficients {
    order: usize,
    embedded_order: Option<usize>,
    fsal: bool,
    controller_exponent: Option<usize>,
    c: Vec<f64>,
    #[serde(rename = "A")]
    a: Vec<Vec<f64>>,
    b: Vec<f64>,
    e: Option<Vec<f64>>,
    c_rational: Option<Vec<String>>,
    #[serde(rename = "A_rational")]
    a_rational: Option<Vec<Vec<String>>>,
    b_rational: Option<Vec<String>>,
    e_rational: Option<Vec<String>>,
    mid: Option<Vec<f64>>,
    mid_rational: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Dense {
    p: Vec<Vec<f64>>,
    p_decimal: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct Adams {
    ab: BTreeMap<String, Vec<String>>,
    am: BTreeMap<String, Vec<String>>,
}

fn reference() -> File {
    fixture(env!("CARGO_MANIFEST_DIR"), "tableaus.json")
}

fn by_name(name: &str) -> Tableau {
    match name {
        "dopri5_classic_err" => tableau::DOPRI5_CLASSIC,
        _ => *name.parse::<Method>().unwrap().tableau().unwrap(),
    }
}

/// Equal but for the last bit: a ratio of integers may have been rounded in another way.
#[track_caller]
fn assert_same(actual: &[f64], expected: &[f64], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (actual, expected) in actual.iter().zip(expected) {
        let difference = (actual - expected).abs();
        assert!(
            difference <= f64::EPSILON * expected.abs(),
            "{what}: {actual} is not {expected}"
        );
    }
}

/// Equal up to one rounding of numbers of size one, as in `b - b̂`.
#[track_caller]
fn assert_same_difference(actual: &[f64], expected: &[f64], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (actual, expected) in actual.iter().zip(expected) {
        let tolerance = f64::EPSILON * expected.abs().max(1.0);
        assert!(
            (actual - expected).abs() <= tolerance,
            "{what}: {actual} is not {expected}"
        );
    }
}

fn rationals(texts: &[String]) -> Vec<f64> {
    let number = |text: &str| text.parse::<f64>().unwrap();
    let rational = |text: &String| {
        text.split_once('/')
            .map_or_else(|| number(text), |(p, q)| number(p) / number(q))
    };
    texts.iter().map(rational).collect()
}

#[test]
fn every_coefficient_is_that_of_the_reference() {
    for (name, expected) in reference().methods {
        let actual = by_name(&name);
        let a = |row: usize| format!("{name}, row {row} of a");
        assert_same(actual.nodes, &expected.c, &format!("{name}, c"));
        assert_same(actual.weights, &expected.b, &format!("{name}, b"));
        assert_eq!(actual.matrix.len(), expected.a.len(), "{name}");
        for (row, expected) in expected.a.iter().enumerate() {
            assert_same(actual.matrix[row], expected, &a(row));
        }
        for (row, expected) in expected.a_rational.iter().flatten().enumerate() {
            assert_same(actual.matrix[row], &rationals(expected), &a(row));
        }
        if let Some(expected) = &expected.c_rational {
            assert_same(actual.nodes, &rationals(expected), &format!("{name}, c"));
        }
        if let Some(expected) = &expected.b_rational {
            assert_same(actual.weights, &rationals(expected), &format!("{name}, b"));
        }
        assert_eq!(
            (actual.order, actual.is_fsal),
            (expected.order, expected.fsal),
            "{name}"
        );
    }
}

#[test]
fn every_error_estimate_is_that_of_the_reference() {
    for (name, expected) in reference().methods {
        let actual = by_name(&name).embedded;
        assert_eq!(actual.map(|embedded| embedded.order), expected.embedded_order, "{name}");
        assert_eq!(
            actual.map(|embedded| embedded.exponent),
            expected.controller_exponent,
            "{name}"
        );
        assert_eq!(actual.is_some(), expected.e.is_some(), "{name}");
        let Some(actual) = actual else { continue };
        for expected in [expected.e, expected.e_rational.as_deref().map(rationals)]
            .iter()
            .flatten()
        {
            assert_same_difference(actual.error_weights, expected, &format!("{name}, e"));
        }
        let mid = match actual.interpolant {
            Interpolant::Quartic { mid } => Some(mid),
            _ => None,
        };
        assert_eq!(mid.is_some(), expected.mid.is_some(), "{name}");
        for expected in [expected.mid, expected.mid_rational.as_deref().map(rationals)]
            .iter()
            .flatten()
        {
            assert_same(mid.unwrap(), expected, &format!("{name}, middle"));
        }
    }
}

#[test]
fn the_reference_has_every_explicit_tableau() {
    let methods = reference().methods;
    let names: Vec<&str> = methods.keys().map(|name| by_name(name).name).collect();
    let mut explicit = all().filter(|tableau| !tableau.is_implicit());
    assert!(explicit.all(|tableau| names.contains(&tableau.name)), "{names:?}");
}

#[test]
fn dense_output_of_dopri8_is_that_of_the_reference() {
    let expected = reference().dopri8_dense_poly;
    let Interpolant::Polynomials(actual) = tableau::DOPRI8.interpolant() else {
        panic!("not polynomials")
    };
    assert_eq!(actual.len(), expected.p.len());
    for (stage, actual) in actual.iter().enumerate() {
        assert_same(actual, &expected.p[stage], &format!("stage {stage}"));
        assert_same(
            actual,
            &rationals(&expected.p_decimal[stage]),
            &format!("stage {stage}"),
        );
    }
}

#[test]
fn adams_weights_are_those_of_the_reference() {
    let expected = reference().adams;
    for (order, expected) in &expected.ab {
        let actual = adams::bashforth(order.parse().unwrap()).unwrap();
        assert_same(actual, &rationals(expected), &format!("Bashforth {order}"));
    }
    for (order, expected) in &expected.am {
        let actual = adams::moulton(order.parse().unwrap()).unwrap();
        assert_same(actual, &rationals(expected), &format!("Moulton {order}"));
    }
    assert_eq!(
        (expected.ab.len(), expected.am.len()),
        (adams::MAX_ORDER, adams::MAX_ORDER)
    );
}

#[test]
fn adams_weights_end_at_the_highest_order() {
    for order in [0, adams::MAX_ORDER + 1, usize::MAX] {
        assert_eq!((adams::bashforth(order), adams::moulton(order)), (None, None));
    }
}
