//! The robots against Gymnasium: what they perceive, earn, and when their episodes end.

use human_preferences::environment::{
    Action, Environment, Outcome,
    planar::Model,
    robots::{self, Robot, RobotKind},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::fixture::{Tolerance, assert_near, part, read};

/// Robots, their fixtures, and the tolerance of an observation at a step: that of velocities.
const FIXTURES: [(RobotKind, &str, Tolerance); 5] = [
    (RobotKind::Hopper, "env_hopper", |_| 1e-7),
    (RobotKind::Walker2d, "env_walker2d", |_| 1e-7),
    (RobotKind::HalfCheetah, "env_half_cheetah", |step| {
        if step < 30 { 1e-7 } else { 1e-5 }
    }),
    (RobotKind::InvertedPendulum, "env_inverted_pendulum", |_| 1e-5),
    (RobotKind::DoublePendulum, "env_inverted_double_pendulum", |_| 1e-6),
];

fn act(robot: &mut Robot, action: &[f64]) -> Outcome {
    robot.step(Action::Continuous(action)).expect("a step")
}

#[test]
fn embedded_models_are_those_of_the_fixtures() {
    for (kind, name, _) in FIXTURES {
        let model: Model = part(&read(name), "model");
        assert_eq!(kind.model(), model, "{name}");
    }
}

#[test]
fn observations_rewards_and_ends_are_those_of_gymnasium() {
    for (kind, name, tolerance) in FIXTURES {
        let fixture = read(name);
        let mut robot = Robot::with_model(kind, &part(&fixture, "model"), true).expect("a model");
        let runs: Vec<Value> = part(&fixture, "runs");
        for (number, run) in runs.iter().enumerate() {
            robot.place(&part::<Vec<f64>>(run, "qpos0"), &part::<Vec<f64>>(run, "qvel0"));
            let actions: Vec<Vec<f64>> = part(run, "actions");
            let steps: Vec<Value> = part(run, "steps");
            assert_eq!(actions.len(), steps.len());
            for (index, (action, step)) in actions.iter().zip(&steps).enumerate() {
                let outcome = act(&mut robot, action);
                let what = format!("{name}, run {number}, step {index}");
                let expected: Vec<f64> = part(step, "obs");
                assert_near(&robot.observation(), &expected, tolerance(index), &what);
                let expected: f64 = part(step, "reward");
                assert_near(&[outcome.hidden.true_reward], &[expected], tolerance(index), &what);
                assert_eq!(outcome.terminated, part::<bool>(step, "terminated"), "{what}");
            }
        }
    }
}

#[test]
fn episodes_for_preferences_never_end_and_charge_no_torque() {
    for kind in RobotKind::ALL {
        let mut robot = Robot::new(kind, false);
        robot.reset(&mut ChaCha8Rng::seed_from_u64(3));
        let size = robot.observation().len();
        assert_eq!(size, robot.task().observation.len());
        let strongest = vec![1.0; robot.simulation().model().actuators.len()];
        for _ in 0..robot.task().episode_steps {
            assert!(!act(&mut robot, &strongest).terminated, "{kind:?}");
        }
        // Beyond the motors' range nothing changes, not even a charge.
        let mut same = robot.clone();
        let ten: Vec<f64> = strongest.iter().map(|_| 10.0).collect();
        let thousand: Vec<f64> = strongest.iter().map(|_| 1000.0).collect();
        assert_eq!(act(&mut robot, &ten), act(&mut same, &thousand), "{kind:?}");
    }
}

#[test]
fn rewards_for_preferences_are_those_of_the_table() {
    let at = |kind, positions: &[f64], velocities: &[f64]| {
        let mut robot = Robot::new(kind, false);
        robot.place(positions, velocities);
        let start = positions[0];
        let idle = vec![0.0; robot.simulation().model().actuators.len()];
        let reward = act(&mut robot, &idle).hidden.true_reward;
        let simulation = robot.simulation();
        let seconds = simulation.model().seconds_per_step();
        let speed = (simulation.positions()[0] - start) / seconds;
        (
            reward,
            speed,
            simulation.positions().to_vec(),
            simulation.velocities().to_vec(),
        )
    };
    let (reward, speed, positions, _) = at(RobotKind::Hopper, &[3.0, 1.4, 0.1, 0.0, 0.0, 0.0], &[1.0; 6]);
    assert_near(&[reward], &[speed + positions[1]], 1e-12, "hopper");
    let mut up = [0.0; 9];
    (up[0], up[1]) = (-2.0, 1.6);
    let (reward, speed, positions, _) = at(RobotKind::Walker2d, &up, &[0.5; 9]);
    assert_near(&[reward], &[speed + positions[1] - 1.0], 1e-12, "walker2d");
    let (reward, speed, _, _) = at(RobotKind::HalfCheetah, &[0.0; 9], &[0.5; 9]);
    assert_near(&[reward], &[speed], 1e-12, "half-cheetah");
    let (reward, _, positions, _) = at(RobotKind::InvertedPendulum, &[0.0, 0.5], &[0.0, 0.0]);
    assert_near(
        &[reward],
        &[1.0 - positions[1] * positions[1]],
        1e-12,
        "inverted-pendulum",
    );
    // Upright and still: 10 for being up, nothing off, and 10 times the tip's 1.2 m less 1.
    let (reward, _, _, velocities) = at(RobotKind::DoublePendulum, &[0.0; 3], &[0.0; 3]);
    assert!(velocities.iter().all(|velocity| velocity.abs() < 1e-3));
    assert_near(&[reward], &[10.0 - 0.8 * 0.8 + 2.0], 1e-5, "double-pendulum");
}

#[test]
fn the_signals_of_the_hopper_tell_turns() {
    let mut robot = Robot::new(RobotKind::Hopper, false);
    let turned = -3.0 * std::f64::consts::TAU - 0.1;
    robot.place(&[0.0, 3.0, turned, 0.0, 0.0, 0.0], &[0.0, 0.0, -12.0, 0.0, 0.0, 0.0]);
    let signals = act(&mut robot, &[0.0; 3]).hidden.signals;
    assert_eq!(
        robot.task().signals,
        ["torso_angular_velocity", "torso_height", "torso_angle"]
    );
    assert!((signals[0] + 12.0).abs() < 1.0, "not clipped: {signals:?}");
    assert!((signals[1] - 3.0).abs() < 0.05);
    assert!(
        signals[2] < turned && signals[2] > turned - 0.2,
        "not wrapped: {signals:?}"
    );
}

#[test]
fn the_front_foot_of_the_cheetah_touches_the_floor_when_it_stands_and_not_in_the_air() {
    let contact = |height: f64| {
        let mut robot = Robot::new(RobotKind::HalfCheetah, false);
        let mut positions = [0.0; 9];
        positions[1] = height;
        robot.place(&positions, &[0.0; 9]);
        let outcomes = (0..10).map(|_| act(&mut robot, &[0.0; 6])).collect::<Vec<_>>();
        outcomes.last().map(|outcome| outcome.hidden.signals[1])
    };
    assert_eq!(contact(0.0), Some(1.0));
    assert_eq!(contact(5.0), Some(0.0));
}

#[test]
fn every_robot_is_made_by_its_name() {
    for kind in RobotKind::ALL {
        for gym in [false, true] {
            let robot = robots::make(kind.name(), gym).expect("a robot");
            assert_eq!(robot.task().name, kind.name());
        }
    }
    assert!(robots::make("ant", false).is_none());
}
