use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::TableConfig;
use crate::{data::HeldOut, votes::Trait};

/// More photos or votes than fit into memory.
const MOST: usize = 1 << 24;
/// Sides that pictures may have (the paper: up to 600).
const SIDES: [usize; 2] = [8, 1024];

/// The photos and their votes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Where they come from.
    pub set: SetKind,
    /// What they are rated for; one model is trained for each.
    #[serde(default, rename = "trait")]
    pub of_trait: Trait,
    /// Whose photos (the paper: one model for each gender).
    #[serde(default)]
    pub subjects: Subjects,
    /// Whose votes count.
    #[serde(default)]
    pub voters: VoterRule,
    /// Share of the photos to measure with.
    #[serde(default = "test")]
    pub test: f64,
    /// Share of the others to choose the epoch by.
    #[serde(default = "validation")]
    pub validation: f64,
    /// So many photos to measure with, in place of a share; 0: the share.
    #[serde(default)]
    pub test_photos: usize,
    /// So many photos to choose the epoch by, in place of a share; 0: the share.
    #[serde(default)]
    pub validation_photos: usize,
    /// Votes that a photo to measure with needs, in sets of single votes.
    #[serde(default = "min_votes_test")]
    pub min_votes_test: usize,
    /// Only so many voters, drawn; 0: all.
    #[serde(default)]
    pub most_voters: usize,
    /// Only so many photos, drawn; 0: all.
    #[serde(default)]
    pub most_photos: usize,
    /// Only so many votes of each photo to learn from, drawn; 0: all.
    #[serde(default)]
    pub votes_per_photo: usize,
    /// Rows and columns of pictures of real sets.
    #[serde(default = "side")]
    pub side: usize,
    /// 1 for gray, 3 for colors.
    #[serde(default = "channels")]
    pub channels: usize,
    /// Of the procedural set.
    #[serde(default)]
    pub generator: GeneratorConfig,
    /// Of tables of one's own.
    #[serde(default)]
    pub table: Option<TableConfig>,
}

/// Where photos and votes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetKind {
    /// Drawn portraits with simulated voters.
    Procedural,
    /// A table with a row for each vote, and a folder of pictures or a table of features.
    Csv,
    /// A table with a row for each voter and a column for each photo.
    Wide,
    /// SCUT-FBP5500's `All_Ratings` as CSV.
    Scut,
    /// A table with a row for each photo: the mean of its votes. Without `data.table.votes`: SCUT-FBP5500's, of the catalogue.
    Means,
    /// Hot-or-Not's: for each photo a file of two lines, the mean and the number of raters.
    HotOrNot,
    /// Face Research Lab London Set.
    LondonFaces,
    /// MEBeauty.
    Mebeauty,
    /// 3DSK.
    #[serde(rename = "3dsk")]
    ThreeDsk,
    /// One Million Impressions: distributions alone.
    Omi,
}

/// Whose photos.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subjects {
    /// All of them, also of unknown gender.
    #[default]
    All,
    /// Women.
    Female,
    /// Men.
    Male,
}

/// Whose votes count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VoterRule {
    /// Those of the other gender than the subject's, as in the paper; unknown genders are left out and counted.
    Opposite,
    /// All.
    #[default]
    Any,
}

/// Sizes of the procedural set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GeneratorConfig {
    /// What a network sees of a portrait.
    pub seen: Seen,
    /// Photos to learn from, those to choose the epoch by included.
    pub train: usize,
    /// Photos to measure with.
    pub test: usize,
    /// Photos of each person.
    pub photos_per_person: usize,
    /// Voters.
    pub voters: usize,
    /// Votes of each photo to learn from.
    pub votes: usize,
    /// Votes of each photo to measure with.
    pub test_votes: usize,
    /// How much more often lenient voters see bright photos; 0: not at all.
    pub confounding: f64,
    /// Numbers beside the attributes that say nothing.
    pub nuisance: usize,
    /// Portraits are brought to 32 / this many pixels a side: 1, 2, 4 or 8.
    pub pooling: usize,
}

/// What a network sees of a portrait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// The drawing.
    #[default]
    Pictures,
    /// The attributes, and numbers that say nothing.
    Features,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self {
            seen: Seen::Pictures,
            train: 2000,
            test: 800,
            photos_per_person: 2,
            voters: 150,
            votes: 3,
            test_votes: 40,
            confounding: 0.0,
            nuisance: 24,
            pooling: 1,
        }
    }
}

fn test() -> f64 {
    0.25
}

fn validation() -> f64 {
    0.15
}

fn min_votes_test() -> usize {
    10
}

fn side() -> usize {
    48
}

fn channels() -> usize {
    3
}

impl DataConfig {
    /// Whether a network sees numbers in place of pictures.
    pub fn has_features(&self) -> bool {
        match self.set {
            SetKind::Procedural => self.generator.seen == Seen::Features,
            _ => self.table.as_ref().is_some_and(|table| table.features.is_some()),
        }
    }

    /// The photos to measure with.
    pub fn test_part(&self) -> HeldOut {
        HeldOut::of(self.test, self.test_photos)
    }

    /// Those of the others to choose the epoch by.
    pub fn validation_part(&self) -> HeldOut {
        HeldOut::of(self.validation, self.validation_photos)
    }

    /// Whether photos have a mean in place of their votes.
    pub fn has_means_alone(&self) -> bool {
        matches!(self.set, SetKind::Means | SetKind::HotOrNot)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data");
        let between = |key: &str, share: f64| {
            let holds = share > 0.0 && share < 1.0;
            checks.require(holds, key, format_args!("must be between 0 and 1, not {share}"))
        };
        between("test", self.test)?;
        between("validation", self.validation)?;
        checks.at_least(SIDES[0], "side", self.side)?;
        checks.at_most(SIDES[1], "side", self.side)?;
        checks.require(
            [1, 3].contains(&self.channels),
            "channels",
            "must be 1 for gray or 3 for colors",
        )?;
        let needs_table = matches!(
            self.set,
            SetKind::Csv | SetKind::Wide | SetKind::Scut | SetKind::Means | SetKind::HotOrNot
        );
        checks.require(
            needs_table == self.table.is_some(),
            "table",
            "says where a set of your own is: `data.set` csv, wide, scut, means or hot-or-not needs it, and no other has it",
        )?;
        if let Some(table) = &self.table {
            table.validate(self.set)?;
        }
        self.has_no_idle_setting(checks)?;
        self.generator.validate()
    }

    /// Refuses settings that would change nothing.
    fn has_no_idle_setting(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        let is_drawn = self.set == SetKind::Procedural;
        for (key, is_used) in [
            ("votes_per_photo", self.votes_per_photo > 0),
            ("most_voters", self.most_voters > 0),
            ("voters", self.voters != VoterRule::default()),
            ("min_votes_test", self.min_votes_test != min_votes_test()),
        ] {
            let problem = "changes nothing here: a table of means does not say who voted";
            checks.require(!(self.has_means_alone() && is_used), key, problem)?;
            let problem = "changes nothing here: of the procedural set, `data.generator` says how many there are, and all voters count";
            checks.require(!(is_drawn && is_used), key, problem)?;
        }
        for (key, is_used) in [
            ("most_photos", self.most_photos > 0),
            ("test_photos", self.test_photos > 0),
            ("test", self.test != test()),
            ("side", self.side != side()),
            ("channels", self.channels != channels()),
        ] {
            let problem = "changes nothing here: `data.generator` has the sizes of the procedural set";
            checks.require(!(is_drawn && is_used), key, problem)?;
        }
        Ok(())
    }
}

impl GeneratorConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data.generator");
        for (key, value) in [
            ("train", self.train),
            ("test", self.test),
            ("photos_per_person", self.photos_per_person),
            ("voters", self.voters),
            ("votes", self.votes),
            ("test_votes", self.test_votes),
        ] {
            checks.at_least(1, key, value)?;
            checks.at_most(MOST, key, value)?;
        }
        checks.at_most(1 << 16, "nuisance", self.nuisance)?;
        for (key, votes) in [("votes", self.votes), ("test_votes", self.test_votes)] {
            let problem = format_args!("must be at most `voters`, {}, not {votes}", self.voters);
            checks.require(votes <= self.voters, key, problem)?;
        }
        checks.require([1, 2, 4, 8].contains(&self.pooling), "pooling", "must be 1, 2, 4 or 8")?;
        checks.require(self.confounding.is_finite(), "confounding", "must be a number")
    }
}
