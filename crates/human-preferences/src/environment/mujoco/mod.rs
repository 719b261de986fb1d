//! The paper's robots in MuJoCo itself, where the program is built with the feature `mujoco`.
//!
//! The library is no part of this program, and must be there to build it and to run it:
//!
//! ```sh
//! pip download --no-deps mujoco==3.17.0 && unzip mujoco-3.17.0-*.whl 'mujoco/libmujoco*'
//! ln -s libmujoco.so.3.17.0 mujoco/libmujoco.so
//! MUJOCO_DYNAMIC_LINK_DIR=$PWD/mujoco cargo build --release --features mujoco
//! export LD_LIBRARY_PATH=$PWD/mujoco
//! ```
//!
//! Ant, Swimmer and Reacher are only here. Hopper, HalfCheetah and Walker2d are the same tasks as those of
//! [`robots`](super::robots), which need no library, and serve to compare the two. Models and observations are those of
//! Gymnasium's fifth versions.

#[cfg(feature = "mujoco")]
mod kind;
#[cfg(feature = "mujoco")]
mod picture;
#[cfg(feature = "mujoco")]
mod robot;

use super::{Environment, EnvironmentError};

/// Names of the environments.
pub const NAMES: [&str; 6] = [
    "mujoco-hopper",
    "mujoco-half-cheetah",
    "mujoco-walker2d",
    "mujoco-ant",
    "mujoco-swimmer",
    "mujoco-reacher",
];

/// Version of the library that fits.
pub const VERSION: &str = "3.17.0";

/// The robot of this name, at rest; nothing if there is none. With `gym` it has Gymnasium's reward and end of an episode.
///
/// # Errors
///
/// A program that was built without the feature `mujoco`, or a library of another version, with the steps that help.
pub fn make(name: &str, gym: bool) -> Option<Result<Box<dyn Environment>, EnvironmentError>> {
    NAMES.contains(&name).then(|| start(name, gym))
}

#[cfg(feature = "mujoco")]
fn start(name: &str, gym: bool) -> Result<Box<dyn Environment>, EnvironmentError> {
    let kind = kind::MujocoKind::ALL.into_iter().find(|kind| kind.name() == name);
    let kind = kind.ok_or_else(|| not_usable(format!("it has no robot `{name}`")))?;
    Ok(Box::new(robot::MujocoRobot::new(kind, gym)?))
}

#[cfg(not(feature = "mujoco"))]
fn start(name: &str, _gym: bool) -> Result<Box<dyn Environment>, EnvironmentError> {
    Err(not_usable(format!(
        "`{name}` needs it, and this program was built without it"
    )))
}

fn not_usable(problem: String) -> EnvironmentError {
    EnvironmentError::Simulator {
        simulator: "MuJoCo",
        problem,
        remedy: format!(
            "get the library with `pip download --no-deps mujoco=={VERSION}`, unzip it, link `libmujoco.so` to \
             `libmujoco.so.{VERSION}` beside it, build with `--features mujoco` and MUJOCO_DYNAMIC_LINK_DIR set to its \
             folder, and run with LD_LIBRARY_PATH set to the same"
        ),
    }
}
