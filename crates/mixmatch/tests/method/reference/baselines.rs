//! The part `baselines` of `losses.json`.

use burn::{prelude::*, tensor::activation::softmax};
use mixmatch::{
    Method,
    method::{MeanTeacher, PiModel, Vat, vat::unit},
    objective::{brier, confident, entropy, kl, pseudo_label},
};
use papers_core::testing::{assert_close, values};
use serde::Deserialize;

use super::{BOTH, DOUBLE, Rows, fixture, losses::File};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baselines {
    pseudo_label: PseudoLabelCase,
    consistency_mse: ConsistencyCase,
    vat: VatCase,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PseudoLabelCase {
    logits: Rows,
    threshold: f64,
    mask: Vec<f64>,
    loss_masked_mean: f64,
    loss_released_code_broadcast: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsistencyCase {
    teacher_logits: Rows,
    student_logits: Rows,
    loss: f64,
    grad_student: Rows,
    used_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VatCase {
    kl_teacher_student: Vec<f64>,
    kl_student_teacher: Vec<f64>,
    teacher_logits: Rows,
    student_logits: Rows,
    normalise_in: Vec<Vec<Rows>>,
    normalise_out: Vec<Vec<Rows>>,
    linear: LinearCase,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinearCase {
    #[serde(rename = "W")]
    weight: Rows,
    x: Rows,
    d0: Rows,
    xi: f64,
    eps: f64,
    perturbation: Rows,
    perturbation_tol: f64,
    loss_kl_student_teacher: f64,
    entropy: f64,
}

fn load() -> Baselines {
    fixture::<File>("losses.json").baselines
}

#[test]
fn pseudo_labels_count_where_they_are_confident_and_all_rows_are_averaged() {
    let case = load().pseudo_label;
    for precision in BOTH {
        let logits = precision.matrix(&case.logits);
        let mask = confident(logits.clone(), case.threshold);
        precision.assert_numbers("mask", &values(mask.clone()), &case.mask);
        let loss = pseudo_label(logits.clone(), case.threshold).mean();
        precision.assert_number("masked mean", loss, case.loss_masked_mean);
        // What the released program computes instead: the mean loss of all rows times the mean of the mask.
        let unmasked = pseudo_label(logits, 0.0).mean();
        let broadcast = unmasked * mask.mean();
        precision.assert_number("broadcast", broadcast, case.loss_released_code_broadcast);
    }
}

#[test]
fn consistency_is_the_squared_distance_without_a_gradient_through_the_teacher() {
    let case = load().consistency_mse;
    let names = [
        Method::PiModel(PiModel::default()).name(),
        Method::MeanTeacher(MeanTeacher::default()).name(),
    ];
    assert!(
        case.used_by
            .iter()
            .all(|name| names.contains(&name.replace('_', "-").as_str()))
    );
    for precision in BOTH {
        let [teacher, student] =
            [&case.teacher_logits, &case.student_logits].map(|rows| precision.matrix(rows).autodiff().require_grad());
        let loss = brier(student.clone(), softmax(teacher.clone(), 1).without_autodiff()).mean();
        let gradients = loss.backward();
        precision.assert_number("loss", loss, case.loss);
        let gradient = student.grad(&gradients).expect("tracked");
        precision.assert_rows("gradient", gradient, &case.grad_student);
        assert!(teacher.grad(&gradients).is_none());
    }
}

#[test]
fn divergences_of_vat_have_their_directions() {
    let case = load().vat;
    for precision in BOTH {
        let [teacher, student] = [&case.teacher_logits, &case.student_logits].map(|rows| precision.matrix(rows));
        let searched = values(kl(teacher.clone(), student.clone()));
        precision.assert_numbers("teacher || student", &searched, &case.kl_teacher_student);
        let minimized = values(kl(student, teacher));
        precision.assert_numbers("student || teacher", &minimized, &case.kl_student_teacher);
    }
}

#[test]
fn directions_of_vat_are_made_unit_in_two_divisions() {
    let case = load().vat;
    let flat = |examples: &[Vec<Rows>]| {
        examples
            .iter()
            .flatten()
            .flatten()
            .flatten()
            .copied()
            .collect::<Vec<f64>>()
    };
    let first = &case.normalise_in[0];
    let shape = [case.normalise_in.len(), first.len(), first[0].len(), first[0][0].len()];
    for precision in BOTH {
        let found = unit::<4>(precision.tensor(flat(&case.normalise_in), shape));
        precision.assert_numbers("unit", &values(found), &flat(&case.normalise_out));
    }
}

#[test]
fn one_power_step_finds_the_reference_perturbation() {
    let case = load().vat.linear;
    // Only in f64: in f32 a change of 1e-6 is hardly resolved.
    let [weight, inputs, start] = [&case.weight, &case.x, &case.d0].map(|rows| DOUBLE.matrix(rows));
    let forward = |inputs: Tensor<2>| inputs.matmul(weight.clone());
    let teacher = forward(inputs.clone());
    let settings = Vat {
        xi: case.xi,
        radius: case.eps,
        ..Vat::default()
    };
    let change = settings.perturbation(forward, inputs.clone(), teacher.clone(), start);
    assert_close(
        &values(change.clone()),
        &case.perturbation.concat(),
        case.perturbation_tol,
    );

    let loss = kl(forward(inputs + change), teacher.clone()).mean();
    assert_close(&values(loss), &[case.loss_kl_student_teacher], case.perturbation_tol);
    DOUBLE.assert_number("entropy", entropy(teacher).mean(), case.entropy);
}
