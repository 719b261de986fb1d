use burn::prelude::*;
use mixmatch::objective::{brier, check_targets, cross_entropy};
use papers_core::testing::values;
use serde::Deserialize;

use super::{BOTH, Rows, baselines::Baselines, fixture};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<Case>,
    pub(crate) baselines: Baselines,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    logits_x: Rows,
    targets_x: Rows,
    logits_u: Rows,
    targets_u: Rows,
    lambda_u: f64,
    loss_x: f64,
    loss_u: f64,
    total: f64,
    grad_logits_x: Rows,
    grad_logits_u: Rows,
}

#[test]
fn both_losses_and_their_gradients_are_the_reference_ones() {
    let file: File = fixture("losses.json");
    assert!(!file.cases.is_empty());
    for case in file.cases {
        for precision in BOTH {
            let logits = [&case.logits_x, &case.logits_u].map(|rows| precision.matrix(rows).autodiff().require_grad());
            let targets = [&case.targets_x, &case.targets_u].map(|rows| precision.matrix(rows));
            for targets in &targets {
                check_targets(targets).expect("distributions");
            }
            let [targets_x, targets_u] = targets;
            let loss_x = cross_entropy(logits[0].clone(), targets_x).mean();
            let loss_u = brier(logits[1].clone(), targets_u).mean();
            let total: Tensor<1> = loss_x.clone() + loss_u.clone() * case.lambda_u;
            let gradients = total.backward();
            precision.assert_number("loss_x", loss_x, case.loss_x);
            precision.assert_number("loss_u", loss_u, case.loss_u);
            precision.assert_number("total", total, case.total);
            for (logits, expected) in logits.iter().zip([&case.grad_logits_x, &case.grad_logits_u]) {
                let gradient = values(logits.grad(&gradients).expect("tracked"));
                precision.assert_numbers("gradient", &gradient, &expected.concat());
            }
        }
    }
}
