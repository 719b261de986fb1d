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

const GRAVITY: f64 = 9.8;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = 1.0 + POLE_MASS;
/// Half of the pole's length.
const POLE_LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = POLE_MASS * POLE_LENGTH;
const FORCE: f64 = 10.0;
const SECONDS_PER_STEP: f64 = 0.02;
const FARTHEST: f64 = 2.4;
const LARGEST_ANGLE: f64 = 12.0 * std::f64::consts::TAU / 360.0;
/// Height of the rail, below the pole's hinge.
const RAIL: f64 = -0.2;
/// Bounds of position, velocity and angular velocity where no episode ends.
const BOUNDS: [f64; 3] = [3.0, 6.0, 12.0];

/// A pole balanced on a cart, `[x, v, θ, ω]` with θ = 0 upright.
///
/// Without Gymnasium's rules the episode never ends: the true reward is 1 while the pole is up and the cart on the track,
/// else 0, and the state is held within bounds (x ±3, v ±6, ω ±12).
#[derive(Debug, Clone)]
pub struct CartPole {
    task: Task,
    state: [f64; 4],
    step: u64,
    gym: bool,
}

impl CartPole {
    /// At rest, upright.
    pub fn new(gym: bool) -> Self {
        let task = Task {
            name: if gym { "cartpole" } else { "cartpole-fixed" },
            observation: ObservationSpace::vector(4),
            action: ActionSpace::Discrete { actions: 2 },
            episode_steps: if gym { 500 } else { 200 },
            clip_steps: 50,
            steps_per_second: 1.0 / SECONDS_PER_STEP,
            signals: &["cart_position", "pole_angle"],
            instructions: "Choose the clip in which the pole stays closer to upright and the cart on its track. If the \
                           pole falls in both, choose the one in which it stays up longer.",
        };
        Self {
            task,
            state: [0.0; 4],
            step: 0,
            gym,
        }
    }

    /// The state `[x, v, θ, ω]`.
    pub fn state(&self) -> [f64; 4] {
        self.state
    }

    /// Puts the cart and the pole where `state` says.
    pub fn set_state(&mut self, state: [f64; 4]) {
        self.state = state;
    }

    fn is_up(&self) -> bool {
        self.state[0].abs() <= FARTHEST && self.state[2].abs() <= LARGEST_ANGLE
    }

    /// Explicit Euler, as in Gymnasium.
    fn advance(&mut self, force: f64) {
        let [x, v, angle, omega] = self.state;
        let (sine, cosine) = angle.sin_cos();
        let pushed = (force + POLE_MASS_LENGTH * (omega * omega) * sine) / TOTAL_MASS;
        let turning = (GRAVITY * sine - cosine * pushed)
            / (POLE_LENGTH * (4.0 / 3.0 - POLE_MASS * (cosine * cosine) / TOTAL_MASS));
        let acceleration = pushed - POLE_MASS_LENGTH * turning * cosine / TOTAL_MASS;
        self.state = [
            x + SECONDS_PER_STEP * v,
            v + SECONDS_PER_STEP * acceleration,
            angle + SECONDS_PER_STEP * omega,
            omega + SECONDS_PER_STEP * turning,
        ];
    }

    fn hold_within_bounds(&mut self) {
        for (index, bound) in [(0, BOUNDS[0]), (1, BOUNDS[1]), (3, BOUNDS[2])] {
            self.state[index] = self.state[index].clamp(-bound, bound);
        }
    }
}

impl Environment for CartPole {
    fn task(&self) -> &Task {
        &self.task
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) {
        self.state = std::array::from_fn(|_| rng.random_range(-0.05..0.05));
        self.step = 0;
    }

    fn observe(&self, observation: &mut [f32]) {
        for (out, value) in observation.iter_mut().zip(self.state) {
            *out = value as f32;
        }
    }

    fn step(&mut self, action: Action<'_>) -> Result<Outcome, EnvironmentError> {
        let force = match action {
            Action::Discrete(0) => -FORCE,
            Action::Discrete(1) => FORCE,
            _ => return Err(numbers::wrong_action(self.task.name, action, "discrete, 0 or 1")),
        };
        let before = self.state;
        self.advance(force);
        if !self.gym {
            self.hold_within_bounds();
        }
        if let Err(error) = numbers::check(self.task.name, self.step + 1, &self.state) {
            self.state = before;
            return Err(error);
        }
        self.step += 1;
        // Gymnasium pays the step with which the pole falls, too.
        let true_reward = if self.gym || self.is_up() { 1.0 } else { 0.0 };
        Ok(Outcome {
            terminated: self.gym && !self.is_up(),
            hidden: Hidden {
                true_reward,
                signals: vec![self.state[0], self.state[2]],
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
        let [x, _, angle, _] = self.state;
        let mut drawing = Drawing::new([0.0, 0.15], 6.8);
        drawing.line([-4.0, RAIL], [4.0, RAIL], 0.03, drawing::MARK);
        for end in [-FARTHEST, FARTHEST] {
            drawing.line([end, RAIL - 0.25], [end, RAIL + 0.25], 0.05, drawing::MARK);
        }
        drawing.block([x, 0.0], 0.4, 0.2, drawing::DARK);
        drawing.block([x, 0.0], 0.37, 0.17, drawing::BODY);
        let tip = [x + 2.0 * POLE_LENGTH * angle.sin(), 2.0 * POLE_LENGTH * angle.cos()];
        drawing.capsule([x, 0.0], tip, 0.09, drawing::NEAR);
        drawing.disk([x, 0.0], 0.05, drawing::DARK);
        drawing.finish()
    }

    fn boxed_clone(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }
}
