//! `kl.json`: losses, their gradient, scores.

use burn::prelude::*;
use papers_core::testing::{assert_close, device, nested, numbers, values};
use photofeeler::{
    model::OutputKind,
    objective::{cross_entropy, divergence, earth_movers, expected_scores},
};

use crate::common::{EXACT, SINGLE, cases, fixture, number};

#[test]
fn losses_are_those_of_the_fixture() {
    let fixture = fixture("kl.json");
    for case in cases(&fixture) {
        let logits: Tensor<2> = nested(&case["logits"], &device());
        let target: Tensor<2> = nested(&case["target"], &device());
        for (tolerance, precision) in [(EXACT, burn::tensor::DType::F64), (SINGLE, burn::tensor::DType::F32)] {
            let (logits, target) = (logits.clone().cast(precision), target.clone().cast(precision));
            let kl = divergence(logits.clone(), target.clone());
            assert_close(&values(kl.clone()), &numbers(&case["kl_per_row"]), tolerance);
            assert_close(&values(kl.mean()), &[number(&case["kl_batch_mean"])], tolerance);
            let entropy = cross_entropy(logits.clone(), target.clone());
            assert_close(&values(entropy), &numbers(&case["cross_entropy_per_row"]), tolerance);
            let emd = earth_movers(logits.clone(), target);
            assert_close(&values(emd), &numbers(&case["emd_r2"]), tolerance);
            let scores = expected_scores(logits);
            assert_close(&values(scores), &numbers(&case["expected_score"]), tolerance);
        }
    }
}

#[test]
fn losses_on_the_host_are_those_of_the_fixture() {
    let fixture = fixture("kl.json");
    for case in cases(&fixture) {
        let logits: Tensor<2> = nested(&case["logits"], &device());
        let shares = values(burn::tensor::activation::softmax(logits, 1));
        let targets = numbers(&case["target"]);
        for (output, key) in [
            (OutputKind::Distribution, "kl_per_row"),
            (OutputKind::Voter, "kl_per_row"),
            (OutputKind::Classification, "cross_entropy_per_row"),
            (OutputKind::Emd, "emd_r2"),
        ] {
            let rows = shares.chunks(10).zip(targets.chunks(10));
            let found: Vec<f64> = rows.map(|(shares, target)| output.host_loss(shares, target)).collect();
            assert_close(&found, &numbers(&case[key]), EXACT);
        }
    }
    assert_close(&[OutputKind::Regression.host_loss(&[0.75], &[0.5])], &[0.0625], EXACT);
}

#[test]
fn divergence_and_cross_entropy_have_the_gradient_of_the_fixture() {
    let fixture = fixture("kl.json");
    let tracked = device().autodiff();
    for case in cases(&fixture) {
        for loss in [divergence, cross_entropy] {
            let logits: Tensor<2> = nested(&case["logits"], &tracked);
            let logits = logits.require_grad();
            let gradients = loss(logits.clone(), nested(&case["target"], &tracked))
                .mean()
                .backward();
            let gradient = values(logits.grad(&gradients).expect("tracked"));
            assert_close(&gradient, &numbers(&case["grad_logits_of_batch_mean"]), EXACT);
        }
    }
}

#[test]
fn a_distribution_is_at_no_distance_from_itself() {
    let shares = [0.1, 0.0, 0.2, 0.0, 0.3, 0.0, 0.0, 0.4, 0.0, 0.0];
    let row = |values: Vec<f64>| papers_core::testing::tensor_f64::<2>(values, [1, 10], &device());
    let target = row(shares.to_vec());
    let logits = row(shares.iter().map(|share| f64::max(*share, 1e-12).ln()).collect());
    assert!(values(divergence(logits.clone(), target.clone()))[0].abs() < 1e-9);
    assert!(values(earth_movers(logits, target.clone()))[0].abs() < 1e-9);
}
