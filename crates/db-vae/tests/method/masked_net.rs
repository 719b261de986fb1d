//! Values and all gradients of a two-layer encoder and decoder with dense layers.

use burn::prelude::*;
use db_vae::objective::{DebiasMask, Encoded, Losses, ObjectiveConfig};
use papers_core::testing::{assert_close, device, fixture, nested, numbers, values};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;
const WEIGHTS: [&str; 8] = [
    "enc1_W", "enc1_b", "enc2_W", "enc2_b", "dec1_W", "dec1_b", "dec2_W", "dec2_b",
];

fn cases() -> Vec<Value> {
    let file: Value = fixture(env!("CARGO_MANIFEST_DIR"), "masked_net.json");
    file["cases"].as_array().expect("cases").clone()
}

/// A weight on the tape, as a matrix.
fn weights(case: &Value) -> Vec<Tensor<2>> {
    let device = device().autodiff();
    let of = |name: &&str| {
        let value = &case["weights"][name];
        let matrix: Tensor<2> = match name.ends_with('W') {
            true => nested(value, &device),
            false => nested::<1>(value, &device).unsqueeze_dim(0),
        };
        matrix.require_grad()
    };
    WEIGHTS.iter().map(of).collect()
}

fn dense(input: Tensor<2>, weight: &Tensor<2>, bias: &Tensor<2>) -> Tensor<2> {
    input.matmul(weight.clone()) + bias.clone()
}

fn relu(tensor: Tensor<2>) -> Tensor<2> {
    burn::tensor::activation::relu(tensor)
}

struct Run {
    encoded: Encoded,
    losses: Losses,
    objective: ObjectiveConfig,
    mask: DebiasMask,
    weights: Vec<Tensor<2>>,
}

impl Run {
    fn of(case: &Value, x: Tensor<2>, labels: &[f64]) -> Self {
        let weights = weights(case);
        let c = numbers(&case["c"]);
        let objective = ObjectiveConfig {
            classification: c[0],
            reconstruction: c[1],
            divergence: c[2],
            ..ObjectiveConfig::default()
        };
        let mask = DebiasMask::new(labels.iter().map(|&label| label == 1.0));
        let hidden = relu(dense(x.clone(), &weights[0], &weights[1]));
        let encoded = Encoded::of_outputs(dense(hidden, &weights[2], &weights[3]), 1);
        let noise: Tensor<2> = nested(&case["eps"], &device());
        let noise = if mask.is_empty() { noise } else { mask.select(noise) };
        let y = papers_core::testing::tensor_f64(labels.to_vec(), [labels.len(), 1], &device());
        let losses = objective.losses(&encoded, x, y, &mask, noise, |z| {
            let hidden = relu(dense(z, &weights[4], &weights[5]));
            burn::tensor::activation::sigmoid(dense(hidden, &weights[6], &weights[7]))
        });
        Self {
            encoded,
            losses,
            objective,
            mask,
            weights,
        }
    }

    /// Gradients of the loss by each weight; zeros for one that the loss does not depend on.
    fn gradients(&self) -> Vec<Vec<f64>> {
        let gradients = self.objective.total(&self.losses).backward();
        let of = |weight: &Tensor<2>| {
            let gradient = weight.grad(&gradients).map(values);
            gradient.unwrap_or_else(|| vec![0.0; weight.shape().num_elements()])
        };
        self.weights.iter().map(of).collect()
    }
}

fn pictures(case: &Value) -> Tensor<2> {
    nested(&case["x"], &device())
}

fn labels(case: &Value) -> Vec<f64> {
    numbers(&case["y"])
}

#[test]
fn values_are_those_of_the_fixture() {
    for case in cases() {
        let run = Run::of(&case, pictures(&case), &labels(&case));
        let expected = |name: &str| numbers(&case["expected"][name]);
        assert_close(&values(run.encoded.logits.clone()), &expected("logit"), TOLERANCE);
        assert_close(&values(run.encoded.posterior.mean.clone()), &expected("mu"), TOLERANCE);
        assert_close(
            &values(run.encoded.posterior.log_variance.clone()),
            &expected("logvar"),
            TOLERANCE,
        );
        let noise: Tensor<2> = nested(&case["eps"], &device());
        assert_close(&values(run.encoded.posterior.sample(noise)), &expected("z"), TOLERANCE);
        assert_close(&values(run.losses.classification.clone()), &expected("bce"), TOLERANCE);
        assert_close(
            &values(run.objective.rows(&run.losses, &run.mask)),
            &expected("per_sample"),
            TOLERANCE,
        );
        assert_close(&values(run.objective.total(&run.losses)), &expected("loss"), TOLERANCE);
        // With every row to debias there is a variational loss and a reconstruction of each.
        let all = Run::of(&case, pictures(&case), &vec![1.0; labels(&case).len()]);
        let variational = all.losses.variational.as_ref().expect("rows to debias");
        assert_close(
            &values(all.objective.variational(variational)),
            &expected("vae"),
            TOLERANCE,
        );
        let z: Tensor<2> = nested(&case["expected"]["z"], &device().autodiff());
        let hidden = relu(dense(z, &run.weights[4], &run.weights[5]));
        let made = burn::tensor::activation::sigmoid(dense(hidden, &run.weights[6], &run.weights[7]));
        assert_close(&values(made), &expected("recon"), TOLERANCE);
    }
}

#[test]
fn every_gradient_is_that_of_the_fixture() {
    for case in cases() {
        let run = Run::of(&case, pictures(&case), &labels(&case));
        for (name, gradient) in WEIGHTS.iter().zip(run.gradients()) {
            assert_close(&gradient, &numbers(&case["expected"]["grads"][name]), TOLERANCE);
        }
    }
}

#[test]
fn without_a_face_the_decoder_learns_exactly_nothing() {
    for case in cases() {
        let expected = &case["expected_all_nonface"];
        let run = Run::of(&case, pictures(&case), &vec![0.0; labels(&case).len()]);
        assert_close(
            &values(run.objective.total(&run.losses)),
            &numbers(&expected["loss"]),
            TOLERANCE,
        );
        for (name, gradient) in WEIGHTS.iter().zip(run.gradients()) {
            assert_close(&gradient, &numbers(&expected["grads"][name]), TOLERANCE);
            if name.starts_with("dec") {
                assert!(gradient.iter().all(|value| *value == 0.0), "{name}");
            }
        }
    }
}

/// Nor does it see the pixels of what is no face.
#[test]
fn pixels_of_other_pictures_change_no_gradient_of_the_decoder() {
    for case in cases() {
        let labels = labels(&case);
        let gradients = Run::of(&case, pictures(&case), &labels).gradients();
        let others = papers_core::testing::tensor_f64(
            labels.iter().map(|label| 1.0 - label).collect(),
            [labels.len(), 1],
            &device(),
        );
        let changed = Run::of(&case, pictures(&case) + others * 0.3, &labels).gradients();
        assert_eq!(gradients[4..], changed[4..]);
        assert_ne!(gradients[..4], changed[..4], "the encoder does");
    }
}
