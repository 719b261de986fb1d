use burn::{
    module::{Module, Param},
    nn::Linear,
    prelude::*,
};
use divide_and_conquer::{
    Backbone, Embedder, Mode, Part, Slices,
    loss::margin::margin_loss,
    miner::Triplet,
    slices::{normalize, normalize_slices},
};
use papers_core::testing;

use super::{TOLERANCE, cases, number, whole, wholes};

/// Inputs are the features.
#[derive(Module, Debug)]
struct Nothing {
    /// A module has a parameter.
    unused: Param<Tensor<1>>,
}

impl Backbone<2> for Nothing {
    fn features(&self, inputs: Tensor<2>, _: Mode) -> Tensor<2> {
        inputs
    }
}

/// The rows `[start, end)` of the fixture's weight and bias, as a layer of Burn.
fn learner(case: &serde_json::Value, range: std::ops::Range<usize>) -> Linear {
    let device = testing::device().autodiff();
    let weight = testing::nested::<2>(&case["weight"], &device).slice([range.clone()]);
    let bias = testing::nested::<1>(&case["bias"], &device).slice([range]);
    Linear {
        weight: Param::from_tensor(Tensor::from_inner(weight.transpose().inner()).require_grad()),
        bias: Some(Param::from_tensor(Tensor::from_inner(bias.inner()).require_grad())),
    }
}

#[test]
fn gradients_outside_of_a_slice_are_exactly_zero() {
    for case in cases("slice_gradient.json") {
        let name = case["name"].as_str().expect("a name");
        let device = testing::device().autodiff();
        let features = testing::nested::<2>(&case["features"], &device).require_grad();
        let full: Tensor<2> = testing::nested(&case["embedding_full"], &device);
        let slices = Slices::new(full.dims()[1], whole(&case["num_learners"])).expect("equal slices");
        let chosen = whole(&case["learner"]);
        assert_eq!(
            slices.range(chosen),
            whole(&case["slice"][0])..whole(&case["slice"][1]),
            "{name}"
        );
        let embedder = Embedder {
            backbone: Nothing {
                unused: Param::from_tensor(Tensor::zeros([1], &device)),
            },
            learners: (0..slices.learners())
                .map(|index| learner(&case, slices.range(index)))
                .collect(),
        };
        let whole_embedding = embedder.embed(features.clone(), Part::Whole);
        testing::assert_close(
            &testing::values(whole_embedding.clone()),
            &testing::numbers(&case["embedding_full"]),
            TOLERANCE,
        );
        for (found, expected) in [
            (normalize(whole_embedding.clone()), "full_normalised"),
            (normalize_slices(whole_embedding, slices), "per_slice_normalised_full"),
        ] {
            testing::assert_close(&testing::values(found), &testing::numbers(&case[expected]), TOLERANCE);
        }
        let triplets: Vec<Triplet> = case["triplets"]
            .as_array()
            .expect("triples")
            .iter()
            .map(|triplet| wholes(triplet).try_into().expect("three"))
            .collect();
        let labels = wholes(&case["labels"]);
        for &[anchor, positive, negative] in &triplets {
            assert!(
                labels[anchor] == labels[positive] && labels[anchor] != labels[negative],
                "{name}"
            );
        }
        let slice = normalize(embedder.embed(features.clone(), Part::Slice(chosen)));
        testing::assert_close(
            &testing::values(slice.clone()),
            &testing::numbers(&case["slice_normalised"]),
            TOLERANCE,
        );
        let beta = testing::tensor_f64(vec![number(&case["beta"])], [1], &device);
        let loss = margin_loss(&slice, &triplets, beta, None, number(&case["alpha"]), 0.0);
        testing::assert_close(&testing::values(loss.clone()), &[number(&case["loss"])], TOLERANCE);
        let gradients = loss.backward();
        let by_features = testing::values(features.grad(&gradients).expect("tracked"));
        testing::assert_close(&by_features, &testing::numbers(&case["grad_features"]), TOLERANCE);
        let width = case["weight"][0].as_array().expect("a row").len();
        let (weights, biases) = (
            testing::numbers(&case["grad_weight"]),
            testing::numbers(&case["grad_bias"]),
        );
        for (index, learner) in embedder.learners.iter().enumerate() {
            let range = slices.range(index);
            let (expected, expected_bias) = (&weights[range.start * width..range.end * width], &biases[range]);
            let weight = learner.weight.grad(&gradients);
            let bias = learner.bias.as_ref().expect("a bias").grad(&gradients);
            if index != chosen {
                assert!(
                    expected.iter().chain(expected_bias).all(|&gradient| gradient == 0.0),
                    "{name}"
                );
                // They take no part in it at all.
                assert!(weight.is_none() && bias.is_none(), "{name}");
                continue;
            }
            let found = testing::values(weight.expect("a gradient").transpose());
            testing::assert_close(&found, expected, TOLERANCE);
            testing::assert_close(&testing::values(bias.expect("a gradient")), expected_bias, TOLERANCE);
        }
    }
    let fixture: serde_json::Value = testing::fixture(env!("CARGO_MANIFEST_DIR"), "slice_gradient.json");
    check_bounds(&fixture["bounds"]);
}

fn check_bounds(bounds: &serde_json::Value) {
    for case in bounds.as_array().expect("a list") {
        let (dimension, learners) = (whole(&case["d"]), whole(&case["K"]));
        let found = Slices::new(dimension, learners);
        assert_eq!(
            found.is_ok(),
            case["valid"].as_bool().expect("a flag"),
            "d = {dimension}, K = {learners}"
        );
        if let Ok(slices) = found {
            let expected = case["slices"].as_array().expect("slices");
            assert_eq!(expected.len(), learners);
            for (learner, range) in expected.iter().enumerate() {
                assert_eq!(slices.range(learner), whole(&range[0])..whole(&range[1]));
            }
        }
    }
}
