//! `batched.json`: Van der Pol oscillators of different stiffness, each alone, all in one state with one step size,
//! and all in one batch in which every row has its own.

use std::collections::{BTreeMap, BTreeSet};

use burn::prelude::*;
use neural_ode::{End, Method, Samples, Solver};
use papers_core::testing::{device, tensor_f64, values};
use serde::Deserialize;

use crate::{Report, adaptive::CLEAR_DECISION, differences, fixture, mismatch};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// In words.
    #[serde(rename = "meaning")]
    _meaning: String,
    end: String,
    rtol: f64,
    atol: f64,
    check_tol: f64,
    rows: Vec<Row>,
    joint_vs_independent: Joint,
}

#[derive(Deserialize)]
struct Row {
    mu: f64,
    y0: Vec<f64>,
    t: Vec<f64>,
    /// By the name of the method; whatever else is there is taken for one.
    #[serde(flatten)]
    methods: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    y: Vec<Vec<f64>>,
    nfe: usize,
    accepted: usize,
    rejected: usize,
    closest_error_ratio_to_1: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Joint {
    method: Method,
    t1: f64,
    joint_accepted: usize,
    joint_rejected: usize,
    joint_y: Vec<Vec<f64>>,
    independent_accepted: Vec<usize>,
    independent_rejected: Vec<usize>,
}

impl File {
    fn solver(&self, method: Method) -> Solver {
        assert_eq!(self.end, "clip", "the rows end so");
        Solver::new(method).tolerances(self.rtol, self.atol).end(End::Clip)
    }
}

/// `x' = v`, `v' = mu (1 - x²) v - x` in the rows of the state.
fn oscillators(rows: &[&Row]) -> (Tensor<2>, impl Fn(f64, Tensor<2>) -> Tensor<2> + use<>) {
    let count = rows.len();
    let damping = tensor_f64(rows.iter().map(|row| row.mu).collect(), [count, 1], &device());
    let start = tensor_f64(
        rows.iter().flat_map(|row| row.y0.clone()).collect(),
        [count, 2],
        &device(),
    );
    let slope = move |_: f64, state: Tensor<2>| oscillate(damping.clone(), state);
    (start, slope)
}

fn oscillate(damping: Tensor<2>, state: Tensor<2>) -> Tensor<2> {
    let (position, speed) = (state.clone().narrow(1, 0, 1), state.narrow(1, 1, 1));
    let force = damping * (position.clone().square().neg() + 1.0) * speed.clone() - position;
    Tensor::cat(vec![speed, force], 1)
}

#[test]
fn every_row_alone_meets_its_numbers_and_counts() {
    let file: File = fixture("batched.json");
    let mut report = Report::default();
    for row in &file.rows {
        for (method, expected) in &row.methods {
            let method: Method = method.parse().expect("every other field is a method");
            let (start, slope) = oscillators(&[row]);
            let solution = file.solver(method).solve(&slope, start, &row.t).expect("a solution");
            let states: Vec<f64> = solution.states.iter().flat_map(|state| values(state.clone())).collect();
            let counts = solution.statistics;
            let is_clear = expected.closest_error_ratio_to_1 > CLEAR_DECISION;
            let problems = [
                differences("y", &states, &expected.y.concat(), file.check_tol),
                // Decisions that hang on rounding may be others.
                is_clear
                    .then(|| mismatch("nfe", counts.evaluations, expected.nfe))
                    .flatten(),
                is_clear
                    .then(|| mismatch("accepted", counts.accepted, expected.accepted))
                    .flatten(),
                is_clear
                    .then(|| mismatch("rejected", counts.rejected, expected.rejected))
                    .flatten(),
            ];
            report.case(
                &format!("{method} mu {}", row.mu),
                problems.into_iter().flatten().collect(),
            );
        }
    }
    report.finish();
}

#[test]
fn all_rows_in_one_batch_meet_their_numbers_and_counts() {
    let file: File = fixture("batched.json");
    let mut report = Report::default();
    let rows: Vec<&Row> = file.rows.iter().collect();
    let damping = tensor_f64(rows.iter().map(|row| row.mu).collect(), [rows.len(), 1], &device());
    let (start, _) = oscillators(&rows);
    let slope = |at: &Samples<'_>, state: Tensor<2>| oscillate(at.rows_of(&damping), state);
    let times: Vec<Vec<f64>> = rows.iter().map(|row| row.t.clone()).collect();
    let methods: BTreeSet<&String> = rows.iter().flat_map(|row| row.methods.keys()).collect();
    for name in methods {
        let method: Method = name.parse().expect("a method");
        for compaction in [true, false] {
            let solver = file.solver(method).compaction(compaction);
            let solution = solver
                .solve_samples(&slope, start.clone(), times.clone())
                .expect("a solution");
            let states: Vec<Vec<f64>> = solution.states.iter().map(|state| values(state.clone())).collect();
            for (index, row) in rows.iter().enumerate() {
                let Some(expected) = row.methods.get(name) else {
                    continue;
                };
                let own: Vec<f64> = states[..row.t.len()]
                    .iter()
                    .flat_map(|state| state[2 * index..2 * index + 2].to_vec())
                    .collect();
                let counts = solution.statistics[index];
                let mut problems = vec![
                    mismatch("error", solution.errors[index].clone(), None),
                    differences("y", &own, &expected.y.concat(), file.check_tol),
                ];
                if expected.closest_error_ratio_to_1 > CLEAR_DECISION {
                    problems.push(mismatch("nfe", counts.evaluations, expected.nfe));
                    problems.push(mismatch("accepted", counts.accepted, expected.accepted));
                    problems.push(mismatch("rejected", counts.rejected, expected.rejected));
                }
                report.case(
                    &format!("{name} mu {}", row.mu),
                    problems.into_iter().flatten().collect(),
                );
            }
        }
    }
    report.finish();
}

#[test]
fn one_step_size_for_all_rows_meets_the_joint_counts() {
    let file: File = fixture("batched.json");
    let joint = &file.joint_vs_independent;
    let (start, slope) = oscillators(&file.rows.iter().collect::<Vec<_>>());
    let solver = file.solver(joint.method);
    let solution = solver.solve(&slope, start, &[0.0, joint.t1]).expect("a solution");
    let mut report = Report::default();
    let problems = [
        differences(
            "y",
            &values(solution.last().clone()),
            &joint.joint_y.concat(),
            file.check_tol,
        ),
        mismatch("accepted", solution.statistics.accepted, joint.joint_accepted),
        mismatch("rejected", solution.statistics.rejected, joint.joint_rejected),
    ];
    report.case("joint", problems.into_iter().flatten().collect());
    let rows: Vec<&Row> = file.rows.iter().collect();
    let damping = tensor_f64(rows.iter().map(|row| row.mu).collect(), [rows.len(), 1], &device());
    let slope = |at: &Samples<'_>, state: Tensor<2>| oscillate(at.rows_of(&damping), state);
    let batch = solver
        .solve_samples(&slope, oscillators(&rows).0, [0.0, joint.t1])
        .expect("a solution");
    let counts = |part: fn(&neural_ode::Statistics) -> usize| batch.statistics.iter().map(part).collect::<Vec<_>>();
    let problems = [
        mismatch(
            "accepted",
            counts(|counts| counts.accepted),
            joint.independent_accepted.clone(),
        ),
        mismatch(
            "rejected",
            counts(|counts| counts.rejected),
            joint.independent_rejected.clone(),
        ),
    ];
    report.case("all rows in one batch", problems.into_iter().flatten().collect());
    for (index, row) in file.rows.iter().enumerate() {
        let (start, slope) = oscillators(&[row]);
        let solution = solver.solve(&slope, start, &[0.0, joint.t1]).expect("a solution");
        let problems = [
            mismatch(
                "accepted",
                solution.statistics.accepted,
                joint.independent_accepted[index],
            ),
            mismatch(
                "rejected",
                solution.statistics.rejected,
                joint.independent_rejected[index],
            ),
        ];
        report.case(&format!("row {index}"), problems.into_iter().flatten().collect());
    }
    report.finish();
}
