use std::path::PathBuf;

use papers_core::{
    base::config::{Checks, ConfigError},
    data::Augmentation,
};
use serde::{Deserialize, Serialize};

use super::MOST_SIDE;
use crate::detection::scene::SceneConfig;

/// Which pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Name of the data set, or `files` for folders of pictures.
    pub set: String,
    /// Pictures of the training files that are used, drawn with the run's seed; 0 for all.
    #[serde(default)]
    pub train: usize,
    /// Pictures of the test files, the first ones; 0 for all.
    #[serde(default)]
    pub test: usize,
    /// Height and width that pictures in memory are brought to; 0 for those that they have.
    #[serde(default)]
    pub side: usize,
    /// Whether every color is brought to mean 0 and standard deviation 1 over the training pictures, not only to `[-1, 1]`.
    #[serde(default)]
    pub whiten: bool,
    /// Pictures stand on a dark canvas at a random place and size, as in the scenes of a detector; training draws one for
    /// each picture and update.
    #[serde(default)]
    pub canvas: Option<SceneConfig>,
    /// Pictures that are read from disk, where `set` is `files`.
    #[serde(default)]
    pub files: Option<FilesConfig>,
    /// How training moves pictures about.
    #[serde(default)]
    pub augmentation: Augmentation,
}

/// Folder trees of pictures, which are read one at a time, such as ImageNet's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// Folder of the training pictures: in a sub-folder for each class, or anywhere with a table of `labels`.
    pub train: PathBuf,
    /// Folder of the test pictures.
    #[serde(default)]
    pub test: Option<PathBuf>,
    /// CSV with the columns `file` and `label` for the training pictures.
    #[serde(default)]
    pub labels: Option<PathBuf>,
    /// The same for the test pictures.
    #[serde(default)]
    pub test_labels: Option<PathBuf>,
    /// Training pictures that are tested on in place of those of a folder `test`, drawn with the run's seed, and not learned
    /// from.
    #[serde(default)]
    pub held_out: usize,
    /// Height and width of what the network sees.
    pub side: usize,
    /// What the shorter side of a test picture is brought to before its middle is cut out.
    pub resize: usize,
    /// Whether every second training picture has left and right exchanged. Not for digits or letters.
    #[serde(default = "flip")]
    pub flip: bool,
    /// Least share of a training picture's area that is cut out; the shape of the cut is from 3:4 to 4:3.
    #[serde(default = "least_area")]
    pub least_area: f64,
}

fn flip() -> bool {
    true
}

fn least_area() -> f64 {
    0.08
}

impl FilesConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data.files");
        checks.at_least(1, "side", self.side)?;
        checks.at_most(MOST_SIDE, "side", self.side)?;
        checks.require(
            self.resize >= self.side,
            "resize",
            format_args!("must be at least `side`, {}, not {}", self.side, self.resize),
        )?;
        checks.require(
            self.test.is_some() != (self.held_out > 0),
            "test",
            "either a folder `test` or a number `held_out` says what is tested on",
        )?;
        let share = self.least_area;
        let is_share = share > 0.0 && share <= 1.0;
        checks.require(
            is_share,
            "least_area",
            format_args!("must be above 0 and at most 1, not {share}"),
        )
    }
}

impl DataConfig {
    /// The name that stands for folders of pictures.
    pub const FILES: &str = "files";

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let is_files = self.set == Self::FILES;
        let problem = "must say where the pictures are, as in `--set data.files.train='pictures'`";
        Checks::of("data").require(!is_files || self.files.is_some(), "files", problem)?;
        Checks::of("data").at_most(MOST_SIDE, "side", self.side)?;
        if is_files && let Some(files) = &self.files {
            files.validate()?;
            let problem = "cannot be combined with `data.train`, `data.test`, `data.side`, `data.whiten`, `data.augmentation` or `data.canvas`, which are for sets in memory";
            let is_plain = [self.train, self.test, self.side] == [0; 3]
                && !self.whiten
                && self.augmentation == Augmentation::default();
            Checks::of("data").require(self.canvas.is_none() && is_plain, "files", problem)?;
        }
        if let Some(canvas) = &self.canvas {
            canvas.validate("data.canvas")?;
            let problem = "cannot be combined with `data.canvas`, which has a `side` of its own";
            Checks::of("data").require(self.side == 0, "side", problem)?;
        }
        let problem = "must name a data set, such as `uci-digits`";
        Checks::of("data").require(!self.set.is_empty(), "set", problem)
    }
}
