//! `cnf.json`: continuous flows with exact and estimated trace, likelihood and its gradient, planar flow, potentials.

use std::collections::BTreeMap;

use burn::{module::Param, nn::Linear, prelude::*, tensor::Gradients};
use neural_ode::{
    Method, Solver,
    flow::{
        ContinuousFlow, Regularization, Trace, Transported,
        field::{Gate, HyperNetwork, Planar, TimePerceptron, VelocityField},
    },
};
use papers_core::testing::{self, nested, values};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Report, differences, fixture, planar_flow};

pub(crate) type Params = BTreeMap<String, Value>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Value>,
}

#[test]
fn flows_match_the_reference() {
    let file: File = fixture("cnf.json");
    let mut report = Report::default();
    for case in file.cases {
        let name = case["name"].as_str().expect("a name").to_owned();
        let problems = match name.as_str() {
            name if name.starts_with("planar_cnf") => planar(&read(case)),
            name if name.starts_with("hypernet") => hyper_network(&read(case)),
            name if name.starts_with("ffjord") => perceptron(&read(case)),
            name if name.starts_with("planar_nf") => planar_flow::problems(&read(case)),
            name if name.starts_with("target_potentials") => planar_flow::problems_of_potentials(&read(case)),
            _ => vec!["no test knows this case".to_owned()],
        };
        report.case(&name, problems);
    }
    report.finish();
}

fn read<T: DeserializeOwned>(case: Value) -> T {
    serde_json::from_value(case).expect("a case has the schema of its name")
}

fn solver() -> Solver {
    Solver::new(Method::Dopri8).tolerances(1e-11, 1e-12)
}

fn param(params: &Params, name: &str, device: &Device) -> Param<Tensor<2>> {
    Param::from_tensor(nested(&params[name], device))
}

/// A list as `[length, 1]`, or the other way around.
fn list(params: &Params, name: &str, is_column: bool, device: &Device) -> Param<Tensor<2>> {
    let list: Tensor<1> = nested(&params[name], device);
    Param::from_tensor(list.unsqueeze_dim(usize::from(is_column)))
}

/// The file has weights as `[out, in]`.
fn linear(params: &Params, weight: &str, bias: &str, device: &Device) -> Linear {
    let weight: Tensor<2> = nested(&params[weight], device);
    Linear {
        // As a copy of its own, in the order of its own.
        weight: Param::from_tensor(weight.transpose() * 1.0),
        bias: Some(Param::from_tensor(nested(&params[bias], device))),
    }
}

pub(crate) fn check<const D: usize>(
    problems: &mut Vec<String>,
    what: &str,
    actual: Tensor<D>,
    expected: &Value,
    tolerance: f64,
) {
    problems.extend(differences(
        what,
        &values(actual),
        &testing::numbers(expected),
        tolerance,
    ));
}

/// What a solve from `start` to `end` gives: positions and the change of the log-density.
fn transport<F: VelocityField + 'static>(flow: &ContinuousFlow<F>, start: &Value, trace: &Trace) -> [Tensor<2>; 2] {
    let start = nested(start, &testing::device());
    let times = [flow.start, flow.end];
    let solution = flow.solve(&solver(), start, &times, trace, Regularization::default());
    let (position, change) = solution.expect("a smooth field").into_last();
    [position, change]
}

fn density<F: VelocityField + 'static>(flow: &ContinuousFlow<F>, data: Tensor<2>) -> Transported {
    flow.log_density(&solver(), data, &Trace::Exact, Regularization::default())
        .expect("a smooth field")
}

fn flow<F: VelocityField + 'static>(field: F, start: f64, end: f64) -> ContinuousFlow<F> {
    let mut flow = ContinuousFlow::new(field, end);
    flow.start = start;
    flow
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanarCase {
    #[serde(rename = "name")]
    _name: String,
    /// In words.
    #[serde(rename = "equation")]
    _equation: String,
    params: Params,
    z_start: Value,
    t0: f64,
    t1: f64,
    expected: PlanarExpected,
    tol: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanarExpected {
    z_t1: Value,
    delta_logp: Value,
    logdet_of_flow_map: Value,
    vf_at_t0: Value,
    trace_at_t0: Value,
    backward_from_t1: Backward,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Backward {
    /// In words.
    #[serde(rename = "meaning")]
    _meaning: String,
    z_t0: Value,
    delta_logp_t1_to_t0: Value,
    log_px: Value,
}

fn planar(case: &PlanarCase) -> Vec<String> {
    let device = testing::device();
    let params = &case.params;
    let field = Planar {
        weight: param(params, "w", &device),
        direction: param(params, "u", &device),
        bias: list(params, "b", false, &device),
        gate: params.contains_key("gate_w").then(|| Gate {
            slope: list(params, "gate_w", true, &device),
            offset: list(params, "gate_b", true, &device),
        }),
    };
    let (expected, tolerance) = (&case.expected, case.tol);
    let mut problems = Vec::new();

    let start: Tensor<2> = nested(&case.z_start, &device);
    let (velocity, divergence) = field.with_divergence(case.t0, start.clone());
    check(&mut problems, "vf_at_t0", velocity, &expected.vf_at_t0, tolerance);
    check(
        &mut problems,
        "vf_at_t0 alone",
        field.velocity(case.t0, start.clone()),
        &expected.vf_at_t0,
        tolerance,
    );
    check(
        &mut problems,
        "trace_at_t0",
        divergence,
        &expected.trace_at_t0,
        tolerance,
    );

    let flow = flow(field, case.t0, case.t1);
    let [position, change] = transport(&flow, &case.z_start, &Trace::Exact);
    check(&mut problems, "z_t1", position, &expected.z_t1, tolerance);
    check(
        &mut problems,
        "delta_logp",
        change.clone(),
        &expected.delta_logp,
        tolerance,
    );
    check(
        &mut problems,
        "logdet_of_flow_map",
        -change,
        &expected.logdet_of_flow_map,
        tolerance,
    );

    let backward = &expected.backward_from_t1;
    let found = density(&flow, start);
    let change = found.solution.last().1.clone();
    check(&mut problems, "z_t0", found.position, &backward.z_t0, tolerance);
    check(
        &mut problems,
        "delta_logp_t1_to_t0",
        change,
        &backward.delta_logp_t1_to_t0,
        tolerance,
    );
    check(&mut problems, "log_px", found.log_density, &backward.log_px, tolerance);
    problems
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HyperNetworkCase {
    #[serde(rename = "name")]
    _name: String,
    /// In words.
    #[serde(rename = "equation")]
    _equation: String,
    width: usize,
    hidden: usize,
    params: Params,
    z_start: Value,
    t0: f64,
    t1: f64,
    expected: Params,
    tol: f64,
}

fn hyper_network(case: &HyperNetworkCase) -> Vec<String> {
    let device = testing::device();
    let layer = |name: &str| linear(&case.params, &format!("{name}_w"), &format!("{name}_b"), &device);
    let field = HyperNetwork::from_layers(layer("fc1"), layer("fc2"), layer("fc3"), 2);
    let mut problems = Vec::new();
    if field.second.weight.dims() != [case.hidden; 2] {
        problems.push("hidden".to_owned());
    }
    let flow = flow(field, case.t0, case.t1);
    for (name, expected) in &case.expected {
        let Some(time) = name.strip_prefix("at_t_") else {
            if !["z_t1", "delta_logp"].contains(&name.as_str()) {
                problems.push(format!("no test knows `{name}`"));
            }
            continue;
        };
        let time: f64 = time.replace('_', ".").parse().expect("a time");
        let [weight, direction, bias] = flow.field.parameters(time);
        if weight.dims()[0] != case.width {
            problems.push("width".to_owned());
        }
        check(&mut problems, "W", weight, &expected["W"], case.tol);
        check(&mut problems, "U", direction, &expected["U"], case.tol);
        check(&mut problems, "B", bias, &expected["B"], case.tol);
    }
    let [position, change] = transport(&flow, &case.z_start, &Trace::Exact);
    check(&mut problems, "z_t1", position, &case.expected["z_t1"], case.tol);
    check(
        &mut problems,
        "delta_logp",
        change,
        &case.expected["delta_logp"],
        case.tol,
    );
    problems
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerceptronCase {
    #[serde(rename = "name")]
    _name: String,
    /// In words.
    #[serde(rename = "f")]
    _f: String,
    params: Params,
    z_start: Value,
    t0: f64,
    t1: f64,
    expected: PerceptronExpected,
    tol: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerceptronExpected {
    trace_at_t0: Value,
    z_t1: Value,
    delta_logp_exact: Value,
    hutchinson: Vec<Estimate>,
    /// In words.
    #[serde(rename = "hutchinson_note")]
    _hutchinson_note: String,
    nll: Likelihood,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Estimate {
    kind: String,
    eps: Value,
    trace_est_at_t0: Value,
    delta_logp_est: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Likelihood {
    x: Value,
    /// In words.
    #[serde(rename = "meaning")]
    _meaning: String,
    value: f64,
    grads: Params,
}

fn perceptron(case: &PerceptronCase) -> Vec<String> {
    let device = testing::device();
    let field = |device: &Device| TimePerceptron {
        layers: vec![
            linear(&case.params, "W1", "b1", device),
            linear(&case.params, "W2", "b2", device),
        ],
    };
    let expected = &case.expected;
    let mut problems = Vec::new();
    let plain = flow(field(&device), case.t0, case.t1);

    let start: Tensor<2> = nested(&case.z_start, &device);
    let (_, divergence) = plain.field.with_divergence(case.t0, start.clone());
    check(
        &mut problems,
        "trace_at_t0",
        divergence,
        &expected.trace_at_t0,
        case.tol,
    );
    let [position, change] = transport(&plain, &case.z_start, &Trace::Exact);
    check(&mut problems, "z_t1", position, &expected.z_t1, case.tol);
    check(
        &mut problems,
        "delta_logp_exact",
        change,
        &expected.delta_logp_exact,
        case.tol,
    );

    for estimate in &expected.hutchinson {
        let noise: Tensor<2> = nested(&estimate.eps, &device);
        let noise: Tensor<3> = noise.unsqueeze_dim(0);
        let (_, pushed) = plain.field.push_forward(case.t0, start.clone(), noise.clone());
        let trace: Tensor<3> = (pushed * noise.clone()).sum_dim(2);
        let kind = &estimate.kind;
        check(&mut problems, kind, trace, &estimate.trace_est_at_t0, case.tol);
        let [_, change] = transport(&plain, &case.z_start, &Trace::Hutchinson(noise));
        check(&mut problems, kind, change, &estimate.delta_logp_est, case.tol);
    }

    let training = device.autodiff();
    let flow = flow(field(&training), case.t0, case.t1);
    let loss = -density(&flow, nested(&expected.nll.x, &training)).log_density.mean();
    problems.extend(differences(
        "nll",
        &values(loss.clone()),
        &[expected.nll.value],
        case.tol,
    ));
    let gradients = loss.backward();
    for (name, expected) in &expected.nll.grads {
        let found = gradient(&flow.field, name, &gradients);
        let expected = testing::numbers(expected);
        problems.extend(differences(&format!("gradient of {name}"), &found, &expected, case.tol));
    }
    problems
}

/// The gradient of a parameter by its name in the file, in the file's order.
fn gradient(field: &TimePerceptron, name: &str, gradients: &Gradients) -> Vec<f64> {
    let index: usize = name[1..].parse().expect("a layer");
    let layer = &field.layers[index - 1];
    if name.starts_with('W') {
        values(layer.weight.grad(gradients).expect("tracked").transpose())
    } else {
        values(layer.bias.as_ref().expect("a bias").grad(gradients).expect("tracked"))
    }
}
