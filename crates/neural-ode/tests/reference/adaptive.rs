//! Solves with adaptive steps: states, and every count.

use std::collections::BTreeMap;

use neural_ode::{
    Controller, End, ErrorWeights, Method, Norm, Solver,
    solver::{initial_step::Beginning, norm::Tolerances},
};
use papers_core::testing::values;
use serde::Deserialize;

use crate::{Report, differences, fixture, mismatch, problems::Posed};

/// What decides within this of 1 may be decided otherwise by rounding.
pub(crate) const CLEAR_DECISION: f64 = 1e-6;
/// `dopri8` estimates its error from rounding alone in many steps.
const DOPRI8_STATES: f64 = 1e-6;
const DOPRI8_EVALUATIONS: f64 = 0.05;
const UNCLEAR_EVALUATIONS: f64 = 0.03;
/// The file's step and the crate's come from differently rounded norms.
const FIRST_STEP: f64 = 1e-10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check_tol: f64,
    /// In words; [`CLEAR_DECISION`] and [`UNCLEAR_EVALUATIONS`] have its numbers.
    #[serde(rename = "nfe_rule")]
    _nfe_rule: String,
    reference: BTreeMap<String, Reference>,
    cases: Vec<Posed<Case>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    t: Vec<f64>,
    y: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    method: String,
    rtol: f64,
    atol: f64,
    end: String,
    controller: String,
    #[serde(rename = "kP")]
    proportional: Option<f64>,
    #[serde(rename = "kI")]
    integral: Option<f64>,
    first_step: Option<f64>,
    t0: f64,
    t1: f64,
    t: Vec<f64>,
    y: Vec<Vec<f64>>,
    nfe: usize,
    accepted: usize,
    rejected: usize,
    h_init: Option<f64>,
    closest_error_ratio_to_1: f64,
    max_abs_error_vs_reference: f64,
}

#[test]
fn adaptive_solves_are_those_of_the_reference() {
    let file: File = fixture("adaptive.json");
    let mut report = Report::default();
    for case in &file.cases {
        let name = format!(
            "{} {} {:e} {} {}",
            case.problem.name, case.method, case.rtol, case.end, case.controller
        );
        report.case(&name, problems(case, &file));
    }
    report.finish();
}

fn problems(case: &Posed<Case>, file: &File) -> Vec<String> {
    let solver = solver(case);
    let solution = match solver.solve(&case.problem.dynamics(), case.problem.initial(), &case.t) {
        Ok(solution) => solution,
        Err(failure) => return vec![failure.to_string()],
    };
    let counts = solution.statistics;
    let states: Vec<_> = solution.states.into_iter().flat_map(values).collect();
    let is_dopri8 = solver.method() == Method::Dopri8;
    let tolerance = if is_dopri8 { DOPRI8_STATES } else { file.check_tol };
    let mut problems = vec![
        differences("y", &states, &case.y.concat(), tolerance),
        first_step_problem(case),
        mismatch("ends", [case.t[0], case.t[case.t.len() - 1]], [case.t0, case.t1]),
        mismatch("attempts", counts.attempts, counts.accepted + counts.rejected),
        mismatch("forced", counts.forced, 0),
    ];
    let slack = match is_dopri8 {
        true => DOPRI8_EVALUATIONS,
        false if case.closest_error_ratio_to_1 > CLEAR_DECISION => 0.0,
        false => UNCLEAR_EVALUATIONS,
    };
    if slack == 0.0 {
        problems.push(mismatch("nfe", counts.evaluations, case.nfe));
        problems.push(mismatch("accepted", counts.accepted, case.accepted));
        problems.push(mismatch("rejected", counts.rejected, case.rejected));
    } else if counts.evaluations.abs_diff(case.nfe) as f64 > slack * case.nfe as f64 {
        problems.push(mismatch("nfe", counts.evaluations, case.nfe));
    }
    // The true error, from the solution to 1e-12.
    if let Some(reference) = file
        .reference
        .get(&case.problem.name)
        .filter(|reference| reference.t == case.t)
    {
        let exact = reference.y.concat();
        let errors = states.iter().zip(&exact).map(|(state, exact)| (state - exact).abs());
        let error = errors.fold(0.0, f64::max);
        problems.push(differences(
            "error",
            &[error],
            &[case.max_abs_error_vs_reference],
            tolerance,
        ));
    }
    problems.into_iter().flatten().collect()
}

fn solver(case: &Posed<Case>) -> Solver {
    let mut solver = match case.method.as_str() {
        "dopri5_classic_err" => Solver::new(Method::Dopri5).error_weights(ErrorWeights::Classic),
        name => Solver::named(name).unwrap(),
    };
    solver = solver.tolerances(case.rtol, case.atol);
    solver = match case.end.as_str() {
        "clip" => solver.end(End::Clip),
        "overshoot" => solver.end(End::Overshoot),
        other => panic!("no end is called {other}"),
    };
    solver = match (case.controller.as_str(), case.proportional, case.integral) {
        ("I", ..) => solver.controller(Controller::Integral),
        ("PI", Some(proportional), Some(integral)) => {
            solver.controller(Controller::ProportionalIntegral { proportional, integral })
        }
        (other, ..) => panic!("no complete controller is called {other}"),
    };
    match case.first_step {
        Some(step) => solver.first_step(step),
        None => solver,
    }
}

fn first_step_problem(case: &Posed<Case>) -> Option<String> {
    let expected = case.h_init?;
    let dynamics = case.problem.dynamics();
    let state = case.problem.initial();
    let (start, end) = (case.t0, case.t1);
    let beginning = Beginning {
        time: start,
        direction: (end - start).signum(),
        state: &state,
        slope: &dynamics(start, state.clone()),
        reach: (end - start).abs(),
    };
    let tableau = solver(case).method().tableau().expect("a Runge-Kutta method");
    let exponent = tableau.embedded.expect("an adaptive method").exponent;
    let tolerances = Tolerances::new(case.rtol, case.atol);
    let initial = beginning.select_step(exponent, &tolerances, &Norm::MixedRms, |time, state| {
        Ok(dynamics(time, state))
    });
    differences("h_init", &[initial.unwrap().step / expected], &[1.0], FIRST_STEP)
}
