use papers_core::{
    base::config::{Checks, ConfigError},
    data::Augmentation,
};
use serde::{Deserialize, Serialize};

use crate::detection::scene::SceneConfig;

/// Which pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Name of the data set.
    pub set: String,
    /// Pictures of the training files that are used, drawn with the run's seed; 0 for all.
    #[serde(default)]
    pub train: usize,
    /// Pictures of the test files, the first ones; 0 for all.
    #[serde(default)]
    pub test: usize,
    /// Whether every color is brought to mean 0 and standard deviation 1 over the training pictures, not only to `[-1, 1]`.
    #[serde(default)]
    pub whiten: bool,
    /// Pictures stand on a dark canvas at a random place and size, as in the scenes of a detector; training draws one for
    /// each picture and update.
    #[serde(default)]
    pub canvas: Option<SceneConfig>,
    /// How training moves pictures about.
    #[serde(default)]
    pub augmentation: Augmentation,
}

impl DataConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(canvas) = &self.canvas {
            canvas.validate("data.canvas")?;
        }
        let problem = "must name a data set, such as `uci-digits`";
        Checks::of("data").require(!self.set.is_empty(), "set", problem)
    }
}
