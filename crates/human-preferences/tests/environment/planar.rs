//! The engine against MuJoCo, step by step.

use human_preferences::environment::planar::{Model, Simulation, simulate};
use serde_json::Value;

use crate::fixture::{Tolerance, assert_near, part, read};

/// Mechanisms, each with the tolerance of its positions by step; velocities have 100 times as much.
///
/// MuJoCo's own solver stops at a tolerance, which shows where limits are hit; the cheetah's motion is chaotic.
const FIXTURES: [(&str, Tolerance); 5] = [
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

/// Calls `compare` after every step of a run with the step's index, the simulation and the expected numbers.
fn follow(simulation: &mut dyn Simulation, run: &Value, mut compare: impl FnMut(usize, &dyn Simulation, &Value)) {
    simulation.place(&part::<Vec<f64>>(run, "qpos0"), &part::<Vec<f64>>(run, "qvel0"));
    let actions: Vec<Vec<f64>> = part(run, "actions");
    let steps: Vec<Value> = part(run, "steps");
    assert_eq!(actions.len(), steps.len());
    for (index, (action, step)) in actions.iter().zip(&steps).enumerate() {
        simulation.advance(action);
        compare(index, &*simulation, step);
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
            follow(&mut *simulation, run, |index, simulation, step| {
                let (what, tolerance) = (format!("{name}, run {number}, step {index}"), tolerance(index));
                let (positions, velocities): (Vec<f64>, Vec<f64>) = (part(step, "qpos"), part(step, "qvel"));
                assert_near(simulation.positions(), &positions, tolerance, &what);
                assert_near(simulation.velocities(), &velocities, 100.0 * tolerance, &what);
            });
        }
    }
}

/// The largest difference of a position from those of the fixture, over runs that `chosen` picks.
fn largest_difference(name: &str, chosen: impl Fn(&Value) -> bool, change: impl FnOnce(&mut Model)) -> f64 {
    let fixture = read(name);
    let mut model: Model = part(&fixture, "model");
    change(&mut model);
    let mut simulation = simulate(&model).expect("a model");
    let mut largest: f64 = 0.0;
    for run in part::<Vec<Value>>(&fixture, "runs").iter().filter(|run| chosen(run)) {
        follow(&mut *simulation, run, |_, simulation, step| {
            let expected: Vec<f64> = part(step, "qpos");
            for (found, expected) in simulation.positions().iter().zip(expected) {
                largest = largest.max((found - expected).abs());
            }
        });
    }
    largest
}

#[test]
fn the_runs_tell_a_contact_that_is_one_percent_softer() {
    for name in ["env_hopper", "env_walker2d", "env_half_cheetah"] {
        let softer = |model: &mut Model| model.geoms.iter_mut().for_each(|geom| geom.solref[0] *= 1.01);
        assert!(largest_difference(name, |_| true, softer) > 1e-6, "{name}");
    }
}

#[test]
fn the_runs_tell_whether_limbs_touch_each_other() {
    let touching = |run: &Value| run["has_self_contact"] == true;
    let runs: Vec<Value> = part(&read("env_hopper"), "runs");
    if runs.iter().any(touching) {
        // Limbs that belong to no group that they collide with pass through each other, and still stand on the floor.
        let through = |model: &mut Model| {
            for geom in model.geoms.iter_mut().filter(|geom| geom.body >= 0) {
                geom.conaffinity = 0;
            }
        };
        assert!(largest_difference("env_hopper", touching, through) > 1e-6);
    }
}

fn refused(change: impl FnOnce(&mut Model)) -> String {
    let mut model: Model = part(&read("env_hopper"), "model");
    change(&mut model);
    simulate(&model).expect_err("a broken model").to_string()
}

#[test]
fn broken_models_are_refused_by_the_name_of_the_part() {
    let named = |part: &str, change: fn(&mut Model)| {
        let error = refused(change);
        assert!(error.contains(part), "{error} does not name {part}");
    };
    named("model", |model| model.timestep = 0.0);
    named("model", |model| model.frame_skip = 0);
    named("model", |model| model.cone = 1);
    named("model", |model| model.rest.truncate(2));
    named("model", |model| model.gravity_z = f64::NAN);
    named("leg", |model| model.bodies[2].mass = -1.0);
    named("leg", |model| model.bodies[2].parent = 2);
    named("leg", |model| model.bodies[2].parent = -2);
    named("foot", |model| {
        model.joints.truncate(5);
        model.rest.truncate(5);
    });
    named("leg_joint", |model| model.joints[4].body = 9);
    named("leg_joint", |model| model.joints[4].body = 0);
    named("leg_joint", |model| model.joints[4].axis = [1.0, 1.0, 0.0]);
    named("leg_joint", |model| model.joints[4].range = [1.0, -1.0]);
    named("leg_geom", |model| model.geoms[3].radius = 0.0);
    named("leg_geom", |model| model.geoms[3].condim = 4);
    named("leg_geom", |model| model.geoms[3].body = 4);
    named("leg_geom", |model| model.geoms[3].solref = [-100.0, -1.0]);
    named("floor", |model| model.geoms[0].body = 0);
    named("actuator 1", |model| model.actuators[1].joint = 6);
}
