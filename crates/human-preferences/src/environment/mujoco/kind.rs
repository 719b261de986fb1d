use crate::environment::{ActionSpace, ObservationSpace, Task, robots};

/// The robots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MujocoKind {
    Hopper,
    HalfCheetah,
    Walker2d,
    Ant,
    Swimmer,
    Reacher,
}

/// How positions and velocities differ at the start of an episode.
#[derive(Debug, Clone, Copy)]
pub(super) enum Noise {
    /// Both up to this much.
    Uniform(f64),
    /// Positions up to this much, velocities with this standard deviation.
    Normal(f64),
    /// Those of a reacher, whose target is drawn besides.
    Reacher,
}

/// What a robot did in a step, and where it is then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Motion<'a> {
    pub(super) positions: &'a [f64],
    pub(super) velocities: &'a [f64],
    pub(super) observation: &'a [f64],
    /// Along x, in meters per second.
    pub(super) speed: f64,
    /// The same as Gymnasium measures it for an ant: of the body's frame, which lags by a part of a step.
    pub(super) frame_speed: f64,
    pub(super) controls: &'a [f64],
}

/// Bodies' forces of contact that an ant perceives, with this limit.
pub(super) const CONTACT_LIMIT: f64 = 1.0;
/// First number of an ant's observation that is such a force.
const ANT_FORCES: usize = 27;
/// First of the numbers of a reacher's observation that lead from the target to the fingertip.
const REACHER_WAY: usize = 8;

impl MujocoKind {
    pub(super) const ALL: [Self; 6] = [
        Self::Hopper,
        Self::HalfCheetah,
        Self::Walker2d,
        Self::Ant,
        Self::Swimmer,
        Self::Reacher,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hopper => "mujoco-hopper",
            Self::HalfCheetah => "mujoco-half-cheetah",
            Self::Walker2d => "mujoco-walker2d",
            Self::Ant => "mujoco-ant",
            Self::Swimmer => "mujoco-swimmer",
            Self::Reacher => "mujoco-reacher",
        }
    }

    /// Gymnasium's model.
    pub(super) fn model(self) -> &'static str {
        match self {
            Self::Hopper => include_str!("models/hopper.xml"),
            Self::HalfCheetah => include_str!("models/half_cheetah.xml"),
            Self::Walker2d => include_str!("models/walker2d.xml"),
            Self::Ant => include_str!("models/ant.xml"),
            Self::Swimmer => include_str!("models/swimmer.xml"),
            Self::Reacher => include_str!("models/reacher.xml"),
        }
    }

    /// Time steps of the model in one of the agent's.
    pub(super) fn frame_skip(self) -> usize {
        match self {
            Self::Hopper | Self::Walker2d | Self::Swimmer => 4,
            Self::HalfCheetah | Self::Ant => 5,
            Self::Reacher => 2,
        }
    }

    pub(super) fn noise(self) -> Noise {
        match self {
            Self::Hopper | Self::Walker2d => Noise::Uniform(0.005),
            Self::Swimmer => Noise::Uniform(0.1),
            Self::HalfCheetah | Self::Ant => Noise::Normal(0.1),
            Self::Reacher => Noise::Reacher,
        }
    }

    /// The task; that of the planar engine where it has the robot too.
    pub(super) fn task(self, gym: bool) -> Task {
        let same = match self {
            Self::Hopper => robots::make("hopper", gym),
            Self::HalfCheetah => robots::make("half-cheetah", gym),
            Self::Walker2d => robots::make("walker2d", gym),
            Self::Ant | Self::Swimmer | Self::Reacher => None,
        };
        match same {
            Some(robot) => Task {
                name: self.name(),
                ..robot.task().clone()
            },
            None => self.own_task(),
        }
    }

    fn own_task(self) -> Task {
        let (size, actuators, episode_steps, clip_steps) = match self {
            Self::Ant => (105, 8, 1000, 30),
            Self::Swimmer => (8, 2, 1000, 60),
            _ => (10, 2, 50, 15),
        };
        Task {
            name: self.name(),
            observation: ObservationSpace::vector(size),
            action: ActionSpace::Continuous {
                size: actuators,
                low: -1.0,
                high: 1.0,
            },
            episode_steps,
            clip_steps,
            // A clip takes a second and a half, as the paper shows them.
            steps_per_second: clip_steps as f64 / 1.5,
            signals: match self {
                Self::Ant => &["forward_speed", "torso_height"],
                Self::Swimmer => &["forward_speed"],
                _ => &["distance"],
            },
            instructions: match self {
                Self::Ant => {
                    "Choose the clip in which the robot moves farther to the right and keeps its body off the floor and \
                     the right way up. Call it a tie when they look alike."
                }
                Self::Swimmer => {
                    "You look at the robot from above. Choose the clip in which it swims farther to the right; the lines \
                     of the grid show its speed. Call it a tie when they look alike."
                }
                _ => {
                    "You look at the arm from above. Choose the clip in which its tip comes nearer to the orange ball and \
                     stays there. Call it a tie when they look alike."
                }
            },
        }
    }

    /// Adds what is perceived, in the layout of Gymnasium's fifth versions. `contact_forces` are those on the bodies,
    /// without the world's; `way` leads from the target to the fingertip.
    pub(super) fn observe(
        self,
        (positions, velocities): (&[f64], &[f64]),
        contact_forces: impl Iterator<Item = f64>,
        way: [f64; 2],
        observation: &mut Vec<f64>,
    ) {
        match self {
            Self::Hopper | Self::Walker2d => {
                observation.extend_from_slice(&positions[1..]);
                observation.extend(velocities.iter().map(|velocity| velocity.clamp(-10.0, 10.0)));
            }
            Self::HalfCheetah => {
                observation.extend_from_slice(&positions[1..]);
                observation.extend_from_slice(velocities);
            }
            Self::Ant | Self::Swimmer => {
                observation.extend_from_slice(&positions[2..]);
                observation.extend_from_slice(velocities);
                if self == Self::Ant {
                    observation.extend(contact_forces.map(|force| force.clamp(-CONTACT_LIMIT, CONTACT_LIMIT)));
                }
            }
            Self::Reacher => {
                let angles = &positions[..2];
                observation.extend(angles.iter().map(|angle| angle.cos()));
                observation.extend(angles.iter().map(|angle| angle.sin()));
                observation.extend_from_slice(&positions[2..]);
                observation.extend_from_slice(&velocities[..2]);
                observation.extend(way);
            }
        }
    }

    /// The reward for learning from preferences: no end of an episode, and no charge of what is not seen.
    pub(super) fn reward(self, motion: &Motion<'_>) -> f64 {
        let Motion { positions, speed, .. } = *motion;
        match self {
            Self::Hopper => speed + 1.0 + (positions[1] - 1.0),
            Self::Walker2d => speed + 1.0 + (positions[1] - 2.0),
            Self::HalfCheetah | Self::Swimmer => speed,
            Self::Ant => speed + (positions[2] - 1.2),
            Self::Reacher => -distance(motion),
        }
    }

    /// Gymnasium's reward. Controls are charged as they were asked for, not as they were clipped.
    pub(super) fn gym_reward(self, motion: &Motion<'_>) -> f64 {
        let charge: f64 = motion.controls.iter().map(|control| control * control).sum();
        let alive = f64::from(u8::from(!self.is_over(motion)));
        match self {
            Self::Hopper | Self::Walker2d => motion.speed + alive - 0.001 * charge,
            Self::HalfCheetah => motion.speed - 0.1 * charge,
            Self::Swimmer => motion.speed - 1e-4 * charge,
            Self::Ant => {
                let forces = &motion.observation[ANT_FORCES..];
                let contact: f64 = forces.iter().map(|force| force * force).sum();
                motion.frame_speed + alive - 0.5 * charge - 5e-4 * contact
            }
            Self::Reacher => -distance(motion) - charge,
        }
    }

    /// Whether Gymnasium would end the episode.
    pub(super) fn is_over(self, motion: &Motion<'_>) -> bool {
        let positions = motion.positions;
        let within = |value: f64, low: f64, high: f64| low < value && value < high;
        match self {
            Self::Hopper => {
                let mut state = positions[2..].iter().chain(motion.velocities);
                let is_calm = state.all(|&value| within(value, -100.0, 100.0));
                !(is_calm && positions[1] > 0.7 && within(positions[2], -0.2, 0.2))
            }
            Self::Walker2d => !(within(positions[1], 0.8, 2.0) && within(positions[2], -1.0, 1.0)),
            Self::Ant => !(0.2..=1.0).contains(&positions[2]),
            Self::HalfCheetah | Self::Swimmer | Self::Reacher => false,
        }
    }

    /// Values of the task's signals.
    pub(super) fn signals(self, motion: &Motion<'_>, is_front_foot_down: bool) -> Vec<f64> {
        let Motion {
            positions,
            velocities,
            speed,
            ..
        } = *motion;
        match self {
            Self::Hopper => vec![velocities[2], positions[1], positions[2]],
            Self::HalfCheetah => vec![speed, f64::from(u8::from(is_front_foot_down))],
            Self::Walker2d => vec![speed, positions[1]],
            Self::Ant => vec![speed, positions[2]],
            Self::Swimmer => vec![speed],
            Self::Reacher => vec![distance(motion)],
        }
    }
}

/// From the fingertip to the target, which are at one height.
fn distance(motion: &Motion<'_>) -> f64 {
    let way = &motion.observation[REACHER_WAY..];
    way[0].hypot(way[1])
}
