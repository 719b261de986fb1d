//! Solves on fixed grids.

use neural_ode::{Interpolation, Method, Solver};
use papers_core::testing::values;
use serde::Deserialize;

use crate::{Report, differences, fixture, mismatch, problems::Posed};

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
    step_size: f64,
    interp: Option<String>,
    max_order: Option<usize>,
    max_iters: Option<usize>,
    corrector_rtol: Option<f64>,
    corrector_atol: Option<f64>,
    n_steps: Option<usize>,
    /// How the grid is made, in words; see `grid`.
    #[serde(rename = "grid")]
    rule: Option<String>,
    t0: f64,
    t1: f64,
    t: Vec<f64>,
    y: Vec<Vec<f64>>,
    nfe: Option<usize>,
}

#[test]
fn fixed_steps_are_those_of_the_reference() {
    let file: File = fixture("fixed_step.json");
    let mut report = Report::default();
    for case in &file.cases {
        let name = format!("{} {} h={}", case.problem.name, case.method, case.step_size);
        let solver = solver(case);
        report.case(&name, problems(case, &solver.clone().step_size(case.step_size), &file));
        if case.rule.is_some() {
            // The points of the grid are what the step size makes of it.
            report.case(
                &format!("{name}, grid"),
                problems(case, &solver.grid(grid(case)), &file),
            );
        }
    }
    report.finish();
}

fn problems(case: &Posed<Case>, solver: &Solver, file: &File) -> Vec<String> {
    let solution = match solver.solve(&case.problem.dynamics(), case.problem.initial(), &case.t) {
        Ok(solution) => solution,
        Err(failure) => return vec![failure.to_string()],
    };
    let statistics = solution.statistics;
    let states: Vec<_> = solution.states.into_iter().flat_map(values).collect();
    let problems = [
        differences("y", &states, &case.y.concat(), file.check_tol),
        case.nfe.and_then(|nfe| mismatch("nfe", statistics.evaluations, nfe)),
        case.n_steps
            .and_then(|steps| mismatch("steps", statistics.accepted, steps)),
        mismatch("unconverged", statistics.unconverged, 0),
        mismatch("ends", [case.t[0], case.t[case.t.len() - 1]], [case.t0, case.t1]),
    ];
    problems.into_iter().flatten().collect()
}

/// `t0 + i·h`, and `t1` after the last that is before it.
fn grid(case: &Case) -> Vec<f64> {
    let rule = case.rule.as_deref();
    assert_eq!(rule, Some("t0+i*h, last point forced to t1 (short last step)"));
    let direction = (case.t1 - case.t0).signum();
    let point = |index: u32| case.t0 + direction * f64::from(index) * case.step_size;
    let points = (0..).map(point).take_while(|point| direction * (case.t1 - point) > 0.0);
    points.chain([case.t1]).collect()
}

fn solver(case: &Case) -> Solver {
    let mut solver = Solver::new(case.method);
    match case.interp.as_deref() {
        Some("linear") => solver = solver.interpolation(Interpolation::Linear),
        Some("cubic") => solver = solver.interpolation(Interpolation::Cubic),
        None => {}
        Some(other) => panic!("no interpolation is called {other}"),
    }
    if let Some(order) = case.max_order {
        solver = solver.max_order(order);
    }
    if let Some(iterations) = case.max_iters {
        solver = solver.max_iterations(iterations);
    }
    match (case.corrector_rtol, case.corrector_atol) {
        (Some(relative), Some(absolute)) => solver.corrector_tolerances(relative, absolute),
        _ => solver,
    }
}
