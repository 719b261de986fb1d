//! Every term of the loss, and where the mask belongs.

use burn::prelude::*;
use db_vae::objective::{
    DebiasMask, Distance, Encoded, Losses, ObjectiveConfig, Over, OverRows, Variational, cross_entropy,
};
use papers_core::{
    distributions::DiagonalGaussian,
    testing::{assert_close, device, fixture, nested, numbers, values},
};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

struct Case {
    value: Value,
}

impl Case {
    fn all() -> Vec<Self> {
        let file: Value = fixture(env!("CARGO_MANIFEST_DIR"), "losses.json");
        let cases = file["cases"].as_array().expect("cases").clone();
        assert!(!cases.is_empty());
        cases.into_iter().map(|value| Self { value }).collect()
    }

    fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        nested(&self.value[name], &device())
    }

    fn expected(&self, name: &str) -> Vec<f64> {
        let value = &self.value["expected"][name];
        assert!(!value.is_null(), "{name}");
        numbers(value)
    }

    fn mask(&self) -> DebiasMask {
        DebiasMask::new(numbers(&self.value["y"]).into_iter().map(|label| label == 1.0))
    }

    fn objective(&self) -> ObjectiveConfig {
        let number = |name: &str| self.value[name].as_f64().expect("a number");
        ObjectiveConfig {
            classification: number("c1"),
            reconstruction: number("c2"),
            divergence: number("c3"),
            distance: match self.value["recon"].as_str().expect("a name") {
                "mean_abs" => Distance::MeanAbs,
                "mean_sq" => Distance::MeanSquare,
                "l1_sum" => Distance::SumAbs,
                "l2_norm" => Distance::Norm,
                other => panic!("no distance `{other}`"),
            },
            over_dimensions: Over::Sum,
            over_rows: OverRows::Mean,
        }
    }

    fn losses(&self, mask: &DebiasMask) -> Losses {
        let column = |name: &str| self.tensor::<1>(name).unsqueeze_dim(1);
        let encoded = Encoded {
            logits: column("logit"),
            posterior: DiagonalGaussian {
                mean: self.tensor("mu"),
                log_variance: self.tensor("logvar"),
            },
        };
        let noise: Tensor<2> = Tensor::zeros([mask.len(), encoded.posterior.mean.dims()[1]], &device());
        let noise = noise.cast(burn::tensor::DType::F64);
        // What the decoder would make is given.
        let reconstructions: Tensor<4> = self.tensor("x_recon");
        self.objective()
            .losses(&encoded, self.tensor("x"), column("y"), mask, noise, |_| {
                mask.select(reconstructions)
            })
    }

    /// The variational losses of all rows, masked or not.
    fn of_all_rows(&self) -> Variational {
        let rows = numbers(&self.value["y"]).len();
        let all = DebiasMask::first(rows, rows);
        self.losses(&all).variational.expect("rows to debias")
    }
}

#[test]
fn divergence_and_cross_entropy_of_each_row() {
    for case in Case::all() {
        assert_close(&values(case.of_all_rows().divergence), &case.expected("kl"), TOLERANCE);
        let logits = case.tensor::<1>("logit").unsqueeze_dim(1);
        let labels = case.tensor::<1>("y").unsqueeze_dim(1);
        assert_close(&values(cross_entropy(logits, labels)), &case.expected("bce"), TOLERANCE);
    }
}

#[test]
fn the_last_outputs_are_log_variances_and_not_log_deviations() {
    for case in Case::all() {
        let wrong = case.expected("log_sigma_reading_kl");
        let found = values(case.of_all_rows().divergence);
        assert!(
            found
                .iter()
                .zip(&wrong)
                .any(|(found, wrong)| (found - wrong).abs() > 1e-3)
        );
        // The wrong reading is the right one of twice the logarithm.
        let doubled = DiagonalGaussian {
            mean: case.tensor::<2>("mu"),
            log_variance: case.tensor::<2>("logvar") * 2.0,
        };
        let doubled: Tensor<1> = doubled.kl_to_standard_normal().sum_dim(1).squeeze_dim(1);
        assert_close(&values(doubled), &wrong, TOLERANCE);
    }
}

#[test]
fn every_distance_of_each_row() {
    for case in Case::all() {
        for (distance, name) in [
            (Distance::MeanAbs, "recon_mean_abs"),
            (Distance::MeanSquare, "recon_mean_sq"),
            (Distance::SumAbs, "recon_l1_sum"),
            (Distance::Norm, "recon_l2_norm"),
        ] {
            let found = distance.of(case.tensor::<4>("x"), case.tensor("x_recon"));
            assert_close(&values(found), &case.expected(name), TOLERANCE);
        }
    }
}

#[test]
fn losses_of_rows_and_of_the_batch() {
    for case in Case::all() {
        let (objective, mask) = (case.objective(), case.mask());
        assert_close(
            &values(objective.variational(&case.of_all_rows())),
            &case.expected("vae_loss"),
            TOLERANCE,
        );
        let losses = case.losses(&mask);
        let rows = values(objective.rows(&losses, &mask));
        assert_close(&rows, &case.expected("per_sample_total"), TOLERANCE);
        let total = values(objective.total(&losses));
        assert_close(&total, &case.expected("batch_mean"), TOLERANCE);
        if mask.is_empty() {
            continue;
        }
        let apart = ObjectiveConfig {
            over_rows: OverRows::Apart,
            ..objective
        };
        assert_close(
            &values(apart.total(&losses)),
            &case.expected("batch_sum_over_faces_mean"),
            TOLERANCE,
        );
    }
}

/// A known solution masks the classification and not the rest: the reverse of the method.
#[test]
fn a_misplaced_mask_is_refused() {
    for case in Case::all() {
        let wrong = case.expected("misplaced_mask_value_must_not_match")[0];
        let mask = case.mask();
        let total = values(case.objective().total(&case.losses(&mask)))[0];
        let is_face = numbers(&case.value["y"]);
        let rows = is_face.len() as f64;
        let bce = case.expected("bce");
        let masked: f64 = bce.iter().zip(&is_face).map(|(loss, face)| loss * face).sum();
        let all: f64 = case.expected("vae_loss").iter().sum();
        let misplaced = (masked * case.objective().classification + all) / rows;
        assert_close(&[misplaced], &[wrong], TOLERANCE);
        assert!((total - wrong).abs() > 1e-3, "{total} and {wrong}");
    }
}

#[test]
fn labels_are_added_up_and_the_mask_is_free() {
    let logits = Tensor::<2>::from_floats([[0.3, -1.0], [2.0, 0.5], [-0.2, 0.1]], &device());
    let labels = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], &device());
    let column = |tensor: &Tensor<2>, label| tensor.clone().narrow(1, label, 1);
    let by_label = |label| values(cross_entropy(column(&logits, label), column(&labels, label)));
    let expected: Vec<f64> = by_label(0)
        .iter()
        .zip(by_label(1))
        .map(|(one, other)| one + other)
        .collect();
    assert_close(&values(cross_entropy(logits, labels)), &expected, 1e-6);
    let mask = DebiasMask::new([false, true, true]);
    let rows = Tensor::<2>::from_floats([[1.0], [2.0], [3.0]], &device());
    assert_close(&values(mask.select(rows.clone())), &[2.0, 3.0], 0.0);
    assert_close(&values(DebiasMask::first(2, 3).select(rows)), &[1.0, 2.0], 0.0);
}

#[test]
fn a_batch_without_faces_has_a_loss() {
    let case = &Case::all()[0];
    let mask = DebiasMask::new([false; 4]);
    let losses = case.losses(&mask);
    assert!(losses.variational.is_none());
    let bce = case.expected("bce");
    let expected = case.objective().classification * bce.iter().sum::<f64>() / bce.len() as f64;
    assert_close(&values(case.objective().total(&losses)), &[expected], TOLERANCE);
    assert_close(&values(case.objective().rows(&losses, &mask)), &bce, TOLERANCE);
}
