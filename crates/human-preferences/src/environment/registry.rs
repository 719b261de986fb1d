use papers_core::base::suggest::nearest;

use super::{Environment, EnvironmentError, EnvironmentOptions, classic, games, robots};

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

/// The environment called `name`.
///
/// # Errors
///
/// An unknown name, an option that it does not have, or a simulator that is not installed.
pub fn make(name: &str, options: &EnvironmentOptions) -> Result<Box<dyn Environment>, EnvironmentError> {
    if let Some(game) = games::make(name, options) {
        return game;
    }
    let body = classic::make(name, options.gym).or_else(|| robots::make(name, options.gym));
    body.ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> EnvironmentError {
    let known = NAMES.join(", ");
    EnvironmentError::Unknown {
        name: name.to_owned(),
        known: match nearest(name, NAMES) {
            Some(nearest) => format!("{known}; did you mean `{nearest}`?"),
            None => known,
        },
    }
}
