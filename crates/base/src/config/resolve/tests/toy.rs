use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{Checks, ConfigError, RunConfig, Schedule};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Toy {
    pub(super) optimizer: Optimizer,
    pub(super) schedule: Schedule,
    pub(super) name: String,
    pub(super) single: f32,
    pub(super) sizes: Vec<u32>,
    #[serde(default)]
    pub(super) solver: Solver,
    #[serde(default)]
    pub(super) free: BTreeMap<String, f64>,
    #[serde(default)]
    pub(super) forgetful: Option<Forgetful>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Optimizer {
    pub(super) learning_rate: f64,
    pub(super) momentum: Option<f64>,
    pub(super) nesterov: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Solver {
    #[default]
    Euler,
    Adaptive {
        tolerance: f64,
    },
}

/// Passes unknown fields over in silence, as serde does where it is not told otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Forgetful {
    pub(super) width: u32,
}

impl RunConfig for Toy {
    fn validate(&self) -> Result<(), ConfigError> {
        // Infinity passes, unlike in a real configuration: it has to survive being written, too.
        let rate = self.optimizer.learning_rate;
        Checks::of("optimizer").require(
            rate > 0.0,
            "learning_rate",
            format_args!("must be positive, not {rate}"),
        )
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

pub(super) const TOY: &str = "\
name = 'toy'
single = 0.1
sizes = [1, 2]

[about]
summary = 'no setting'

[optimizer]
learning_rate = 0.1
nesterov = false

[schedule]
steps = 10
";
