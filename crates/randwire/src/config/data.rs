use papers_core::{
    base::config::{Checks, ConfigError},
    data::Augmentation,
};
use serde::{Deserialize, Serialize};

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
    /// How training moves pictures about.
    #[serde(default)]
    pub augmentation: Augmentation,
}

impl DataConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let problem = "must name a data set, such as `uci-digits`";
        Checks::of("data").require(!self.set.is_empty(), "set", problem)
    }
}
