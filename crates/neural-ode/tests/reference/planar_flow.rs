//! The cases of `cnf.json` without an equation: a planar flow, and the potentials.

use burn::{module::Param, prelude::*};
use neural_ode::flow::{PlanarFlow, Potential};
use papers_core::testing::{self, nested};
use serde::Deserialize;
use serde_json::Value;

use crate::cnf::{Params, check};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanarFlowCase {
    #[serde(rename = "name")]
    _name: String,
    /// In words.
    #[serde(rename = "equation")]
    _equation: String,
    layers: Vec<Params>,
    z_start: Value,
    expected: Params,
    tol: f64,
}

pub(crate) fn problems(case: &PlanarFlowCase) -> Vec<String> {
    let device = testing::device();
    let rows = |name: &str| {
        let rows: Vec<Value> = case.layers.iter().map(|layer| layer[name].clone()).collect();
        Param::from_tensor(nested(&Value::Array(rows), &device))
    };
    let flow = PlanarFlow {
        weight: rows("w"),
        direction: rows("u"),
        bias: rows("b"),
    };
    let (position, log_determinant) = flow.forward(nested(&case.z_start, &device));
    let mut problems = Vec::new();
    check(&mut problems, "z", position, &case.expected["z"], case.tol);
    check(
        &mut problems,
        "logdet",
        log_determinant,
        &case.expected["logdet"],
        case.tol,
    );
    problems
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PotentialsCase {
    #[serde(rename = "name")]
    _name: String,
    /// In words.
    #[serde(rename = "meaning")]
    _meaning: String,
    points: Value,
    expected: Params,
    tol: f64,
}

pub(crate) fn problems_of_potentials(case: &PotentialsCase) -> Vec<String> {
    let points: Tensor<2> = nested(&case.points, &testing::device());
    let mut problems = Vec::new();
    for (name, expected) in &case.expected {
        let name = Value::String(name.to_lowercase());
        let potential: Potential = serde_json::from_value(name).expect("a potential");
        let energy = potential.energy(points.clone());
        check(&mut problems, &format!("{potential:?}"), energy, expected, case.tol);
    }
    problems
}
