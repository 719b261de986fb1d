//! `adjoint.json`: gradients of losses of a small network's solution, in every gradient mode.

use std::collections::BTreeMap;

use burn::{
    module::{Module, Param},
    prelude::*,
};
use neural_ode::{Dynamics, GradientMode, Method, Solution, Solver};
use papers_core::testing::{device, tensor_f64, values};
use serde::Deserialize;

use crate::{Report, differences, fixture};

type Matrix = Vec<Vec<f64>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// About gradients of times, in words.
    #[serde(rename = "note")]
    _note: String,
    closed_form: ClosedForm,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosedForm {
    /// In words; [`Growth`] has it as code.
    #[serde(rename = "problem")]
    _problem: String,
    lam: f64,
    y0: f64,
    t0: f64,
    t1: f64,
    expected: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    weights: Weights,
    /// In words; [`Network`] has it as code.
    #[serde(rename = "f")]
    _f: String,
    y0: Matrix,
    t: Vec<f64>,
    loss_weights: Vec<Matrix>,
    /// In words; `solve` has it as code.
    #[serde(rename = "loss")]
    _loss: String,
    expected: Expected,
    dto_rk4_38: Discrete,
    anchor_nfe_dopri5: BTreeMap<String, Counts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    y: Vec<Matrix>,
    loss: f64,
    grads: Gradients,
    tol: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Discrete {
    steps_per_interval: usize,
    y: Vec<Matrix>,
    loss: f64,
    grads: Gradients,
    tol: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    forward: usize,
    backward: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(non_snake_case, reason = "the names of the file")]
struct Weights {
    W1: Matrix,
    b1: Vec<f64>,
    W2: Matrix,
    b2: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(non_snake_case, reason = "the names of the file")]
struct Gradients {
    y0: Matrix,
    #[serde(default)]
    t: Vec<f64>,
    W1: Matrix,
    b1: Vec<f64>,
    W2: Matrix,
    b2: Vec<f64>,
}

/// `W2 tanh(W1 [y; t] + b1) + b2`.
#[derive(Module, Debug)]
struct Network {
    input: Param<Tensor<2>>,
    input_bias: Param<Tensor<1>>,
    output: Param<Tensor<2>>,
    output_bias: Param<Tensor<1>>,
}

impl Network {
    fn new(weights: &Weights) -> Self {
        let device = device().autodiff();
        let vector = |values: &[f64]| Param::from_tensor(tensor_f64(values.to_vec(), [values.len()], &device));
        Self {
            input: Param::from_tensor(matrix(&weights.W1, &device)),
            input_bias: vector(&weights.b1),
            output: Param::from_tensor(matrix(&weights.W2, &device)),
            output_bias: vector(&weights.b2),
        }
    }

    fn gradients(&self, gradients: &burn::tensor::Gradients) -> [Vec<f64>; 4] {
        [
            values(self.input.val().grad(gradients).expect("W1 is used")),
            values(self.input_bias.val().grad(gradients).expect("b1 is used")),
            values(self.output.val().grad(gradients).expect("W2 is used")),
            values(self.output_bias.val().grad(gradients).expect("b2 is used")),
        ]
    }
}

impl Dynamics<Tensor<2>> for Network {
    fn evaluate(&self, time: f64, state: Tensor<2>) -> Tensor<2> {
        let times = state.clone().slice([0..state.dims()[0], 0..1]).zeros_like() + time;
        let input = Tensor::cat(vec![state, times], 1);
        let hidden = (input.matmul(self.input.val().transpose()) + self.input_bias.val().unsqueeze()).tanh();
        hidden.matmul(self.output.val().transpose()) + self.output_bias.val().unsqueeze()
    }
}

fn matrix(rows: &[Vec<f64>], device: &Device) -> Tensor<2> {
    tensor_f64(rows.concat(), [rows.len(), rows[0].len()], device)
}

/// A solved case, with the gradients of its loss.
struct Solved {
    states: Vec<f64>,
    loss: f64,
    y0: Vec<f64>,
    times: Vec<f64>,
    weights: [Vec<f64>; 4],
    solution: Solution<Tensor<2>>,
}

fn solve(case: &Case, solver: &Solver) -> Solved {
    let device = device().autodiff();
    let network = Network::new(&case.weights);
    let initial = matrix(&case.y0, &device).require_grad();
    let times = tensor_f64(case.t.clone(), [case.t.len()], &device).require_grad();
    let solution = solver
        .solve_module_at(&network, initial.clone(), times.clone())
        .expect("a solution");
    let terms = solution.states.iter().zip(&case.loss_weights);
    let loss = terms.map(|(state, weights)| (state.clone() * matrix(weights, &device)).sum());
    let loss = loss.reduce(|sum, term| sum + term).expect("several times");
    let gradients = loss.backward();
    Solved {
        states: solution
            .states
            .iter()
            .flat_map(|state| values(state.clone().inner()))
            .collect(),
        loss: values(loss.inner())[0],
        y0: values(initial.grad(&gradients).expect("y0 is used")),
        times: values(times.grad(&gradients).expect("times are used")),
        weights: network.gradients(&gradients),
        solution,
    }
}

fn compare(solved: &Solved, y: &[Matrix], loss: f64, grads: &Gradients, tolerance: f64) -> Vec<String> {
    let states: Vec<f64> = y.iter().flat_map(|state| state.concat()).collect();
    let mut problems = vec![
        differences("y", &solved.states, &states, tolerance),
        differences("loss", &[solved.loss], &[loss], tolerance),
        differences("y0", &solved.y0, &grads.y0.concat(), tolerance),
        differences("W1", &solved.weights[0], &grads.W1.concat(), tolerance),
        differences("b1", &solved.weights[1], &grads.b1, tolerance),
        differences("W2", &solved.weights[2], &grads.W2.concat(), tolerance),
        differences("b2", &solved.weights[3], &grads.b2, tolerance),
    ];
    if !grads.t.is_empty() {
        problems.push(differences("t", &solved.times, &grads.t, tolerance));
    }
    problems.into_iter().flatten().collect()
}

fn tight(mode: GradientMode) -> Solver {
    Solver::new(Method::Dopri5).tolerances(1e-10, 1e-12).gradient(mode)
}

#[test]
fn every_gradient_mode_meets_the_continuous_gradients() {
    let file: File = fixture("adjoint.json");
    let mut report = Report::default();
    for case in &file.cases {
        for mode in GradientMode::ALL {
            let solved = solve(case, &tight(mode));
            let Expected { y, loss, grads, tol } = &case.expected;
            let mut problems = compare(&solved, y, *loss, grads, *tol);
            let backward = solved.solution.backward();
            if backward.is_some() == (mode == GradientMode::Direct) {
                problems.push(format!("{backward:?}"));
            }
            report.case(&format!("{} {mode}", case.name), problems);
        }
    }
    report.finish();
}

#[test]
fn direct_and_checkpointed_gradients_are_those_of_the_discrete_solve() {
    let file: File = fixture("adjoint.json");
    let mut report = Report::default();
    for case in &file.cases {
        let Discrete {
            steps_per_interval,
            y,
            loss,
            grads,
            tol,
        } = &case.dto_rk4_38;
        let pairs = case.t.windows(2);
        let within = |pair: &[f64]| {
            let (start, size) = (pair[0], (pair[1] - pair[0]) / *steps_per_interval as f64);
            (0..*steps_per_interval)
                .map(move |index| start + index as f64 * size)
                .collect::<Vec<_>>()
        };
        let mut grid: Vec<f64> = pairs.flat_map(within).collect();
        grid.extend(case.t.last());
        let solver = Solver::new(Method::Rk4).grid(grid);
        let solvers = [
            ("direct", solver.clone().gradient(GradientMode::Direct)),
            ("checkpointed", solver.clone().gradient(GradientMode::Checkpointed)),
            ("every step", solver.clone().checkpoint_every(1)),
            ("one stretch", solver.checkpoint_every(1000)),
        ];
        for (name, solver) in solvers {
            let solved = solve(case, &solver);
            report.case(
                &format!("{} {name}", case.name),
                compare(&solved, y, *loss, grads, *tol),
            );
        }
    }
    report.finish();
}

/// The counts of the file are an upper bound. That holds for the sums: single cases may go up, since the step is
/// carried over from one interval to the next.
#[test]
fn the_adjoint_takes_no_more_evaluations_than_the_peer() {
    let file: File = fixture("adjoint.json");
    let (mut forward, mut backward, mut bound_forward, mut bound_backward) = (0, 0, 0, 0);
    let (mut full, mut semi) = (0, 0);
    for case in &file.cases {
        for (key, counts) in &case.anchor_nfe_dopri5 {
            let (tolerance, norm) = key.split_once(',').expect("tolerance and norm");
            let tolerance: f64 = tolerance.trim_start_matches("tol=").parse().expect("a number");
            let mode = match norm {
                "fullnorm" => GradientMode::Adjoint,
                _ => GradientMode::AdjointSeminorm,
            };
            let solver = Solver::new(Method::Dopri5)
                .tolerances(tolerance, tolerance)
                .gradient(mode);
            let solved = solve(case, &solver);
            // Gradients of times take one evaluation each, which the counts of the file leave out.
            forward += solved.solution.statistics.evaluations - case.t.len();
            let spent = solved
                .solution
                .backward()
                .expect("an adjoint solve")
                .statistics
                .evaluations;
            *(if mode == GradientMode::Adjoint {
                &mut full
            } else {
                &mut semi
            }) += spent;
            backward += spent;
            bound_forward += counts.forward;
            bound_backward += counts.backward;
        }
    }
    assert!(forward <= bound_forward, "forward {forward}, the peer {bound_forward}");
    assert!(
        backward <= bound_backward,
        "backward {backward}, the peer {bound_backward}"
    );
    assert!(semi <= full, "seminorm {semi}, full norm {full}");
}

/// `y' = λ y`.
#[derive(Module, Debug)]
struct Growth {
    rate: Param<Tensor<1>>,
}

impl Dynamics<Tensor<1>> for Growth {
    fn evaluate(&self, _: f64, state: Tensor<1>) -> Tensor<1> {
        state * self.rate.val()
    }
}

#[test]
fn every_gradient_mode_meets_the_closed_form() {
    let ClosedForm {
        lam,
        y0,
        t0,
        t1,
        expected,
        ..
    } = fixture::<File>("adjoint.json").closed_form;
    let device = device().autodiff();
    let mut report = Report::default();
    for mode in GradientMode::ALL {
        let growth = Growth {
            rate: Param::from_tensor(tensor_f64(vec![lam], [1], &device)),
        };
        let initial = tensor_f64(vec![y0], [1], &device).require_grad();
        let times = tensor_f64(vec![t0, t1], [2], &device).require_grad();
        let solution = tight(mode)
            .solve_module_at(&growth, initial.clone(), times.clone())
            .expect("a solution");
        let loss = solution.into_last().sum();
        let gradients = loss.backward();
        let of_times = values(times.grad(&gradients).expect("times are used"));
        let found = BTreeMap::from([
            ("L", values(loss.inner())[0]),
            ("dy0", values(initial.grad(&gradients).expect("y0 is used"))[0]),
            (
                "dlam",
                values(growth.rate.val().grad(&gradients).expect("the rate is used"))[0],
            ),
            ("dt0", of_times[0]),
            ("dt1", of_times[1]),
        ]);
        let problems = expected
            .iter()
            .filter_map(|(name, expected)| differences(name, &[found[name.as_str()]], &[*expected], 1e-7));
        report.case(mode.name(), problems.collect());
    }
    report.finish();
}
