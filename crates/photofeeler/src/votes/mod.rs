//! Votes: who gave which photo what score, and what is made of them to learn from.

mod duplicates;
mod error;
mod header;
mod histogram;
mod labels;
mod means;
mod normalization;
mod table;
mod wide;

pub use duplicates::{Duplicates, settle};
pub use error::VotesError;
pub use histogram::{BINS, Histogram, bin, center, expected_score, histogram, one_hot};
pub use labels::{Label, Labels, Scale, VotesConfig, Weights};
pub use means::{read_hot_or_not, read_means};
pub use normalization::{LEAST_WEIGHT, VoteTables, VoterTable, normal_cdf, normal_quantile};
pub use table::{Row, Table, TableOptions, read_scut, read_table};
pub use wide::read_wide;

pub(crate) use header::Header;
pub(crate) use table::scut_gender;

use serde::{Deserialize, Serialize};

/// A score that a voter gave a photo.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// Number of the photo.
    pub photo: usize,
    /// Number of the voter.
    pub voter: usize,
    /// The score as it was given.
    pub score: f64,
}

/// What a photo is rated for; one model is trained for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trait {
    /// Looks smart.
    Smart,
    /// Looks trustworthy.
    Trustworthy,
    /// Looks attractive.
    #[default]
    Attractive,
}

impl Trait {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Smart, Self::Trustworthy, Self::Attractive];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smart => "smart",
            Self::Trustworthy => "trustworthy",
            Self::Attractive => "attractive",
        }
    }
}

/// Of a subject or a voter, as a table says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gender {
    /// `female`, `f` or `woman`.
    Female,
    /// `male`, `m` or `man`.
    Male,
}

impl Gender {
    /// None for anything else: it is unknown then.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "female" | "f" | "woman" | "women" => Some(Self::Female),
            "male" | "m" | "man" | "men" => Some(Self::Male),
            _ => None,
        }
    }

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }
}
