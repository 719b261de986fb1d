//! MuJoCo's planar robots, as in Gymnasium 1.4, without MuJoCo.
//!
//! For learning from preferences an episode has a fixed length and never ends early, and no torque is charged: an end
//! tells much about the task, and torques are not seen in a clip (section 3.1 of the paper). Gymnasium's own rewards and
//! ends are the second mode.

mod kind;
mod picture;
mod rewards;

pub use self::kind::RobotKind;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use self::kind::VelocityNoise;
use super::{
    Action, ActionSpace, Environment, EnvironmentError, Hidden, ObservationSpace, Outcome, Task, numbers,
    planar::{Model, ModelError, Simulation, simulate},
};
use crate::frame::Frame;

/// The robot called `name`, if there is one. With `gym` it has Gymnasium's reward and end of an episode.
pub fn make(name: &str, gym: bool) -> Option<Box<dyn Environment>> {
    let kind = RobotKind::ALL.into_iter().find(|kind| kind.name() == name)?;
    Some(Box::new(Robot::new(kind, gym)))
}

/// A robot in its world.
#[derive(Debug, Clone)]
pub struct Robot {
    kind: RobotKind,
    gym: bool,
    task: Task,
    simulation: Box<dyn Simulation>,
    /// Steps of the episode.
    step: u64,
    /// The state before a step, to go back to where a step goes wrong.
    before: Vec<f64>,
}

impl Robot {
    /// At rest, with its own model.
    pub fn new(kind: RobotKind, gym: bool) -> Self {
        Self::with_model(kind, &kind.model(), gym).expect("the models of this program can be simulated")
    }

    /// At rest, with another model of the same robot.
    ///
    /// # Errors
    ///
    /// A model that cannot be simulated, or that lacks what the robot's task is about.
    pub fn with_model(kind: RobotKind, model: &Model, gym: bool) -> Result<Self, ModelError> {
        let simulation = simulate(model)?;
        kind.check(model)?;
        let range = model.actuators[0].range;
        let task = Task {
            name: kind.name(),
            observation: ObservationSpace::vector(kind.observation_size(model)),
            action: ActionSpace::Continuous {
                size: model.actuators.len(),
                low: range[0],
                high: range[1],
            },
            episode_steps: if gym { 1000 } else { kind.episode_steps() },
            clip_steps: kind.clip_steps(),
            steps_per_second: kind.steps_per_second(),
            signals: kind.signals(),
            instructions: kind.instructions(),
        };
        Ok(Self {
            kind,
            gym,
            task,
            before: Vec::with_capacity(simulation.state_size()),
            simulation,
            step: 0,
        })
    }

    /// What moves.
    pub fn simulation(&self) -> &dyn Simulation {
        &*self.simulation
    }

    /// Begins an episode at positions and velocities of the joints.
    ///
    /// # Panics
    ///
    /// If a slice is not as long as there are joints.
    pub fn place(&mut self, positions: &[f64], velocities: &[f64]) {
        self.simulation.place(positions, velocities);
        self.step = 0;
    }

    /// What the agent perceives, in full precision: [`Environment::observe`] rounds it.
    pub fn observation(&self) -> Vec<f64> {
        let mut observation = Vec::with_capacity(self.task.observation.len());
        self.kind.observe(&*self.simulation, |value| observation.push(value));
        observation
    }

    fn check(&self) -> Result<(), EnvironmentError> {
        let step = self.step + 1;
        numbers::check(self.task.name, step, self.simulation.positions())?;
        numbers::check(self.task.name, step, self.simulation.velocities())
    }
}

impl Environment for Robot {
    fn task(&self) -> &Task {
        &self.task
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) {
        let (reach, velocity) = self.kind.noise();
        let rest = self.simulation.model().rest.clone();
        let positions: Vec<f64> = rest.iter().map(|rest| rest + rng.random_range(-reach..reach)).collect();
        let velocities: Vec<f64> = rest
            .iter()
            .map(|_| match velocity {
                VelocityNoise::Uniform(reach) => rng.random_range(-reach..reach),
                VelocityNoise::Normal(deviation) => {
                    let drawn: f64 = StandardNormal.sample(rng);
                    deviation * drawn
                }
            })
            .collect();
        self.place(&positions, &velocities);
    }

    fn observe(&self, observation: &mut [f32]) {
        let mut places = observation.iter_mut();
        self.kind.observe(&*self.simulation, |value| {
            if let Some(place) = places.next() {
                *place = value as f32;
            }
        });
    }

    fn step(&mut self, action: Action<'_>) -> Result<Outcome, EnvironmentError> {
        let controls = numbers::continuous(self.task.name, action, self.simulation.model().actuators.len())?;
        let start = self.simulation.positions()[0];
        self.before.clear();
        self.simulation.append_state(&mut self.before);
        self.simulation.advance(controls);
        if let Err(error) = self.check() {
            self.simulation.set_state(&self.before);
            return Err(error);
        }
        self.step += 1;
        let simulation = &*self.simulation;
        let speed = (simulation.positions()[0] - start) / simulation.model().seconds_per_step();
        let ended = self.kind.is_over(simulation);
        Ok(Outcome {
            terminated: self.gym && ended,
            hidden: Hidden {
                true_reward: if self.gym {
                    self.kind.gym_reward(simulation, speed, controls)
                } else {
                    self.kind.reward(simulation, speed)
                },
                signals: self.kind.signal_values(simulation, speed),
            },
        })
    }

    fn snapshot(&self) -> Vec<u8> {
        let mut state = Vec::with_capacity(self.simulation.state_size());
        self.simulation.append_state(&mut state);
        numbers::write(self.task.name, self.step, &state)
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), EnvironmentError> {
        let (step, state) = numbers::read(self.task.name, self.simulation.state_size(), snapshot)?;
        self.simulation.set_state(&state);
        self.step = step;
        Ok(())
    }

    fn render(&self) -> Frame {
        picture::draw(self.kind, &*self.simulation)
    }

    fn boxed_clone(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }
}
