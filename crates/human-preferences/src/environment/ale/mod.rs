//! The paper's Atari games, played by the Arcade Learning Environment in a process of its own.
//!
//! The emulator is under the GPL and is no part of this program: a worker in Python, `worker/ale_worker.py`, has it and
//! answers over pipes. It needs a Python with `ale-py`, which brings the games:
//!
//! ```sh
//! python3 -m venv ale && ale/bin/pip install ale-py numpy
//! export BURN_PAPERS_ALE_PYTHON=$PWD/ale/bin/python
//! ```
//!
//! An agent sees the last four pictures of 84×84 gray pixels, each the brighter of the last two frames of four, and never
//! the score. Games begin with up to 30 frames of nothing, no action is repeated by chance, neither the loss of a life nor
//! the end of a game shows in what the agent is told, and the oracle sees a penalty at the end of a game, except in Pong
//! (appendix A.2 of the paper).

mod ale_environment;
mod atari;
mod screen;
mod worker;

use std::{path::PathBuf, time::Duration};

use self::{ale_environment::AleEnvironment, atari::GAMES};
use super::{Environment, EnvironmentError, EnvironmentOptions};

/// Environment variable that names the Python to use.
pub const PYTHON_VARIABLE: &str = "BURN_PAPERS_ALE_PYTHON";

/// Names of the games, as in `ale-pong`.
pub fn names() -> impl Iterator<Item = &'static str> {
    GAMES.iter().map(|game| game.name)
}

/// How the worker is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AleOptions {
    /// The Python that has `ale-py`; without one, that of [`PYTHON_VARIABLE`], and without that, `python3`.
    pub python: Option<PathBuf>,
    /// How long to wait for an answer.
    pub time_out: Duration,
}

impl Default for AleOptions {
    /// The Python of the environment variable, and a minute.
    fn default() -> Self {
        Self {
            python: None,
            time_out: Duration::from_secs(60),
        }
    }
}

impl AleOptions {
    fn python(&self) -> PathBuf {
        let variable = || std::env::var_os(PYTHON_VARIABLE).filter(|path| !path.is_empty());
        let chosen = self.python.clone().or_else(|| variable().map(PathBuf::from));
        chosen.unwrap_or_else(|| PathBuf::from("python3"))
    }
}

/// The game of this name, at the start of an episode; nothing if there is none. Pixels are its only view, whatever
/// `options` says.
///
/// # Errors
///
/// An option that the game does not have, or a worker that cannot be started, with the steps that install it.
pub fn make(
    name: &str,
    options: &EnvironmentOptions,
    ale: &AleOptions,
) -> Option<Result<Box<dyn Environment>, EnvironmentError>> {
    let game = GAMES.iter().find(|game| game.name == name)?;
    if options.gym || options.day_night {
        let option = if options.gym { "gym" } else { "day_night" };
        return Some(Err(EnvironmentError::Option {
            environment: name.to_owned(),
            problem: format!("Atari games have no option `{option}`"),
        }));
    }
    let environment = AleEnvironment::new(game, options.show_score, ale.clone());
    Some(environment.map(|environment| Box::new(environment) as Box<dyn Environment>))
}
