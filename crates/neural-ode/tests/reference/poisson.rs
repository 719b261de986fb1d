//! The case `poisson` of `latent_ode.json`: rates, their integral and the likelihood.

use burn::{module::Param, nn::Linear};
use neural_ode::{
    Method, Solver,
    latent_ode::{model::LatentDynamics, poisson::PoissonProcess},
};
use papers_core::testing::{self, tensor_f64, values};
use serde::Deserialize;

use crate::{
    differences,
    latent_ode::{Params, linear, matrix},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoissonCase {
    /// In words.
    #[serde(rename = "meaning")]
    _meaning: String,
    #[serde(rename = "Wp")]
    weight: Vec<Vec<f64>>,
    #[serde(rename = "bp")]
    bias: Vec<f64>,
    z0: Vec<Vec<f64>>,
    events: Vec<f64>,
    t_start: f64,
    t_end: f64,
    expected: PoissonExpected,
    tol: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PoissonExpected {
    lambda_at_events: Vec<f64>,
    integral: f64,
    log_lik: f64,
}

/// With the dynamics of the case `full`.
pub(crate) fn problems(case: &PoissonCase, params: &Params) -> Vec<String> {
    let device = testing::device();
    let process = PoissonProcess {
        dynamics: LatentDynamics {
            first: linear(params, "f.W1", "f.b1", &device),
            second: linear(params, "f.W2", "f.b2", &device),
            output: linear(params, "f.W3", "f.b3", &device),
        },
        rate: Linear {
            weight: Param::from_tensor(matrix(&case.weight, &device).transpose() * 1.0),
            bias: Some(Param::from_tensor(tensor_f64(
                case.bias.clone(),
                [case.bias.len()],
                &device,
            ))),
        },
    };
    let mut problems = Vec::new();
    for solver in [
        Solver::new(Method::Rk4).step_size(1.0 / 512.0),
        Solver::new(Method::Tsit5).tolerances(1e-10, 1e-12),
    ] {
        let initial = matrix(&case.z0, &device);
        let window = [case.t_start, case.t_end];
        let found = process
            .log_likelihood(&solver, initial, std::slice::from_ref(&case.events), window)
            .expect("a smooth field");
        let rates = values(found.rates.expect("there are events"));
        problems.extend(differences("lambda", &rates, &case.expected.lambda_at_events, case.tol));
        problems.extend(differences(
            "integral",
            &values(found.integral),
            &[case.expected.integral],
            case.tol,
        ));
        problems.extend(differences(
            "log_lik",
            &values(found.log_likelihood),
            &[case.expected.log_lik],
            case.tol,
        ));
    }
    problems
}
