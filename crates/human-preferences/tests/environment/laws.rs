//! Laws of motion that hold whatever the numbers of a model are.

use human_preferences::environment::{
    Action, Environment, EnvironmentError,
    planar::{Integrator, Model, Simulation, simulate},
    robots::{Robot, RobotKind},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WALKING: [RobotKind; 3] = [RobotKind::Hopper, RobotKind::HalfCheetah, RobotKind::Walker2d];

fn with(kind: RobotKind, change: impl FnOnce(&mut Model)) -> Box<dyn Simulation> {
    let mut model = kind.model();
    change(&mut model);
    simulate(&model).expect("a model")
}

/// High in the air, every joint in the middle of its range and turning.
fn throw(simulation: &mut dyn Simulation) {
    let joints = simulation.model().joints.len();
    let mut positions = simulation.model().rest.clone();
    positions[1] = 100.0;
    for (position, joint) in positions.iter_mut().zip(&simulation.model().joints) {
        if joint.limited {
            *position = 0.5 * (joint.range[0] + joint.range[1]);
        }
    }
    let velocities: Vec<f64> = (0..joints).map(|joint| 1.0 - 0.7 * joint as f64).collect();
    simulation.place(&positions, &velocities);
}

fn without_damping(model: &mut Model) {
    model.integrator = Integrator::Rk4;
    for joint in &mut model.joints {
        joint.damping = 0.0;
        joint.limited = false;
    }
}

/// Change of energy over a flight of half a second.
fn lost_in_flight(kind: RobotKind, timestep: f64) -> f64 {
    let mut simulation = with(kind, |model| {
        without_damping(model);
        model.timestep = timestep;
        model.frame_skip = (0.5 / timestep).round() as usize;
    });
    throw(&mut *simulation);
    let before = simulation.energy();
    let idle = vec![0.0; simulation.model().actuators.len()];
    simulation.advance(&idle);
    (simulation.energy() - before).abs()
}

#[test]
fn energy_is_kept_in_flight_to_the_order_of_the_integrator() {
    for kind in WALKING {
        let (coarse, fine) = (lost_in_flight(kind, 0.004), lost_in_flight(kind, 0.002));
        assert!(coarse < 1e-2, "{kind:?} loses {coarse} J");
        // Runge and Kutta's error falls with the fourth power, that of energy a little faster: 16 to 32 times.
        assert!(fine < coarse / 12.0, "{kind:?}: {coarse} J, then {fine} J");
        let finest = lost_in_flight(kind, 0.00025);
        assert!(finest < 1e-8, "{kind:?} loses {finest} J");
    }
}

#[test]
fn damping_takes_energy() {
    for kind in WALKING {
        let mut simulation = with(kind, |model| {
            model.joints.iter_mut().for_each(|joint| joint.limited = false);
        });
        throw(&mut *simulation);
        let idle = vec![0.0; simulation.model().actuators.len()];
        let mut before = simulation.energy();
        for _ in 0..20 {
            simulation.advance(&idle);
            let after = simulation.energy();
            assert!(after < before, "{kind:?}");
            before = after;
        }
    }
}

/// A mirror image: the same positions of the joints mean the same, with left and right exchanged.
fn mirrored(model: &Model) -> Model {
    let mut image = model.clone();
    image.gravity_x = -image.gravity_x;
    for body in &mut image.bodies {
        body.position[0] = -body.position[0];
        body.center[0] = -body.center[0];
        body.angle = -body.angle;
    }
    for joint in &mut image.joints {
        joint.anchor[0] = -joint.anchor[0];
        joint.axis[0] = -joint.axis[0];
        joint.axis[1] = -joint.axis[1];
    }
    for geom in &mut image.geoms {
        geom.position[0] = -geom.position[0];
        geom.axis[0] = -geom.axis[0];
    }
    image
}

#[test]
fn a_mirror_image_moves_as_a_mirror_image() {
    for kind in RobotKind::ALL {
        let model = kind.model();
        let mut original = simulate(&model).expect("a model");
        let mut image = simulate(&mirrored(&model)).expect("a mirrored model");
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        for step in 0..40 {
            let controls: Vec<f64> = model.actuators.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
            original.advance(&controls);
            image.advance(&controls);
            for (position, same) in original.positions().iter().zip(image.positions()) {
                assert!(
                    (position - same).abs() < 1e-9,
                    "{kind:?}, step {step}: {position} and {same}"
                );
            }
        }
    }
}

#[test]
fn where_along_the_floor_a_robot_is_makes_no_difference() {
    for kind in WALKING {
        let [mut here, mut there] = [0.0, 64.0].map(|x| {
            let mut simulation = with(kind, |_| {});
            let mut positions = simulation.model().rest.clone();
            let velocities = vec![0.0; positions.len()];
            positions[0] += x;
            simulation.place(&positions, &velocities);
            simulation
        });
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        for step in 0..40 {
            let actuators = here.model().actuators.len();
            let controls: Vec<f64> = (0..actuators).map(|_| rng.random_range(-1.0..1.0)).collect();
            here.advance(&controls);
            there.advance(&controls);
            let off = (there.positions()[0] - here.positions()[0] - 64.0).abs();
            assert!(off < 1e-8, "{kind:?}, step {step}: {off}");
        }
    }
}

/// A hopper whose joints are held upright by springs stands on its foot.
#[test]
fn a_standing_hopper_rests_and_does_not_drift() {
    let mut simulation = with(RobotKind::Hopper, |model| {
        for joint in &mut model.joints[3..] {
            (joint.stiffness, joint.damping) = (4000.0, 100.0);
        }
    });
    let settle = |simulation: &mut dyn Simulation, seconds: f64| {
        let steps = (seconds / simulation.model().seconds_per_step()) as usize;
        for _ in 0..steps {
            simulation.advance(&[0.0; 3]);
        }
        simulation.positions().to_vec()
    };
    let settled = settle(&mut *simulation, 5.0);
    let later = settle(&mut *simulation, 10.0);
    for (settled, later) in settled.iter().zip(&later) {
        assert!((settled - later).abs() < 1e-6, "{settled} became {later}");
    }
    assert!(simulation.velocities().iter().all(|velocity| velocity.abs() < 1e-6));
    // The floor bears its weight: the only force on the height is that of contacts.
    let model = simulation.model();
    let weight = -model.gravity_z * model.bodies.iter().map(|body| body.mass).sum::<f64>();
    assert!((simulation.constraint_forces()[1] - weight).abs() < 1e-3 * weight);
    assert!(settled[1] > 1.2, "it stands: {settled:?}");
}

#[test]
fn a_state_that_explodes_is_an_error_with_its_step_and_the_robot_goes_on_from_before() {
    for kind in RobotKind::ALL {
        let mut robot = Robot::new(kind, false);
        robot.reset(&mut ChaCha8Rng::seed_from_u64(1));
        let good = robot.snapshot();
        let joints = robot.simulation().model().joints.len();
        let rest = robot.simulation().model().rest.clone();
        for wild in [1e11, 1e200, f64::MAX] {
            robot.place(&rest, &vec![wild; joints]);
            let idle = vec![0.0; robot.simulation().model().actuators.len()];
            let before = robot.snapshot();
            let error = robot.step(Action::Continuous(&idle));
            let expected = EnvironmentError::Diverged {
                environment: kind.name().to_owned(),
                step: 1,
            };
            assert_eq!(error, Err(expected), "{kind:?}, {wild:e}");
            assert_eq!(robot.snapshot(), before);
            robot.restore(&good).expect("the snapshot from before");
            let mut fresh = Robot::new(kind, false);
            fresh.restore(&good).expect("the snapshot from before");
            let [outcome, same] = [&mut robot, &mut fresh].map(|robot| robot.step(Action::Continuous(&idle)));
            assert_eq!(outcome.expect("a step"), same.expect("a step"));
        }
    }
}
