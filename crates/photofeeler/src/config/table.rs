use std::path::PathBuf;

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::SetKind;
use crate::votes::Duplicates;

/// A table of votes, and what the photos look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableConfig {
    /// The votes; of `hot-or-not` a folder of text files. `means` may leave it out: SCUT-FBP5500's scores then.
    #[serde(default)]
    pub votes: Option<PathBuf>,
    /// Folder of pictures; photos are called by their file's path in it, with or without the ending.
    #[serde(default)]
    pub images: Option<PathBuf>,
    /// In place of pictures, numbers of each photo: CSV with the column `photo`, all others numbers.
    #[serde(default)]
    pub features: Option<PathBuf>,
    /// Least score that can be given.
    #[serde(default)]
    pub min: f64,
    /// Greatest score that can be given.
    #[serde(default = "greatest")]
    pub max: f64,
    /// What becomes of several votes of a voter on one photo.
    #[serde(default)]
    pub duplicates: Duplicates,
    /// Whether photos without a picture, pictures without votes, unreadable pictures and listed photos that are not there are left out.
    #[serde(default)]
    pub skip_missing: bool,
    /// Columns of a wide table that are no photos.
    #[serde(default)]
    pub ignored: Vec<String>,
    /// List of the photos to measure with, one in a line; what follows the name in a line is passed over.
    #[serde(default)]
    pub test_list: Option<PathBuf>,
    /// The fold to measure with, where a table of means has a column `fold` or `cv_test_fold`; 0: none.
    #[serde(default)]
    pub fold: usize,
    /// Pictures of so many MiB are held in memory, in the size that networks see; more are read when a batch needs them.
    #[serde(default = "held_mib")]
    pub held_mib: usize,
}

fn greatest() -> f64 {
    3.0
}

fn held_mib() -> usize {
    2048
}

impl TableConfig {
    pub(super) fn validate(&self, set: SetKind) -> Result<(), ConfigError> {
        let checks = Checks::of("data.table");
        checks.require(
            self.images.is_some() != self.features.is_some(),
            "images",
            "either a folder `images` or a table `features` says what photos look like, and only one of them",
        )?;
        checks.require(
            self.votes.is_some() || set == SetKind::Means,
            "votes",
            "says where the votes are; `data.set='means'` alone may leave it out",
        )?;
        for (key, is_used, of) in [
            ("fold", self.fold > 0, &[SetKind::Means][..]),
            ("ignored", !self.ignored.is_empty(), &[SetKind::Wide]),
        ] {
            checks.require(
                !is_used || of.contains(&set),
                key,
                "changes nothing in this kind of set",
            )?;
        }
        let is_listed_twice = self.fold > 0 && self.test_list.is_some();
        checks.require(
            !is_listed_twice,
            "fold",
            "and `test_list` both say what is measured with",
        )?;
        let problem = format_args!("must be above `min`, {}, not {}", self.min, self.max);
        checks.require(self.max > self.min && (self.max - self.min).is_finite(), "max", problem)
    }
}
