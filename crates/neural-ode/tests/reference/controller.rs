//! Error ratios, norms, step factors, and the first step.

use neural_ode::{
    Controller, Norm,
    solver::{controller::StepControl, initial_step::Beginning, norm::Tolerances},
};
use serde::Deserialize;

use crate::{
    Report, differences, fixture,
    problems::{Posed, tensor},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check_tol: f64,
    error_ratio: Vec<Ratio>,
    mixed_norm: Vec<Mixed>,
    #[serde(rename = "factor_I")]
    integral: Vec<Integral>,
    #[serde(rename = "factor_PI")]
    proportional: Vec<Proportional>,
    initial_step: Vec<Posed<Initial>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ratio {
    y0: Vec<f64>,
    y1: Vec<f64>,
    err: Vec<f64>,
    rtol: f64,
    atol: f64,
    ratio: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mixed {
    scaled_components: Vec<Vec<f64>>,
    mixed_norm: f64,
    seminorm_dropping_last_two: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Integral {
    exponent_k: usize,
    error_ratio: f64,
    accepted: bool,
    #[serde(rename = "factor_I")]
    factor: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proportional {
    exponent_k: usize,
    prev_inverse_ratio: f64,
    error_ratio: f64,
    #[serde(rename = "kP")]
    proportional: f64,
    #[serde(rename = "kI")]
    integral: f64,
    accepted: bool,
    factor: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Initial {
    t0: f64,
    t1: f64,
    exponent_k: usize,
    rtol: f64,
    atol: f64,
    direction: f64,
    d0: f64,
    d1: f64,
    d2: f64,
    h0: f64,
    h1: f64,
    h: f64,
}

#[test]
fn error_ratios_are_those_of_the_reference() {
    let file: File = fixture("controller.json");
    let mut report = Report::default();
    for case in &file.error_ratio {
        let (error, before, after) = (tensor(&case.err), tensor(&case.y0), tensor(&case.y1));
        let tolerances = Tolerances::new(case.rtol, case.atol);
        let ratio = tolerances
            .error_ratio(&Norm::MixedRms, &error, &before, &after)
            .unwrap();
        let problem = differences("ratio", &[ratio], &[case.ratio], file.check_tol);
        report.case("error_ratio", problem.into_iter().collect());
    }
    report.finish();
}

#[test]
fn norms_of_several_tensors_are_those_of_the_reference() {
    let file: File = fixture("controller.json");
    let mut report = Report::default();
    for case in &file.mixed_norm {
        let components: Vec<_> = case.scaled_components.iter().map(|numbers| tensor(numbers)).collect();
        let seminorm = Norm::Seminorm {
            components: components.len() - 2,
        };
        let norms = [Norm::MixedRms, seminorm].map(|norm| norm.measure(&components).unwrap());
        let expected = [case.mixed_norm, case.seminorm_dropping_last_two];
        let problem = differences("norms", &norms, &expected, file.check_tol);
        report.case("mixed_norm", problem.into_iter().collect());
    }
    report.finish();
}

#[test]
fn step_factors_are_those_of_the_reference() {
    let file: File = fixture("controller.json");
    let mut report = Report::default();
    let integral = StepControl::default();
    for case in &file.integral {
        let factor = integral.factor(case.exponent_k, case.error_ratio, [1.0; 2], case.accepted);
        let problem = differences("factor", &[factor], &[case.factor], file.check_tol);
        report.case("factor_I", problem.into_iter().collect());
    }
    for case in &file.proportional {
        let control = StepControl {
            controller: Controller::ProportionalIntegral {
                proportional: case.proportional,
                integral: case.integral,
            },
            ..StepControl::default()
        };
        let factor = control.factor(
            case.exponent_k,
            case.error_ratio,
            [case.prev_inverse_ratio, 1.0],
            case.accepted,
        );
        let problem = differences("factor", &[factor], &[case.factor], file.check_tol);
        report.case("factor_PI", problem.into_iter().collect());
    }
    report.finish();
}

#[test]
fn first_steps_are_those_of_the_reference() {
    let file: File = fixture("controller.json");
    let mut report = Report::default();
    for case in &file.initial_step {
        let dynamics = case.problem.dynamics();
        let state = case.problem.initial();
        let beginning = Beginning {
            time: case.t0,
            direction: case.direction,
            state: &state,
            slope: &dynamics(case.t0, state.clone()),
            reach: (case.t1 - case.t0).abs(),
        };
        let tolerances = Tolerances::new(case.rtol, case.atol);
        let initial = beginning.select_step(case.exponent_k, &tolerances, &Norm::MixedRms, |time, state| {
            Ok(dynamics(time, state))
        });
        let initial = initial.unwrap();
        let actual = [initial.d0, initial.d1, initial.d2, initial.h0, initial.h1, initial.step];
        let expected = [case.d0, case.d1, case.d2, case.h0, case.h1, case.h];
        let problem = differences("d0 d1 d2 h0 h1 h", &actual, &expected, file.check_tol);
        report.case(&case.problem.name, problem.into_iter().collect());
    }
    report.finish();
}
