//! Solves on fixed grids.

use neural_ode::{Interpolation, Method, Solver};
use papers_core::testing::values;
use serde::Deserialize;

use crate::{Report, differences, fixture, mismatch, problems::Problem};

#[derive(Deserialize)]
struct File {
    check_tol: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(flatten)]
    problem: Problem,
    method: Method,
    step_size: f64,
    interp: Option<String>,
    max_order: Option<usize>,
    max_iters: Option<usize>,
    corrector_rtol: Option<f64>,
    corrector_atol: Option<f64>,
    n_steps: Option<usize>,
    t: Vec<f64>,
    y: Vec<Vec<f64>>,
    nfe: Option<usize>,
}

#[test]
fn fixed_steps_are_those_of_the_reference() {
    let file: File = fixture("fixed_step.json");
    let mut report = Report::default();
    for case in &file.cases {
        let solution = match solver(case).solve(&case.problem.dynamics(), case.problem.initial(), &case.t) {
            Ok(solution) => solution,
            Err(failure) => panic!("{} {}: {failure}", case.problem.name, case.method),
        };
        let statistics = solution.statistics;
        let states: Vec<_> = solution.states.into_iter().flat_map(values).collect();
        let problems = [
            differences("y", &states, &case.y.concat(), file.check_tol),
            case.nfe.and_then(|nfe| mismatch("nfe", statistics.evaluations, nfe)),
            case.n_steps
                .and_then(|steps| mismatch("steps", statistics.accepted, steps)),
            mismatch("unconverged", statistics.unconverged, 0),
        ];
        let name = format!("{} {} h={}", case.problem.name, case.method, case.step_size);
        report.case(&name, problems.into_iter().flatten().collect());
    }
    report.finish();
}

fn solver(case: &Case) -> Solver {
    let mut solver = Solver::new(case.method).step_size(case.step_size);
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
