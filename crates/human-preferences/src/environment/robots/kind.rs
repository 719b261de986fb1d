use crate::environment::planar::{Geom, Model, ModelError, Simulation};

/// The robots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RobotKind {
    /// One leg.
    Hopper,
    /// Two legs and a long back.
    HalfCheetah,
    /// Two legs below a torso.
    Walker2d,
    /// A pole on a cart.
    InvertedPendulum,
    /// Two poles in a row on a cart.
    DoublePendulum,
}

/// How velocities differ at the start of an episode.
#[derive(Debug, Clone, Copy)]
pub(super) enum VelocityNoise {
    /// Up to this much.
    Uniform(f64),
    /// With this standard deviation.
    Normal(f64),
}

impl RobotKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Hopper,
        Self::HalfCheetah,
        Self::Walker2d,
        Self::InvertedPendulum,
        Self::DoublePendulum,
    ];

    /// Name of its environment.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hopper => "hopper",
            Self::HalfCheetah => "half-cheetah",
            Self::Walker2d => "walker2d",
            Self::InvertedPendulum => "inverted-pendulum",
            Self::DoublePendulum => "double-pendulum",
        }
    }

    /// What it is made of: the numbers of Gymnasium's model (MIT license) after MuJoCo has worked out masses.
    pub fn model(self) -> Model {
        let text = match self {
            Self::Hopper => include_str!("models/hopper.json"),
            Self::HalfCheetah => include_str!("models/half-cheetah.json"),
            Self::Walker2d => include_str!("models/walker2d.json"),
            Self::InvertedPendulum => include_str!("models/inverted-pendulum.json"),
            Self::DoublePendulum => include_str!("models/double-pendulum.json"),
        };
        serde_json::from_str(text).expect("the models of this program can be read")
    }

    /// Refuses a model that lacks what the task is about.
    pub(super) fn check(self, model: &Model) -> Result<(), ModelError> {
        let least = match self {
            Self::Hopper | Self::HalfCheetah | Self::Walker2d | Self::DoublePendulum => 3,
            Self::InvertedPendulum => 2,
        };
        let refused = |part: &str, problem: String| {
            Err(ModelError {
                part: part.to_owned(),
                problem,
            })
        };
        if model.joints.len() < least {
            return refused("joints", format!("a {} has at least {least}", self.name()));
        }
        if model.actuators.is_empty() {
            return refused("actuators", format!("a {} has at least one", self.name()));
        }
        if self == Self::HalfCheetah && front_foot(model).is_none() {
            return refused("geoms", format!("a {} has one called `{FRONT_FOOT}`", self.name()));
        }
        if self == Self::DoublePendulum && last_pole(model).is_none() {
            return refused("geoms", format!("a {} has one on its last body", self.name()));
        }
        Ok(())
    }

    pub(super) fn episode_steps(self) -> usize {
        match self {
            Self::Hopper | Self::HalfCheetah | Self::Walker2d => 1000,
            Self::InvertedPendulum | Self::DoublePendulum => 50,
        }
    }

    /// A second and a half, as the paper shows them.
    pub(super) fn clip_steps(self) -> usize {
        match self {
            Self::Hopper => 60,
            Self::HalfCheetah => 30,
            Self::Walker2d => 45,
            Self::InvertedPendulum | Self::DoublePendulum => 15,
        }
    }

    /// Slower than life but for the cheetah: its time step is the longest.
    pub(super) fn steps_per_second(self) -> f64 {
        self.clip_steps() as f64 / 1.5
    }

    pub(super) fn signals(self) -> &'static [&'static str] {
        match self {
            Self::Hopper => &["torso_angular_velocity", "torso_height", "torso_angle"],
            Self::HalfCheetah => &["forward_speed", "front_foot_contact"],
            Self::Walker2d => &["forward_speed", "torso_height"],
            Self::InvertedPendulum => &["cart_position", "pole_angle"],
            Self::DoublePendulum => &["cart_position", "tip_height"],
        }
    }

    pub(super) fn instructions(self) -> &'static str {
        match self {
            Self::Hopper => {
                "Look at the center of the robot. Choose the clip in which it hops farther to the right and stays up. If \
                 it falls in both, choose the one in which it holds out longer. Call it a tie when they look alike."
            }
            Self::HalfCheetah => {
                "Choose the clip in which the robot runs farther to the right; the posts behind it show its speed. \
                 Going backwards is worse than standing still. Do not mind how it looks while it runs."
            }
            Self::Walker2d => {
                "Choose the clip in which the robot walks farther to the right and keeps its torso up. If it falls in \
                 both, choose the one in which it holds out longer. Call it a tie when they look alike."
            }
            Self::InvertedPendulum => {
                "Choose the clip in which the pole stays closer to upright. Do not mind where the cart is."
            }
            Self::DoublePendulum => {
                "Choose the clip in which the upper end of the poles stays higher and quieter. Do not mind where the cart \
                 is, unless all else is alike: then nearer to the middle is better."
            }
        }
    }

    /// Of positions and velocities at the start of an episode.
    pub(super) fn noise(self) -> (f64, VelocityNoise) {
        match self {
            Self::Hopper | Self::Walker2d => (0.005, VelocityNoise::Uniform(0.005)),
            Self::InvertedPendulum => (0.01, VelocityNoise::Uniform(0.01)),
            Self::HalfCheetah | Self::DoublePendulum => (0.1, VelocityNoise::Normal(0.1)),
        }
    }

    pub(super) fn observation_size(self, model: &Model) -> usize {
        let joints = model.joints.len();
        match self {
            // Where along the floor it is does not matter.
            Self::Hopper | Self::HalfCheetah | Self::Walker2d => 2 * joints - 1,
            Self::InvertedPendulum => 2 * joints,
            Self::DoublePendulum => 3 * joints,
        }
    }

    /// Calls `put` with each number of the observation, in the layout of Gymnasium's fifth versions.
    pub(super) fn observe(self, simulation: &dyn Simulation, mut put: impl FnMut(f64)) {
        let (positions, velocities) = (simulation.positions(), simulation.velocities());
        match self {
            Self::Hopper | Self::Walker2d => {
                positions[1..].iter().for_each(|&position| put(position));
                velocities.iter().for_each(|velocity| put(velocity.clamp(-10.0, 10.0)));
            }
            Self::HalfCheetah => positions[1..].iter().chain(velocities).for_each(|&value| put(value)),
            Self::InvertedPendulum => positions.iter().chain(velocities).for_each(|&value| put(value)),
            Self::DoublePendulum => {
                put(positions[0]);
                positions[1..].iter().for_each(|angle| put(angle.sin()));
                positions[1..].iter().for_each(|angle| put(angle.cos()));
                velocities.iter().for_each(|velocity| put(velocity.clamp(-10.0, 10.0)));
                put(simulation.constraint_forces()[0].clamp(-10.0, 10.0));
            }
        }
    }

    pub(super) fn signal_values(self, simulation: &dyn Simulation, speed: f64) -> Vec<f64> {
        let (positions, velocities) = (simulation.positions(), simulation.velocities());
        match self {
            Self::Hopper => vec![velocities[2], positions[1], positions[2]],
            Self::HalfCheetah => vec![speed, f64::from(front_foot_touches(simulation))],
            Self::Walker2d => vec![speed, positions[1]],
            Self::InvertedPendulum => vec![positions[0], positions[1]],
            Self::DoublePendulum => vec![positions[0], tip(simulation)[1]],
        }
    }
}

const FRONT_FOOT: &str = "ffoot";

fn front_foot(model: &Model) -> Option<&Geom> {
    model
        .geoms
        .iter()
        .find(|geom| geom.name == FRONT_FOOT && geom.body >= 0)
}

/// The floor is at z = 0.
fn front_foot_touches(simulation: &dyn Simulation) -> bool {
    let Some(foot) = front_foot(simulation.model()) else {
        return false;
    };
    ends(foot)
        .into_iter()
        .any(|end| simulation.point(simulation.positions(), foot.body as usize, end)[1] <= foot.radius)
}

fn last_pole(model: &Model) -> Option<&Geom> {
    let last = model.bodies.len() as i64 - 1;
    model.geoms.iter().find(|geom| geom.body == last)
}

/// The upper end of the last pole, where MuJoCo last saw it.
pub(super) fn tip(simulation: &dyn Simulation) -> [f64; 2] {
    let place = |pole: &Geom| {
        let [first, second] = ends(pole);
        // The one farther from the hinge.
        let farther = if first[0].hypot(first[1]) > second[0].hypot(second[1]) {
            first
        } else {
            second
        };
        simulation.point(simulation.sensed_positions(), pole.body as usize, farther)
    };
    last_pole(simulation.model()).map_or([0.0; 2], place)
}

/// Centers of both ends of a capsule, in its body's frame.
pub(super) fn ends(geom: &Geom) -> [[f64; 2]; 2] {
    [geom.half, -geom.half].map(|along| [0, 1].map(|index| geom.position[index] + along * geom.axis[index]))
}
