//! What a run is asked to do: an experiment's preset, a file merged over it, single settings over both.
//!
//! An experiment is a TOML file that is built into the program. Its `[about]` table is for readers and for lists; the
//! rest is the configuration:
//!
//! ```toml
//! [about]
//! summary = "ODE-Net on the embedded digits"
//! reproduces = "table 1, reduced"
//! data = []
//! cost = "40 s on 2 cores"
//! default = true
//!
//! [schedule]
//! steps = 500
//! evaluate_every = 100
//! ```

mod about;
mod checks;
mod error;
mod preset;
mod resolve;
mod schedule;

pub use about::About;
pub use checks::Checks;
pub use error::ConfigError;
pub use preset::{FILE, Preset, experiment, of_run};
pub use resolve::{resolve, to_toml};
pub use schedule::{EarlyStop, Goal, Median, Schedule, Target};

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

/// Full description of a run.
///
/// Implementations are plain structs with `#[serde(deny_unknown_fields)]`, also on nested ones, and write every field
/// that they read: a setting that is not written back counts as unknown.
pub trait RunConfig: Serialize + DeserializeOwned + Clone + Debug {
    /// Settings that a trained run can be measured with others of, by `eval --set`: they shape no weight.
    const MEASURED_WITH: &[&str] = &[];

    /// Refuses settings that do not fit together or make no sense; the schedule is checked already.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`], as [`Checks`] and [`ConfigError::invalid`] make it.
    fn validate(&self) -> Result<(), ConfigError>;

    /// What happens when.
    fn schedule(&self) -> &Schedule;
}
