use std::path::PathBuf;

use papers_core::{
    base::config::{Checks, ConfigError},
    data::Augmentation,
};
use serde::{Deserialize, Serialize};

/// Which pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Where they come from.
    pub kind: SetKind,
    /// Name of the data set, where `kind` is `classes` or `archive`.
    #[serde(default)]
    pub set: String,
    /// Pictures of each class that are trained on; 0 for all.
    #[serde(default)]
    pub train_per_class: usize,
    /// Pictures of each class that are tested on; 0 for all.
    #[serde(default)]
    pub test_per_class: usize,
    /// Seed of what is drawn; that of the run, if left out.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Squares of so many pixels a side become one, their mean; for pictures in memory.
    #[serde(default = "one")]
    pub pool: usize,
    /// Mean of every color in `[0, 1]`, taken from it: one number for all, or one for each.
    pub mean: Vec<f64>,
    /// What every color is divided by then.
    pub deviation: Vec<f64>,
    /// How training moves pictures in memory about.
    #[serde(default)]
    pub augmentation: Augmentation,
    /// Training classes, the last ones drawn, kept out of training to select on.
    #[serde(default)]
    pub validation_classes: usize,
    /// Whether training and test may have classes in common, which makes the numbers mean something else.
    #[serde(default)]
    pub allow_overlap: bool,
    /// Pictures that are read from disk.
    #[serde(default)]
    pub files: Option<FilesConfig>,
}

/// Where pictures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetKind {
    /// Two of the embedded UCI digits side by side; the class is the pair.
    DigitPairs,
    /// A digit of MNIST and a garment of Fashion-MNIST side by side; the class is the pair (DG-100).
    #[serde(rename = "dg-100")]
    Dg100,
    /// A labeled set of the catalogue: the first half of its classes to train on, the second half to test on.
    Classes,
    /// Photos in an archive of the catalogue with a table of classes: `cars196-80`, `cub200-sample-96`.
    Archive,
    /// A folder of one's own with a sub-folder for each class, or a table.
    Folder,
    /// CUB-200-2011 as it is published.
    #[serde(rename = "cub-200-2011")]
    Cub,
    /// CARS196 as it is published.
    #[serde(rename = "cars196")]
    Cars,
    /// Stanford Online Products as they are published.
    Sop,
    /// In-shop Clothes Retrieval as it is published.
    InShop,
    /// PKU VehicleID as it is published.
    VehicleId,
}

impl SetKind {
    /// Whether its pictures are read from a folder of the user's.
    pub fn is_files(self) -> bool {
        !matches!(self, Self::DigitPairs | Self::Dg100 | Self::Classes | Self::Archive)
    }
}

/// Pictures that are read one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// The folder, as the archive of the data set unpacks.
    pub root: PathBuf,
    /// Where `kind` is `folder`: CSV with the columns `file` and `label`; without one the names of sub-folders are the
    /// classes.
    #[serde(default)]
    pub labels: Option<PathBuf>,
    /// Where `kind` is `folder`: share of the classes that is tested on.
    #[serde(default = "half")]
    pub test_share: f64,
    /// Height and width of what the network sees.
    #[serde(default = "side")]
    pub side: usize,
    /// What the shorter side of a picture is brought to before its middle is cut out.
    #[serde(default = "resize")]
    pub resize: usize,
    /// How a training picture is cut.
    #[serde(default)]
    pub crop: Crop,
    /// Whether every second training picture has left and right exchanged.
    #[serde(default = "yes")]
    pub flip: bool,
    /// Whether pictures that cannot be read are left out, and not an error. All of them are decoded once to find out.
    #[serde(default)]
    pub skip_bad: bool,
    /// Whether the counts of a published set are compared with those of the papers.
    #[serde(default = "yes")]
    pub check_counts: bool,
}

/// How a training picture is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Crop {
    /// A random part of random size and shape, as the released program does it: 8 to 100 % of the area, 3:4 to 4:3.
    #[default]
    Resized,
    /// A random square of the picture whose shorter side was brought to `resize`, as the paper's text has it.
    Random,
}

fn one() -> usize {
    1
}

fn half() -> f64 {
    0.5
}

fn side() -> usize {
    224
}

fn resize() -> usize {
    256
}

fn yes() -> bool {
    true
}

impl DataConfig {
    /// `mean` or `deviation` for so many colors.
    pub(crate) fn for_colors(values: &[f64], colors: usize) -> Vec<f64> {
        if values.len() == 1 {
            vec![values[0]; colors]
        } else {
            values.to_vec()
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        /// Of a class: more than any of the known sets has.
        const MOST_PICTURES: usize = 10_000;
        let checks = Checks::of("data");
        for (key, value) in [
            ("train_per_class", self.train_per_class),
            ("test_per_class", self.test_per_class),
        ] {
            checks.at_most(MOST_PICTURES, key, value)?;
        }
        let problem = "must be at least 1, which pools nothing";
        checks.require(self.pool > 0, "pool", problem)?;
        let needs_name = matches!(self.kind, SetKind::Classes | SetKind::Archive);
        let problem = "must name a data set, as in `--set data.set='mnist'`";
        checks.require(!needs_name || !self.set.is_empty(), "set", problem)?;
        for (key, values) in [("mean", &self.mean), ("deviation", &self.deviation)] {
            let problem = "must be one number, or one for each of three colors";
            checks.require([1, 3].contains(&values.len()), key, problem)?;
            let problem = "must be finite numbers";
            checks.require(values.iter().all(|value| value.is_finite()), key, problem)?;
        }
        let problem = "must be positive";
        checks.require(self.deviation.iter().all(|&value| value > 0.0), "deviation", problem)?;
        let problem = "must say where the pictures are, as in `--set data.files.root='photos'`";
        checks.require(!self.kind.is_files() || self.files.is_some(), "files", problem)?;
        let problem = "is for kinds that are read from disk only";
        checks.require(self.kind.is_files() || self.files.is_none(), "files", problem)?;
        self.check_use(checks)?;
        self.files.as_ref().map_or(Ok(()), FilesConfig::validate)
    }
}

impl DataConfig {
    /// Refuses settings that this kind of pictures does not look at.
    fn check_use(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        let names = matches!(self.kind, SetKind::Classes | SetKind::Archive);
        let problem = "is for the kinds `classes` and `archive` only";
        checks.require(names || self.set.is_empty(), "set", problem)?;
        let is_drawn = matches!(self.kind, SetKind::DigitPairs | SetKind::Dg100 | SetKind::Classes);
        let problem = "is for the kinds `digit-pairs`, `dg-100` and `classes` only: others are taken whole";
        checks.require(is_drawn || self.train_per_class == 0, "train_per_class", problem)?;
        checks.require(is_drawn || self.test_per_class == 0, "test_per_class", problem)?;
        let problem = "is for pictures in memory only: those on disk are resized and cut";
        checks.require(!self.kind.is_files() || self.pool == 1, "pool", problem)?;
        let is_unused = self.augmentation == Augmentation::default();
        checks.require(!self.kind.is_files() || is_unused, "augmentation", problem)?;
        let Some(files) = self.files.as_ref().filter(|_| self.kind != SetKind::Folder) else {
            return Ok(());
        };
        let checks = Checks::of("data.files");
        let problem = "is for `kind = 'folder'` only";
        checks.require(files.labels.is_none(), "labels", problem)?;
        checks.require(files.test_share == half(), "test_share", problem)
    }
}

impl FilesConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        /// Of a picture on its way to a network.
        const MOST_SIDE: usize = 2048;
        let checks = Checks::of("data.files");
        checks.at_least(1, "side", self.side)?;
        checks.at_most(MOST_SIDE, "resize", self.resize)?;
        checks.require(
            self.resize >= self.side,
            "resize",
            format_args!("must be at least `side`, {}, not {}", self.side, self.resize),
        )?;
        let share = self.test_share;
        let problem = format_args!("must be between 0 and 1, not {share}");
        checks.require(share > 0.0 && share < 1.0, "test_share", problem)
    }
}
