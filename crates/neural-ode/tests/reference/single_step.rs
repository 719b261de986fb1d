//! One step of each method: slopes, result, error estimate, dense output.

use neural_ode::{
    Dynamics, Interpolation, Method,
    solver::{
        dense::Curve,
        step::{self, Span},
    },
};
use papers_core::testing::values;
use serde::Deserialize;

use crate::{Report, differences, fixture, problems::Posed};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check_tol: f64,
    cases: Vec<Posed<Case>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    method: Method,
    t0: f64,
    h: f64,
    k: Vec<Vec<f64>>,
    y1: Vec<f64>,
    err: Option<Vec<f64>>,
    f1: Option<Vec<f64>>,
    #[serde(default)]
    dense: Vec<Dense>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dense {
    theta: f64,
    y: Vec<f64>,
}

#[test]
fn single_steps_are_those_of_the_reference() {
    let file: File = fixture("single_step.json");
    let mut report = Report::default();
    for case in &file.cases {
        let name = format!("{} {}", case.problem.name, case.method);
        report.case(&name, problems(case, file.check_tol));
    }
    report.finish();
}

fn problems(case: &Posed<Case>, tolerance: f64) -> Vec<String> {
    let tableau = case.method.tableau().expect("a Runge-Kutta method");
    let dynamics = case.problem.dynamics();
    let before = case.problem.initial();
    let span = Span::new(case.t0, case.h, case.t0 + case.h);
    let first = dynamics.evaluate(case.t0, before.clone());
    let mut step = step::take(tableau, &span, &before, first, |time, state| Ok(dynamics(time, state))).unwrap();

    let stages: Vec<_> = step.stages.iter().flat_map(|stage| values(stage.clone())).collect();
    let mut problems = vec![
        differences("k", &stages, &case.k.concat(), tolerance),
        differences("y1", &values(step.next.clone()), &case.y1, tolerance),
    ];
    if let Some(expected) = &case.err {
        let error = step.error(tableau, &span).expect("the method estimates its error");
        problems.push(differences("err", &values(error), expected, tolerance));
    }
    if !tableau.is_fsal {
        step.stages.push(dynamics(span.end, step.next.clone()));
    }
    if let Some(expected) = &case.f1 {
        let end_slope = step.stages[step.stages.len() - 1].clone();
        problems.push(differences("f1", &values(end_slope), expected, tolerance));
    }
    let curve = match case.method.is_adaptive() {
        true => Curve::of(tableau),
        false => Curve::fixed(Interpolation::Cubic),
    };
    for point in &case.dense {
        let state = curve.interpolate(&span, &before, &step.next, &step.stages, case.t0 + point.theta * case.h);
        let what = format!("dense({})", point.theta);
        problems.push(differences(&what, &values(state), &point.y, tolerance));
    }
    problems.into_iter().flatten().collect()
}
