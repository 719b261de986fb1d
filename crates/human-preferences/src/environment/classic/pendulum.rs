use std::f64::consts::{PI, TAU};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::{
    environment::{
        Action, ActionSpace, Environment, EnvironmentError, Hidden, ObservationSpace, Outcome, Task,
        drawing::{self, Drawing},
        numbers,
    },
    frame::Frame,
};

const GRAVITY: f64 = 10.0;
const MASS: f64 = 1.0;
const LENGTH: f64 = 1.0;
const FASTEST: f64 = 8.0;
const STRONGEST: f64 = 2.0;
const SECONDS_PER_STEP: f64 = 0.05;

/// A pendulum to be swung up by a motor that is too weak to lift it at once, `[θ, ω]` with θ = 0 upright.
///
/// Gymnasium also charges the torque, which nobody sees in a clip; without its rules only angle and speed count.
#[derive(Debug, Clone)]
pub struct Pendulum {
    task: Task,
    state: [f64; 2],
    step: u64,
    gym: bool,
}

impl Pendulum {
    /// At rest, upright.
    pub fn new(gym: bool) -> Self {
        let task = Task {
            name: "pendulum",
            observation: ObservationSpace::vector(3),
            action: ActionSpace::Continuous {
                size: 1,
                low: -STRONGEST,
                high: STRONGEST,
            },
            episode_steps: 200,
            clip_steps: 25,
            steps_per_second: 1.0 / SECONDS_PER_STEP,
            signals: &["angle", "angular_velocity"],
            instructions: "Choose the clip in which the pendulum is closer to standing upright, and quieter there. Judge \
                           by where it is most of the time and where it ends.",
        };
        Self {
            task,
            state: [0.0; 2],
            step: 0,
            gym,
        }
    }

    /// The state `[θ, ω]`; θ is not wrapped.
    pub fn state(&self) -> [f64; 2] {
        self.state
    }

    /// Puts the pendulum where `state` says.
    pub fn set_state(&mut self, state: [f64; 2]) {
        self.state = state;
    }
}

/// An angle in `[-π, π)`.
fn wrapped(angle: f64) -> f64 {
    (angle + PI).rem_euclid(TAU) - PI
}

impl Environment for Pendulum {
    fn task(&self) -> &Task {
        &self.task
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) {
        self.state = [rng.random_range(-PI..PI), rng.random_range(-1.0..1.0)];
        self.step = 0;
    }

    fn observe(&self, observation: &mut [f32]) {
        let [angle, omega] = self.state;
        let values = [angle.cos(), angle.sin(), omega];
        for (out, value) in observation.iter_mut().zip(values) {
            *out = value as f32;
        }
    }

    fn step(&mut self, action: Action<'_>) -> Result<Outcome, EnvironmentError> {
        let torque = numbers::continuous(self.task.name, action, 1)?[0].clamp(-STRONGEST, STRONGEST);
        let [angle, omega] = self.state;
        let charged = if self.gym { 0.001 * (torque * torque) } else { 0.0 };
        // Of the state before the step, as in Gymnasium.
        let off = wrapped(angle);
        let true_reward = -(off * off + 0.1 * (omega * omega) + charged);
        let pull = 3.0 * GRAVITY / (2.0 * LENGTH) * angle.sin() + 3.0 / (MASS * (LENGTH * LENGTH)) * torque;
        let omega = (omega + pull * SECONDS_PER_STEP).clamp(-FASTEST, FASTEST);
        let next = [angle + omega * SECONDS_PER_STEP, omega];
        numbers::check(self.task.name, self.step + 1, &next)?;
        self.step += 1;
        self.state = next;
        Ok(Outcome {
            terminated: false,
            hidden: Hidden {
                true_reward,
                signals: vec![wrapped(next[0]), omega],
            },
        })
    }

    fn snapshot(&self) -> Vec<u8> {
        numbers::write(self.task.name, self.step, &self.state)
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), EnvironmentError> {
        self.step = numbers::read_into(self.task.name, &mut self.state, snapshot)?;
        Ok(())
    }

    fn render(&self) -> Frame {
        let [angle, omega] = self.state;
        let mut drawing = Drawing::new([0.0, 0.0], 3.4);
        drawing.ring([0.0, 0.0], LENGTH, 0.015, drawing::PALE);
        drawing.line([0.0, 1.07], [0.0, 1.17], 0.03, drawing::MARK);
        let place = |angle: f64| [-LENGTH * angle.sin(), LENGTH * angle.cos()];
        // Where it was a moment ago, so that a still picture shows its motion, too.
        for moment in [2.0, 1.0] {
            drawing.disk(place(angle - moment * omega * SECONDS_PER_STEP), 0.08, drawing::PALE);
        }
        drawing.capsule([0.0, 0.0], place(angle), 0.07, drawing::NEAR);
        drawing.disk(place(angle), 0.12, drawing::DARK);
        drawing.disk(place(angle), 0.1, drawing::BODY);
        drawing.disk([0.0, 0.0], 0.045, drawing::DARK);
        drawing.finish()
    }

    fn boxed_clone(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }
}
