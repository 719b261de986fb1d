//! The engine against MuJoCo, step by step.

use human_preferences::environment::planar::{Model, Simulation, simulate};
use serde_json::Value;

use crate::fixture::{assert_near, part, read};

/// Mechanisms, each with the tolerance of its positions by step; velocities have 100 times as much.
///
/// MuJoCo's own solver stops at a tolerance, which shows where limits are hit; the cheetah's motion is chaotic.
const FIXTURES: [(&str, fn(usize) -> f64); 5] = [
    ("env_hopper", |_| 1e-9),
    ("env_walker2d", |_| 1e-9),
    ("env_half_cheetah", |step| if step < 30 { 1e-9 } else { 1e-7 }),
    ("env_inverted_pendulum", |_| 1e-7),
    ("env_inverted_double_pendulum", |_| 1e-8),
];

fn simulation(fixture: &Value) -> Box<dyn Simulation> {
    let model: Model = part(fixture, "model");
    simulate(&model).expect("a model")
}

#[test]
fn inertia_and_bias_are_those_of_mujoco() {
    for (name, _) in FIXTURES {
        let fixture = read(name);
        let mut simulation = simulation(&fixture);
        let cases: Vec<Value> = part(&fixture, "mass_and_bias");
        assert!(!cases.is_empty());
        for case in &cases {
            simulation.place(&part::<Vec<f64>>(case, "qpos"), &part::<Vec<f64>>(case, "qvel"));
            let matrix: Vec<Vec<f64>> = part(case, "mass_matrix");
            assert_near(&simulation.mass_matrix(), &matrix.concat(), 1e-10, name);
            assert_near(&simulation.bias(), &part::<Vec<f64>>(case, "bias"), 1e-10, name);
        }
    }
}

#[test]
fn every_step_of_every_run_is_that_of_mujoco() {
    for (name, tolerance) in FIXTURES {
        let fixture = read(name);
        let mut simulation = simulation(&fixture);
        let runs: Vec<Value> = part(&fixture, "runs");
        assert!(!runs.is_empty());
        for (number, run) in runs.iter().enumerate() {
            simulation.place(&part::<Vec<f64>>(run, "qpos0"), &part::<Vec<f64>>(run, "qvel0"));
            let actions: Vec<Vec<f64>> = part(run, "actions");
            let steps: Vec<Value> = part(run, "steps");
            assert_eq!(actions.len(), steps.len());
            for (index, (action, step)) in actions.iter().zip(&steps).enumerate() {
                simulation.advance(action);
                let what = format!("{name}, run {number}, step {index}");
                let expected: Vec<f64> = part(step, "qpos");
                assert_near(simulation.positions(), &expected, tolerance(index), &what);
                let expected: Vec<f64> = part(step, "qvel");
                assert_near(simulation.velocities(), &expected, 100.0 * tolerance(index), &what);
            }
        }
    }
}
