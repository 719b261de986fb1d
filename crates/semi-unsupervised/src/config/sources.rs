use std::path::PathBuf;

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

/// More values than a synthetic set needs.
const MOST_VALUES: usize = 1 << 28;

/// Sizes of the synthetic set: class `c` is normal with deviation 1 around `distance` times the unit vector of axis `c`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// Number of classes.
    pub classes: usize,
    /// Axes that a class may lie on; at least as many as classes.
    pub dimensions: usize,
    /// Further values that say nothing about the class.
    pub noise: usize,
    /// How far the middle of a class is from the origin.
    pub distance: f64,
    /// Training examples of each class.
    pub train_per_class: usize,
    /// Test examples of each class.
    pub test_per_class: usize,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        Self {
            classes: 6,
            dimensions: 12,
            noise: 8,
            distance: 4.0,
            train_per_class: 200,
            test_per_class: 200,
        }
    }
}

/// CSV files of one's own: a line of column names, then numbers and a class in each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableConfig {
    /// The training examples.
    pub train: PathBuf,
    /// The test examples, with the same columns and all with a label. Classes that have labels here and none among the
    /// training examples are hidden ones.
    #[serde(default)]
    pub test: Option<PathBuf>,
    /// Training examples with a label that are tested on in place of those of a file `test`, and not learned from.
    #[serde(default)]
    pub held_out: usize,
    /// Name of the column of classes. A row where it is empty has no label.
    #[serde(default = "label")]
    pub label: String,
    /// Columns that are not used, such as a number of each row.
    #[serde(default)]
    pub ignore: Vec<String>,
}

/// A folder tree of pictures, some with a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder.
    pub path: PathBuf,
    /// Table with the columns `file` and `label`; without one the names of sub-folders are the labels, and pictures
    /// in `unlabeled` have none.
    #[serde(default)]
    pub labels: Option<PathBuf>,
    /// Pictures are cropped to a square and resized to so many pixels a side.
    pub side: usize,
    /// Values per pixel: 1 for gray, 3 for colors.
    #[serde(default = "gray")]
    pub channels: usize,
    /// Pictures with a label that are kept out of training and tested on.
    pub held_out: usize,
}

fn gray() -> usize {
    1
}

fn label() -> String {
    "label".to_owned()
}

impl SyntheticConfig {
    /// Values of an example.
    pub fn values(&self) -> usize {
        self.dimensions + self.noise
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data.synthetic");
        checks.at_least(1, "classes", self.classes)?;
        checks.require(
            self.dimensions >= self.classes,
            "dimensions",
            format_args!("must be at least `classes`, {}, not {}", self.classes, self.dimensions),
        )?;
        checks.not_negative("distance", self.distance)?;
        checks.at_least(1, "train_per_class", self.train_per_class)?;
        checks.at_least(1, "test_per_class", self.test_per_class)?;
        let examples = self.train_per_class.saturating_add(self.test_per_class);
        let size = examples
            .saturating_mul(self.classes)
            .saturating_mul(self.dimensions.saturating_add(self.noise));
        let problem = format_args!("and the other sizes make a set of {size} values, more than {MOST_VALUES}");
        checks.require(size <= MOST_VALUES, "train_per_class", problem)
    }
}

impl TableConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data.table");
        let problem = "either a file `test` or a number `held_out` above 0 says what is tested on, and only one of them; with a file set \
                       `data.table.held_out=0`";
        checks.require(self.test.is_some() != (self.held_out > 0), "test", problem)?;
        let problem = "must be the name of the column of classes";
        checks.require(!self.label.is_empty(), "label", problem)?;
        let problem = "names the column of classes, which is used";
        checks.require(!self.ignore.contains(&self.label), "ignore", problem)
    }
}

impl FolderConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data.folder");
        let problem = "must be 1 for gray or 3 for colors";
        checks.require([1, 3].contains(&self.channels), "channels", problem)?;
        checks.at_least(1, "side", self.side)?;
        let problem = "must be at least 1: without test pictures there is nothing to report";
        checks.require(self.held_out > 0, "held_out", problem)
    }
}
