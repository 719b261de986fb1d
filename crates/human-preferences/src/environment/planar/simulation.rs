//! Mechanisms in motion.

use std::{fmt, sync::Arc};

use super::{
    constraint::Constraints,
    factor::{Factor, dot, times},
    mechanism::{Matrix, Mechanism},
    model::{Integrator, Model, ModelError},
    pose::Pose,
    solver::Solver,
    vector::Vector,
};

/// A mechanism in motion.
///
/// All slices over joints are as long as the model has joints.
pub trait Simulation: Send + Sync + fmt::Debug {
    /// What moves.
    fn model(&self) -> &Model;

    /// Positions of the joints, in meters and radians.
    fn positions(&self) -> &[f64];

    /// Velocities of the joints, per second.
    fn velocities(&self) -> &[f64];

    /// Puts the mechanism somewhere; the motors are off there.
    ///
    /// # Panics
    ///
    /// If a slice is not as long as there are joints.
    fn place(&mut self, positions: &[f64], velocities: &[f64]);

    /// Moves on by one action: `frame_skip` steps of the integrator with the same controls, one per actuator, clipped to
    /// its range.
    ///
    /// A mechanism that was too wildly placed may leave the finite numbers.
    ///
    /// # Panics
    ///
    /// If there are not as many controls as actuators.
    fn advance(&mut self, controls: &[f64]);

    /// Positions at which forces were last computed. MuJoCo's places of bodies lag likewise behind its positions.
    fn sensed_positions(&self) -> &[f64];

    /// Forces of limits and contacts on the joints, when they were last computed.
    fn constraint_forces(&self) -> &[f64];

    /// Where a point of a body's frame is, the joints being at `positions`.
    ///
    /// # Panics
    ///
    /// If there is no such body, or the slice is not as long as there are joints.
    fn point(&self, positions: &[f64], body: usize, local: [f64; 2]) -> [f64; 2];

    /// Inertia of the joints at the present positions, row by row.
    fn mass_matrix(&self) -> Vec<f64>;

    /// Forces that the joints would have to exert for no acceleration.
    fn bias(&self) -> Vec<f64>;

    /// Energy of motion, height and springs, in joules.
    fn energy(&self) -> f64;

    /// Appends everything that the future depends on besides the model: [`state_size`](Self::state_size) numbers.
    fn append_state(&self, state: &mut Vec<f64>);

    /// Goes on from what [`append_state`](Self::append_state) wrote.
    ///
    /// # Panics
    ///
    /// If there are not as many numbers.
    fn set_state(&mut self, state: &[f64]);

    /// How many numbers a state is.
    fn state_size(&self) -> usize;

    /// A copy with the same future.
    fn boxed_clone(&self) -> Box<dyn Simulation>;
}

impl Clone for Box<dyn Simulation> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// A mechanism at rest at the model's positions.
///
/// # Errors
///
/// A model that cannot be simulated.
pub fn simulate(model: &Model) -> Result<Box<dyn Simulation>, ModelError> {
    model.check()?;
    // The number of joints is known to the compiler, so that matrices lie on the stack and loops are unrolled.
    Ok(match model.joints.len() {
        1 => Box::new(Moving::<1>::new(model)),
        2 => Box::new(Moving::<2>::new(model)),
        3 => Box::new(Moving::<3>::new(model)),
        4 => Box::new(Moving::<4>::new(model)),
        5 => Box::new(Moving::<5>::new(model)),
        6 => Box::new(Moving::<6>::new(model)),
        7 => Box::new(Moving::<7>::new(model)),
        8 => Box::new(Moving::<8>::new(model)),
        9 => Box::new(Moving::<9>::new(model)),
        10 => Box::new(Moving::<10>::new(model)),
        11 => Box::new(Moving::<11>::new(model)),
        _ => Box::new(Moving::<12>::new(model)),
    })
}

/// A mechanism of `N` joints in motion.
#[derive(Debug, Clone)]
struct Moving<const N: usize> {
    model: Arc<Model>,
    mechanism: Arc<Mechanism<N>>,
    state: State<N>,
    /// Force of the motors.
    drive: [f64; N],
    scratch: Scratch<N>,
}

#[derive(Debug, Clone, Copy)]
struct State<const N: usize> {
    positions: [f64; N],
    velocities: [f64; N],
    /// The last acceleration, from which the solver starts: it decides about the last bits.
    acceleration: [f64; N],
    sensed_positions: [f64; N],
    constraint_forces: [f64; N],
}

impl<const N: usize> State<N> {
    /// All of it, in the order of files.
    fn lists(&mut self) -> [&mut [f64; N]; STATE_LISTS] {
        [
            &mut self.positions,
            &mut self.velocities,
            &mut self.acceleration,
            &mut self.sensed_positions,
            &mut self.constraint_forces,
        ]
    }
}

/// Numbers of a state per joint.
const STATE_LISTS: usize = 5;

/// What is computed anew at every step.
#[derive(Debug, Clone)]
struct Scratch<const N: usize> {
    pose: Pose<N>,
    mass: Matrix<N>,
    constraints: Constraints<N>,
    solver: Solver,
}

impl<const N: usize> Moving<N> {
    fn new(model: &Model) -> Self {
        let mechanism = Mechanism::new(model);
        let rest: [f64; N] = std::array::from_fn(|joint| model.rest[joint]);
        let constraints = Constraints::new(model);
        let mut moving = Self {
            state: State {
                positions: rest,
                velocities: [0.0; N],
                acceleration: [0.0; N],
                sensed_positions: rest,
                constraint_forces: [0.0; N],
            },
            drive: [0.0; N],
            scratch: Scratch {
                pose: Pose::new(&mechanism, &rest),
                mass: [[0.0; N]; N],
                solver: Solver::new(&constraints),
                constraints,
            },
            model: Arc::new(model.clone()),
            mechanism: Arc::new(mechanism),
        };
        moving.place(&rest, &[0.0; N]);
        moving
    }

    /// The acceleration at a place; the forces of motors count as they are.
    fn accelerate(&mut self, positions: &[f64; N], velocities: &[f64; N]) -> [f64; N] {
        let (mechanism, scratch) = (&*self.mechanism, &mut self.scratch);
        scratch.pose.place(mechanism, positions);
        scratch.pose.mass_matrix(mechanism, &mut scratch.mass);
        let bias = scratch.pose.bias(mechanism, velocities);
        let passive = mechanism.passive_force(positions, velocities);
        let force = std::array::from_fn(|joint| self.drive[joint] + passive[joint] - bias[joint]);
        let constraints = &mut scratch.constraints;
        constraints.find(mechanism, &scratch.pose, positions, velocities);
        scratch
            .solver
            .solve(&scratch.mass, &force, constraints, &mut self.state.acceleration);
        self.state.sensed_positions = *positions;
        self.state.acceleration
    }

    /// Keeps the constraints' forces of the last acceleration.
    fn sense_forces(&mut self) {
        self.state.constraint_forces = self.scratch.constraints.force(&self.state.acceleration);
    }

    fn step_runge_kutta(&mut self) {
        let step = self.model.timestep;
        let (positions, velocities) = (self.state.positions, self.state.velocities);
        let first = self.accelerate(&positions, &velocities);
        let (mut mean_velocity, mut mean_acceleration) = (velocities, first);
        let (mut stage_velocity, mut stage_acceleration) = (velocities, first);
        for (ahead, weight) in [(0.5, 2.0), (0.5, 2.0), (1.0, 1.0)] {
            let stage_positions = along(&positions, &stage_velocity, ahead * step);
            stage_velocity = along(&velocities, &stage_acceleration, ahead * step);
            stage_acceleration = self.accelerate(&stage_positions, &stage_velocity);
            mean_velocity = along(&mean_velocity, &stage_velocity, weight);
            mean_acceleration = along(&mean_acceleration, &stage_acceleration, weight);
        }
        self.state.positions = along(&positions, &mean_velocity, step / 6.0);
        self.state.velocities = along(&velocities, &mean_acceleration, step / 6.0);
    }

    fn step_euler(&mut self) {
        let step = self.model.timestep;
        let (positions, velocities) = (self.state.positions, self.state.velocities);
        let acceleration = self.accelerate(&positions, &velocities);
        let force = times(&self.scratch.mass, &acceleration);
        // Damping as it will be at the step's end: (M + h diag(damping)) a' = M a.
        let mut damped = self.scratch.mass;
        for (joint, row) in damped.iter_mut().enumerate() {
            row[joint] += step * self.mechanism.joints[joint].damping;
        }
        let acceleration = Factor::new(&damped).solve(&force);
        self.state.velocities = along(&velocities, &acceleration, step);
        self.state.positions = along(&positions, &self.state.velocities, step);
    }

    fn drive(&mut self, controls: &[f64]) {
        self.drive = [0.0; N];
        for (actuator, control) in self.model.actuators.iter().zip(controls) {
            self.drive[actuator.joint] += actuator.gear * control.clamp(actuator.range[0], actuator.range[1]);
        }
    }

    fn present_pose(&self) -> Pose<N> {
        Pose::new(&self.mechanism, &self.state.positions)
    }
}

impl<const N: usize> Simulation for Moving<N> {
    fn model(&self) -> &Model {
        &self.model
    }

    fn positions(&self) -> &[f64] {
        &self.state.positions
    }

    fn velocities(&self) -> &[f64] {
        &self.state.velocities
    }

    fn place(&mut self, positions: &[f64], velocities: &[f64]) {
        self.state.positions.copy_from_slice(positions);
        self.state.velocities.copy_from_slice(velocities);
        self.state.acceleration = [0.0; N];
        self.drive = [0.0; N];
        let (positions, velocities) = (self.state.positions, self.state.velocities);
        self.accelerate(&positions, &velocities);
        self.sense_forces();
    }

    fn advance(&mut self, controls: &[f64]) {
        assert_eq!(controls.len(), self.model.actuators.len(), "one control per actuator");
        self.drive(controls);
        for _ in 0..self.model.frame_skip {
            match self.model.integrator {
                Integrator::Rk4 => self.step_runge_kutta(),
                Integrator::Euler => self.step_euler(),
            }
        }
        self.sense_forces();
    }

    fn sensed_positions(&self) -> &[f64] {
        &self.state.sensed_positions
    }

    fn constraint_forces(&self) -> &[f64] {
        &self.state.constraint_forces
    }

    fn point(&self, positions: &[f64], body: usize, local: [f64; 2]) -> [f64; 2] {
        assert!(body < self.model.bodies.len(), "no body {body}");
        let mut joints = [0.0; N];
        joints.copy_from_slice(positions);
        Pose::new(&self.mechanism, &joints)
            .point(body, Vector::from(local))
            .into()
    }

    fn mass_matrix(&self) -> Vec<f64> {
        let mut matrix = [[0.0; N]; N];
        self.present_pose().mass_matrix(&self.mechanism, &mut matrix);
        let entry = |index: usize| matrix[(index / N).max(index % N)][(index / N).min(index % N)];
        (0..N * N).map(entry).collect()
    }

    fn bias(&self) -> Vec<f64> {
        self.present_pose()
            .bias(&self.mechanism, &self.state.velocities)
            .to_vec()
    }

    fn energy(&self) -> f64 {
        let (pose, velocities) = (self.present_pose(), &self.state.velocities);
        let mut matrix = [[0.0; N]; N];
        pose.mass_matrix(&self.mechanism, &mut matrix);
        let joints = self.mechanism.joints.iter().zip(&self.state.positions);
        let springs: f64 = joints
            .map(|(joint, position)| 0.5 * joint.stiffness * (position - joint.spring_rest).powi(2))
            .sum();
        0.5 * dot(&times(&matrix, velocities), velocities) + pose.potential(&self.mechanism) + springs
    }

    fn append_state(&self, state: &mut Vec<f64>) {
        let mut copy = self.state;
        for list in copy.lists() {
            state.extend(list.iter());
        }
    }

    fn set_state(&mut self, state: &[f64]) {
        assert_eq!(state.len(), self.state_size(), "numbers of a state");
        for (list, numbers) in self.state.lists().into_iter().zip(state.chunks_exact(N)) {
            list.copy_from_slice(numbers);
        }
    }

    fn state_size(&self) -> usize {
        STATE_LISTS * N
    }

    fn boxed_clone(&self) -> Box<dyn Simulation> {
        Box::new(self.clone())
    }
}

fn along<const N: usize>(start: &[f64; N], direction: &[f64; N], distance: f64) -> [f64; N] {
    std::array::from_fn(|index| start[index] + distance * direction[index])
}
