//! Gradients of the losses agree with central differences, in `f64`.

use burn::{
    module::{Module, Param, ParamId},
    prelude::*,
};
use mixmatch::{
    Batch, Classifier,
    method::Pool,
    mixup::Mixing,
    objective::{brier, cross_entropy, entropy, kl, pseudo_label},
};
use papers_core::{
    nn::Statistics,
    testing::{assert_gradient, device, tensor_f64},
};

/// Logits of two examples for three classes.
const LOGITS: [f64; 6] = [0.3, -1.2, 2.0, 0.5, 0.4, -0.7];

fn matrix(numbers: [f64; 6]) -> Tensor<2> {
    tensor_f64(numbers.to_vec(), [2, 3], &device())
}

fn targets() -> Tensor<2> {
    matrix([0.2, 0.5, 0.3, 1.0, 0.0, 0.0])
}

#[test]
fn of_every_term() {
    assert_gradient(&LOGITS, |logits| cross_entropy(logits.reshape([2, 3]), targets()));
    assert_gradient(&LOGITS, |logits| brier(logits.reshape([2, 3]), targets()));
    assert_gradient(&LOGITS, |logits| entropy(logits.reshape([2, 3])));
    let other = matrix([1.0, 0.1, -0.4, -2.0, 0.0, 0.3]);
    assert_gradient(&LOGITS, |logits| kl(logits.reshape([2, 3]), other.clone()));
    assert_gradient(&LOGITS, |logits| kl(other.clone(), logits.reshape([2, 3])));
    // The first row is confident at this threshold, the second is not.
    assert_gradient(&LOGITS, |logits| pseudo_label(logits.reshape([2, 3]), 0.7));
}

/// A layer whose examples influence each other, as with batch normalization.
#[derive(Module, Debug)]
struct Centered {
    weight: Param<Tensor<2>>,
}

impl Classifier<2> for Centered {
    fn forward(&self, input: Tensor<2>, _: Statistics) -> Tensor<2> {
        let output = input.matmul(self.weight.val());
        (output.clone() - output.mean_dim(0)).tanh()
    }
}

#[test]
fn of_the_interleaved_and_mixed_pool() {
    let rows = |numbers: &[f64]| tensor_f64::<2>(numbers.to_vec(), [4, 2], &device());
    let batch = Batch {
        labeled: rows(&[0.1, 0.9, -0.5, 0.3, 1.2, 0.4, -0.8, 0.7]),
        targets: tensor_f64(
            vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0],
            [4, 3],
            &device(),
        ),
        unlabeled: vec![
            rows(&[0.2, 0.1, 0.5, -0.6, 0.7, 0.3, 0.9, -1.1]),
            rows(&[-0.3, 0.8, 0.6, 0.0, 1.0, -0.4, 0.2, 0.5]),
        ],
    };
    let guesses = batch.targets.clone() * 0.4 + 0.2;
    let lambda: Vec<f64> = (0..12).map(|row| f64::from(row) / 11.0).collect();
    let mixing = Mixing::new(&lambda, vec![5, 10, 2, 9, 7, 4, 11, 0, 6, 8, 3, 1]);
    assert_gradient(&LOGITS, |weight| {
        let model = Centered {
            weight: Param::initialized(ParamId::new(), weight.reshape([2, 3])),
        };
        let (labeled, unlabeled) = Pool::new(&batch, guesses.clone()).mixed(&mixing).losses(&model);
        labeled + unlabeled * 7.0
    });
}
