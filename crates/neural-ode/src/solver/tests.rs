//! Recording a solve, replaying it, and carrying its step on.

use std::ops::ControlFlow;

use burn::prelude::*;
use papers_core::testing::{assert_close, device, tensor_f64, values};

use super::{Replay, Solver, Task};
use crate::Method;

const TIMES: [f64; 5] = [1.0, 0.85, 0.8, 0.33, 0.0];

fn field(time: f64, state: Tensor<1>) -> Tensor<1> {
    state.clone().sin() * 2.0 + state.square() * time
}

fn solver(method: Method) -> Solver {
    match method.is_adaptive() {
        true => Solver::new(method).tolerances(1e-4, 1e-6).jump_at([0.5]),
        false => Solver::new(method).step_size(0.1),
    }
}

fn initial(device: &Device) -> Tensor<1> {
    tensor_f64(vec![0.3, -0.7], [2], device)
}

/// The gradient of the sum of all states.
fn gradient(states: Vec<Tensor<1>>, initial: &Tensor<1>) -> Vec<f64> {
    let gradients = Tensor::cat(states, 0).sum().backward();
    values(initial.grad(&gradients).expect("the states depend on it"))
}

#[test]
fn replayed_steps_have_the_states_and_gradients_of_the_solve() {
    for method in Method::ALL {
        let solver = solver(method);
        let Some(replay) = Replay::new(&solver, &TIMES) else {
            assert!(method.tableau().is_none());
            continue;
        };
        let mut steps = Vec::new();
        let task = Task::new(&field, initial(&device()), &TIMES);
        let recorded = solver.run(task, &mut |step| {
            steps.push((step.span, step.outputs.clone()));
            ControlFlow::Continue(())
        });

        let leaf = initial(&device().autodiff()).require_grad();
        let mut state = leaf.clone();
        let mut states = vec![state.clone()];
        let mut end_slope = None;
        for (span, outputs) in steps {
            let step = replay
                .step(&field, &span, &state, end_slope.take(), &TIMES[outputs])
                .unwrap();
            (state, end_slope) = (step.next, step.end_slope);
            states.extend(step.states);
        }
        let recorded: Vec<_> = recorded.unwrap().solution.states.into_iter().flat_map(values).collect();
        let replayed: Vec<_> = states.iter().flat_map(|state| values(state.clone())).collect();
        assert_eq!(replayed, recorded, "{method}");

        let direct_leaf = initial(&device().autodiff()).require_grad();
        let direct = solver.solve(&field, direct_leaf.clone(), &TIMES).unwrap();
        assert_close(&gradient(states, &leaf), &gradient(direct.states, &direct_leaf), 1e-12);
    }
}

#[test]
fn a_carried_step_continues_a_solve() {
    let solver = Solver::new(Method::Dopri5).tolerances(1e-6, 1e-8);
    let run = |initial, times: &[f64], first_step| {
        let task = Task {
            first_step,
            ..Task::new(&field, initial, times)
        };
        solver.run(task, &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let first = run(initial(&device()), &[1.0, 0.5], None);
    let middle = first.solution.into_last();
    let carried = run(middle.clone(), &[0.5, 0.0], first.next_step).solution.statistics;
    let selected = run(middle, &[0.5, 0.0], None).solution.statistics;
    assert_eq!(carried.evaluations, 1 + 6 * carried.attempts);
    assert!(carried.attempts <= selected.attempts);
}

#[test]
fn adaptive_steps_are_reported_with_the_slope_at_their_end() {
    for method in Method::ALL.into_iter().filter(|method| method.is_adaptive()) {
        let task = Task::new(&field, initial(&device()), &TIMES);
        let mut steps = 0;
        let run = solver(method).run(task, &mut |step| {
            let end_slope = step.stages[step.stages.len() - 1].clone();
            let expected = field(step.span.last, step.next.clone());
            // An implicit stage is as good as its iteration.
            let allowed = if method == Method::Kvaerno3 { 1e-6 } else { 0.0 };
            assert_close(&values(end_slope), &values(expected), allowed);
            steps += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(run.unwrap().solution.statistics.accepted, steps);
    }
}
