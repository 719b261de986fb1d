use papers_core::base::suggest::nearest;

use super::{Environment, EnvironmentError, EnvironmentOptions, ale, classic, games, mujoco, robots};

/// Environments that need nothing but this program.
pub const NAMES: [&str; 11] = [
    "pendulum",
    "cartpole-fixed",
    "hopper",
    "half-cheetah",
    "walker2d",
    "inverted-pendulum",
    "double-pendulum",
    "moving-dot",
    "pong",
    "breakout",
    "drive",
];

/// The environment called `name`; see [`NAMES`], [`ale::names`] and [`mujoco::NAMES`].
///
/// # Errors
///
/// An unknown name, an option that it does not have, or a simulator that is not installed.
pub fn make(name: &str, options: &EnvironmentOptions) -> Result<Box<dyn Environment>, EnvironmentError> {
    let simulated = games::make(name, options)
        .or_else(|| ale::make(name, options, &ale::AleOptions::default()))
        .or_else(|| mujoco::make(name, options.gym));
    if let Some(environment) = simulated {
        return environment;
    }
    let own = classic::make(name, options.gym).or_else(|| robots::make(name, options.gym));
    own.ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> EnvironmentError {
    let known: Vec<&str> = NAMES.into_iter().chain(ale::names()).chain(mujoco::NAMES).collect();
    let mut text = known.join(", ");
    if let Some(nearest) = nearest(name, known) {
        text += &format!("; did you mean `{nearest}`?");
    }
    EnvironmentError::Unknown {
        name: name.to_owned(),
        known: text,
    }
}
