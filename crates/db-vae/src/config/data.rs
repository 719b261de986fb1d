use std::path::PathBuf;

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use crate::data::drawn::Grouping;

/// Which pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "set", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DataConfig {
    /// Drawings with hidden attributes.
    Drawn(DrawnConfig),
    /// Photos of FairFace, and crops of ImageNet's.
    Fairface(FairfaceConfig),
    /// The CBCL set.
    Cbcl(CbclConfig),
    /// Folders of one's own: CelebA, pictures without a face, PPB.
    Celeba(CelebaConfig),
}

/// Drawings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawnConfig {
    /// Rows and columns.
    pub side: usize,
    /// Faces to learn from.
    pub faces: usize,
    /// Other pictures to learn from.
    pub non_faces: usize,
    /// What tells groups apart.
    #[serde(default)]
    pub grouping: Grouping,
    /// Share of each of the four groups among the faces to learn from.
    pub shares: [f64; 4],
    /// Share of dark heads among those to learn from that are no faces; half of those to measure with.
    pub dark_heads: f64,
    /// Share of heads with a hat among those to learn from that are no faces; then half of those to measure with have one. Left out:
    /// 4 % of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hat_heads: Option<f64>,
    /// Faces of each group to measure with.
    pub test_per_group: usize,
    /// Other pictures to measure with.
    pub test_non_faces: usize,
    /// Seed of the drawings, apart from that of the run.
    #[serde(default)]
    pub seed: u64,
}

/// Photos of FairFace with skewed shares of groups, and crops of ImageNet's photos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FairfaceConfig {
    /// Rows and columns.
    pub side: usize,
    /// Faces to learn from.
    pub faces: usize,
    /// Shares among them: light female, light male, dark female, dark male.
    pub shares: [f64; 4],
    /// Crops of each of ImageNet's photos.
    pub crops: usize,
    /// Photos whose crops are to measure with; those of the other 1,000 are to learn from.
    pub test_photos: usize,
    /// Seed of the choice of faces and crops.
    #[serde(default)]
    pub seed: u64,
}

/// The CBCL set, 19×19 gray.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CbclConfig {
    /// Rows and columns that pictures are brought to; the set has 19.
    pub side: usize,
    /// Test pictures without a face that are measured with; the set has 23,572.
    pub test_non_faces: usize,
    /// Seed of their choice.
    #[serde(default)]
    pub seed: u64,
}

/// Folders of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CelebaConfig {
    /// Rows and columns: the middle square of each picture, resized.
    pub side: usize,
    /// Pictures of CelebA, as `img_align_celeba`.
    pub faces: PathBuf,
    /// `list_eval_partition.txt`: only pictures with 0 are learned from. Left out: all of them.
    #[serde(default)]
    pub partition: Option<PathBuf>,
    /// `list_attr_celeba.txt`: what there is to know of the faces, for figures alone.
    #[serde(default)]
    pub attributes: Option<PathBuf>,
    /// Pictures without a face, such as ImageNet's.
    pub non_faces: PathBuf,
    /// Share of the pictures without a face that is measured with.
    pub held_out: f64,
    /// Faces to measure with, such as PPB's.
    pub test_faces: PathBuf,
    /// Their groups: CSV with the columns `file` and `label`. Left out: the names of sub-folders.
    #[serde(default)]
    pub test_groups: Option<PathBuf>,
    /// Seed of the share that is measured with.
    #[serde(default)]
    pub seed: u64,
}

impl DataConfig {
    /// Rows, columns and channels.
    pub fn shape(&self) -> [usize; 3] {
        let (side, channels) = match self {
            Self::Drawn(config) => (config.side, 3),
            Self::Fairface(config) => (config.side, 3),
            Self::Cbcl(config) => (config.side, 1),
            Self::Celeba(config) => (config.side, 3),
        };
        [side, side, channels]
    }

    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// The first one that does not hold.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data");
        checks.at_least(1, "side", self.shape()[0])?;
        match self {
            Self::Drawn(config) => {
                checks.at_least(1, "faces", config.faces)?;
                checks.at_least(1, "non_faces", config.non_faces)?;
                checks.at_least(1, "test_non_faces", config.test_non_faces)?;
                checks.share("dark_heads", config.dark_heads)?;
                checks.share("hat_heads", config.hat_heads.unwrap_or(0.0))?;
                shares(checks, config.shares)
            }
            Self::Fairface(config) => {
                checks.at_least(1, "faces", config.faces)?;
                checks.at_least(1, "crops", config.crops)?;
                checks.require(
                    (1..1000).contains(&config.test_photos),
                    "test_photos",
                    "must be from 1 to 999",
                )?;
                shares(checks, config.shares)
            }
            Self::Cbcl(config) => checks.at_least(1, "test_non_faces", config.test_non_faces),
            Self::Celeba(config) => {
                let holds = config.held_out > 0.0 && config.held_out < 1.0;
                checks.require(
                    holds,
                    "held_out",
                    format_args!("must be between 0 and 1, not {}", config.held_out),
                )
            }
        }
    }
}

fn shares(checks: Checks<'_>, shares: [f64; 4]) -> Result<(), ConfigError> {
    let sum: f64 = shares.iter().sum();
    let holds = shares.iter().all(|share| (0.0..=1.0).contains(share)) && (sum - 1.0).abs() < 1e-6;
    checks.require(
        holds,
        "shares",
        format_args!("must be shares that sum to 1, not {shares:?}"),
    )
}
