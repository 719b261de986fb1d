//! The dynamics of ODE-Net against numbers computed with another library in double precision, and the sizes of all
//! networks.

use std::collections::BTreeMap;

use burn::{
    module::{Module, Param},
    prelude::*,
};
use neural_ode::{
    Dynamics, Method, Solver,
    ode_net::{
        layers::TimeConvolution,
        model::{Classifier, ClassifierConfig, OdeFunction, StemKind, Trunk},
    },
};
use papers_core::{
    nn::GroupNorm,
    testing::{assert_close, device, fixture, nested, numbers, values},
};
use serde::Deserialize;
use serde_json::Value;

/// How far the tight solution of the file is from the limit: at the kinks of ReLU its solver lost accuracy. Five methods
/// of this crate at tolerances down to `1e-14`, and 8,000 classic Runge-Kutta steps of PyTorch, agree with each other to
/// `1e-8` and are `4.5e-7` away from it.
const TIGHT: f64 = 1e-6;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    /// In words.
    #[serde(rename = "meaning")]
    _meaning: String,
    #[serde(rename = "C")]
    channels: usize,
    #[serde(rename = "G")]
    groups: usize,
    params: BTreeMap<String, Value>,
    x: Value,
    loss_weights: Value,
    expected: BTreeMap<String, Value>,
    tol: f64,
    parameter_counts: BTreeMap<String, usize>,
}

fn load() -> Fixture {
    fixture(env!("CARGO_MANIFEST_DIR"), "odenet.json")
}

/// Pictures of the file, whose channels stand in front of their rows, as the networks take them.
fn pictures(value: &Value, device: &Device) -> Tensor<4> {
    nested::<4>(value, device).permute([0, 2, 3, 1])
}

/// The numbers of pictures in the order of the file.
fn picture_values(pictures: Tensor<4>) -> Vec<f64> {
    values(pictures.permute([0, 3, 1, 2]))
}

fn dynamics(fixture: &Fixture, device: &Device) -> OdeFunction {
    let vector = |name: &str| Param::from_tensor(nested::<1>(&fixture.params[name], device));
    let norm = |name: &str| GroupNorm {
        scale: vector(&format!("{name}_w")),
        shift: vector(&format!("{name}_b")),
        groups: fixture.groups,
        epsilon: 1e-5,
    };
    let convolution = |name: &str| TimeConvolution {
        weight: Param::from_tensor(nested::<4>(&fixture.params[&format!("{name}_w")], device)),
        bias: vector(&format!("{name}_b")),
    };
    OdeFunction {
        norms: ["gn1", "gn2", "gn3"].map(norm).into(),
        convolutions: ["c1", "c2"].map(convolution).into(),
    }
}

#[test]
fn the_dynamics_have_the_reference_values() {
    let fixture = load();
    let device = device();
    let dynamics = dynamics(&fixture, &device);
    assert_eq!(dynamics.norms[0].scale.dims(), [fixture.channels]);
    let mut cases = 0;
    for (name, expected) in &fixture.expected {
        // `f_at_t_0_4` is the value at t = 0.4.
        let Some(time) = name.strip_prefix("f_at_t_") else {
            continue;
        };
        let time = time.replacen('_', ".", 1).parse().expect("a time");
        let value = dynamics.evaluate(time, pictures(&fixture.x, &device));
        assert_close(&picture_values(value), &numbers(expected), fixture.tol);
        cases += 1;
    }
    assert!(cases > 0, "the fixture has values of f");
}

#[test]
fn solutions_are_the_reference_ones() {
    let fixture = load();
    let device = device();
    let dynamics = dynamics(&fixture, &device);
    let state = pictures(&fixture.x, &device);
    let solve = |solver: Solver| {
        let solution = solver
            .solve(&dynamics, state.clone(), &[0.0, 1.0])
            .expect("smooth dynamics");
        picture_values(solution.into_last())
    };
    let mut cases = 0;
    for (name, expected) in &fixture.expected {
        let expected = || numbers(expected);
        if let Some(steps) = steps_of(name) {
            let fixed = Solver::new(Method::Rk4).step_size(1.0 / steps);
            assert_close(&solve(fixed), &expected(), fixture.tol);
            cases += 1;
        }
        if name == "tight_solution" {
            let tight = Solver::new(Method::Dopri5).tolerances(1e-11, 1e-11);
            assert_close(&solve(tight), &expected(), TIGHT.max(fixture.tol));
            cases += 1;
        }
    }
    assert_eq!(cases, 2, "the fixture has a solution in fixed steps and a tight one");
}

/// `rk4_38_4_steps` is four steps of the 3/8 rule.
fn steps_of(name: &str) -> Option<f64> {
    name.strip_prefix("rk4_38_")?.strip_suffix("_steps")?.parse().ok()
}

#[test]
fn every_number_of_the_file_has_its_test() {
    for name in load().expected.keys() {
        let is_named = ["tight_solution", "loss_on_rk4", "grads"].contains(&name.as_str());
        let is_read = is_named || name.starts_with("f_at_t_") || steps_of(name).is_some();
        assert!(is_read, "nobody reads `{name}`");
    }
}

#[test]
fn loss_and_all_gradients_are_the_reference_ones() {
    let fixture = load();
    let device = device().autodiff();
    let dynamics = dynamics(&fixture, &device);
    let state = pictures(&fixture.x, &device).require_grad();
    let steps = fixture
        .expected
        .keys()
        .find_map(|name| steps_of(name))
        .expect("a solution in fixed steps");
    let solver = Solver::new(Method::Rk4).step_size(1.0 / steps);
    let solution = solver
        .solve(&dynamics, state.clone(), &[0.0, 1.0])
        .expect("smooth dynamics");
    let loss = (solution.into_last() * pictures(&fixture.loss_weights, &device)).sum();
    assert_close(
        &values(loss.clone()),
        &numbers(&fixture.expected["loss_on_rk4"]),
        fixture.tol,
    );

    let gradients = loss.backward();
    let of_vector = |param: &Param<Tensor<1>>| values(param.grad(&gradients).expect("tracked"));
    let of_kernel = |param: &Param<Tensor<4>>| values(param.grad(&gradients).expect("tracked"));
    let expected = fixture.expected["grads"].as_object().expect("gradients by name");
    for (name, expected) in expected {
        let actual = match name.as_str() {
            "x" => picture_values(state.grad(&gradients).expect("tracked")),
            "gn1_w" => of_vector(&dynamics.norms[0].scale),
            "gn1_b" => of_vector(&dynamics.norms[0].shift),
            "gn2_w" => of_vector(&dynamics.norms[1].scale),
            "gn2_b" => of_vector(&dynamics.norms[1].shift),
            "gn3_w" => of_vector(&dynamics.norms[2].scale),
            "gn3_b" => of_vector(&dynamics.norms[2].shift),
            "c1_w" => of_kernel(&dynamics.convolutions[0].weight),
            "c1_b" => of_vector(&dynamics.convolutions[0].bias),
            "c2_w" => of_kernel(&dynamics.convolutions[1].weight),
            "c2_b" => of_vector(&dynamics.convolutions[1].bias),
            other => panic!("the dynamics have no parameter `{other}`"),
        };
        assert_close(&actual, &numbers(expected), fixture.tol);
    }
    assert_eq!(
        expected.len(),
        1 + fixture.params.len(),
        "a gradient for x and every parameter"
    );
}

#[test]
fn all_networks_have_the_paper_s_number_of_parameters() {
    let device = device();
    let network = |stem, trunk| -> Classifier {
        let config = ClassifierConfig {
            colors: 1,
            side: 28,
            classes: 10,
            width: 64,
            stem,
            trunk,
        };
        config.init(&device)
    };
    let ode = |stem| network(stem, Trunk::Ode);
    let residual = |stem, blocks| network(stem, Trunk::Blocks(blocks));
    for (name, &expected) in &load().parameter_counts {
        let actual = match name.as_str() {
            "conv_downsampling" => ode(StemKind::Conv).stem.num_params(),
            "res_downsampling" => ode(StemKind::Res).stem.num_params(),
            "ode_func" => ode(StemKind::Conv).dynamics.expect("an ODE").num_params(),
            "six_res_blocks" => residual(StemKind::Conv, 6).blocks.num_params(),
            "head" => ode(StemKind::Conv).head.num_params(),
            "ode_net_conv" => ode(StemKind::Conv).num_params(),
            "ode_net_res" => ode(StemKind::Res).num_params(),
            "resnet_conv" => residual(StemKind::Conv, 6).num_params(),
            "resnet_res" => residual(StemKind::Res, 6).num_params(),
            "no_block_conv" => residual(StemKind::Conv, 0).num_params(),
            other => panic!("there is no network `{other}`"),
        };
        assert_eq!(actual, expected, "{name}");
    }
}
