use std::path::PathBuf;

use papers_core::{
    base::config::{Checks, ConfigError},
    data::{Augmentation, LabelSplitConfig},
};
use serde::{Deserialize, Serialize};

/// Which pictures, and which of them are labeled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Name of the data set, or `folder` for pictures of one's own.
    pub set: String,
    /// Labeled pictures; 0 for all there are.
    pub labels: usize,
    /// Seed of the draw of labeled pictures; that of the run, if left out.
    #[serde(default)]
    pub split_seed: Option<u64>,
    /// A file of the command `split` with the labeled pictures, instead of a draw.
    #[serde(default)]
    pub split_file: Option<PathBuf>,
    /// Which of the ten predefined thousands of STL-10 is labeled, from 1, instead of a draw.
    #[serde(default)]
    pub fold: Option<usize>,
    /// Whether the set's additional training pictures join the others (SVHN).
    #[serde(default)]
    pub extra: bool,
    /// Pictures of the training files that are used at all, drawn with the same seed; 0 for all.
    #[serde(default)]
    pub train: usize,
    /// Unlabeled pictures, kept out of training, on which anything is selected.
    #[serde(default)]
    pub validation: usize,
    /// Pictures of the test files, the first ones, used for nothing but the numbers reported; 0 for all.
    #[serde(default)]
    pub test: usize,
    /// Squares of so many pixels a side become one, their mean; 1 for none.
    #[serde(default = "one")]
    pub pool: usize,
    /// Whether every color is brought to mean 0 and standard deviation 1 over the training pictures, not only to `[-1, 1]`.
    #[serde(default)]
    pub whiten: bool,
    /// How training moves pictures about.
    pub augmentation: Augmentation,
    /// Whether the labeled pictures are among the unlabeled ones, too.
    #[serde(default)]
    pub include_labeled: bool,
    /// Whether a class without a label is an error, not only a warning.
    #[serde(default)]
    pub strict: bool,
    /// Pictures of one's own, where `set` is `folder`.
    #[serde(default)]
    pub folder: Option<FolderConfig>,
}

/// A folder tree of pictures, of which a few are labeled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder.
    pub path: PathBuf,
    /// Table with the columns `file` and `label`; without one the names of sub-folders are the labels.
    #[serde(default)]
    pub labels: Option<PathBuf>,
    /// Pictures are cropped to a square and resized to so many pixels a side.
    pub side: usize,
    /// Values per pixel: 1 for gray, 3 for colors.
    #[serde(default = "colors")]
    pub channels: usize,
    /// Labeled pictures that are kept out of training and tested on.
    pub test: usize,
}

fn colors() -> usize {
    3
}

fn one() -> usize {
    1
}

impl DataConfig {
    /// How many of `there` training pictures are labeled, and what becomes of the others.
    pub(crate) fn split(&self, there: usize) -> LabelSplitConfig {
        let labels = match self.labels {
            0 => there.saturating_sub(self.validation),
            labels => labels,
        };
        LabelSplitConfig {
            labels,
            validation: self.validation,
            include_labeled: self.include_labeled,
            strict: self.strict,
        }
    }

    /// The name that stands for pictures of one's own.
    pub const FOLDER: &str = "folder";

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data");
        let problem = "must be at least 1, which pools nothing";
        checks.require(self.pool > 0, "pool", problem)?;
        let is_own = self.set == Self::FOLDER;
        let problem = "must say where the pictures are, as in `--set data.folder.path='pictures'`";
        checks.require(!is_own || self.folder.is_some(), "folder", problem)?;
        let problem = "is for `data.set='folder'` only";
        checks.require(is_own || self.folder.is_none(), "folder", problem)?;
        if let Some(folder) = &self.folder {
            let problem = "must be 1 for gray or 3 for colors";
            checks.require([1, 3].contains(&folder.channels), "folder.channels", problem)?;
            checks.at_least(1, "folder.side", folder.side)?;
            let problem = "must be at least 1: without test pictures there is no error to report";
            checks.require(folder.test > 0, "folder.test", problem)?;
        }
        let problem = "cannot be combined with `data.split_file`: each says which pictures are labeled";
        checks.require(self.split_file.is_none() || self.fold.is_none(), "fold", problem)?;
        let problem = "cannot be combined with `data.train`: it numbers all training pictures";
        checks.require(self.split_file.is_none() || self.train == 0, "split_file", problem)?;
        let problem = "must be 0 with `data.fold`: the fold says how many are labeled";
        checks.require(self.fold.is_none() || self.labels == 0, "labels", problem)?;
        let exists = self.fold.is_none_or(|fold| (1..=10).contains(&fold));
        checks.require(exists, "fold", "must be in 1..=10")
    }
}
