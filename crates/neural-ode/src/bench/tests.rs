use burn::{nn::LinearConfig, prelude::*};
use papers_core::testing::{assert_close, device, values};

use super::{ABOUT, cases, check, filled};

#[test]
fn every_case_does_its_work() {
    check().unwrap();
}

#[test]
fn every_case_has_a_counterpart() {
    for case in cases() {
        assert!(
            ABOUT.script.text.contains(&format!("\"{}\":", case.name())),
            "{}",
            case.name()
        );
    }
}

#[test]
fn numbers_follow_from_their_index() {
    // 7919 = 7 · 1009 + 856.
    let expected = [-1.0, 2.0 * 856.0 / 1009.0 - 1.0];
    assert_close(&values(filled::tensor([1, 2], 1.0, &device())), &expected, 1e-7);
}

#[test]
fn weights_are_filled_by_output_and_still_learn() {
    let device = device().autodiff();
    let layer = filled::module(LinearConfig::new(2, 3).init(&device));
    let scale = 2.0 / 2f64.sqrt();
    // The weight of output 1 from input 0 is the third number; Burn stores `[inputs, outputs]`.
    let weight = values(layer.weight.val().inner());
    assert_close(&weight[1..2], &[scale * filled::number(2)], 1e-7);
    assert_close(&weight[3..4], &[scale * filled::number(1)], 1e-7);
    let input = Tensor::<2>::ones([1, 2], &device);
    let gradients = layer.forward(input).sum().backward();
    let gradient = layer.weight.val().grad(&gradients).expect("tracked");
    assert_close(&values(gradient), &[1.0; 6], 0.0);
    assert_close(&values(layer.bias.unwrap().val().inner()), &[0.0; 3], 0.0);
}
