//! Several models in one file: the paper has six, one for each trait and gender of subjects.
//!
//! The file has a first line, a table of JSON with its length, the weights one after another, and the digest of all of it.

use std::{fs, path::Path};

use burn::prelude::Device;
use papers_core::{Error, Result, base::commit};
use serde::{Deserialize, Serialize};

use crate::{
    config::Subjects,
    rater::{About, Rater},
    votes::Trait,
};

const FIRST_LINE: &[u8] = b"photofeeler bundle 1\n";
const DIGEST: usize = blake3::OUT_LEN;
/// More bytes than a table has.
const MOST_TABLE: u64 = 1 << 30;

/// The models that the paper has.
pub const PAPER_MODELS: [(Trait, Subjects); 6] = [
    (Trait::Smart, Subjects::Female),
    (Trait::Smart, Subjects::Male),
    (Trait::Trustworthy, Subjects::Female),
    (Trait::Trustworthy, Subjects::Male),
    (Trait::Attractive, Subjects::Female),
    (Trait::Attractive, Subjects::Male),
];

/// Models, at most one for each trait and gender of subjects.
#[derive(Debug, Clone)]
pub struct Bundle {
    raters: Vec<Rater>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    about: About,
    /// Bytes of both records.
    records: [usize; 2],
}

impl Bundle {
    /// Puts models together.
    ///
    /// # Errors
    ///
    /// None of them, or two for the same.
    pub fn new(raters: Vec<Rater>) -> Result<Self> {
        if raters.is_empty() {
            return Err(Error::usage("a bundle needs a model"));
        }
        for (place, rater) in raters.iter().enumerate() {
            if raters[..place].iter().any(|other| other.rates() == rater.rates()) {
                return Err(Error::usage(format_args!("two models are for {}", name(rater.rates()))));
            }
        }
        Ok(Self { raters })
    }

    /// The models.
    pub fn raters(&self) -> &[Rater] {
        &self.raters
    }

    /// The model for a trait and a gender of subjects: that of the gender, or else that of all.
    pub fn rater(&self, of: Trait, subjects: Subjects) -> Option<&Rater> {
        let find = |wanted| self.raters.iter().find(|rater| rater.rates() == wanted);
        find((of, subjects)).or_else(|| find((of, Subjects::All)))
    }

    /// Those of the paper's models that are not there.
    pub fn lacking(&self) -> Vec<String> {
        let lacks = |wanted: &&(Trait, Subjects)| !self.raters.iter().any(|rater| rater.rates() == **wanted);
        PAPER_MODELS.iter().filter(lacks).map(|&wanted| name(wanted)).collect()
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let (mut entries, mut weights) = (Vec::new(), Vec::new());
        for rater in &self.raters {
            let records = rater.records()?;
            entries.push(Entry {
                about: rater.about.clone(),
                records: [records[0].len(), records[1].len()],
            });
            weights.extend(records.concat());
        }
        let table = serde_json::to_vec(&entries).map_err(Error::usage)?;
        let length = (table.len() as u64).to_le_bytes();
        let mut bytes = [FIRST_LINE, &length, &table, &weights].concat();
        let digest = blake3::hash(&bytes);
        bytes.extend(digest.as_bytes());
        Ok(commit::bytes(path, &bytes)?)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// A file that is none of [`save`](Self::save), or damaged; a model whose configuration makes no sense, or whose sizes do not belong
    /// together.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        let damaged = |problem: &str| Error::usage(format_args!("bundle {}: {problem}", path.display()));
        let rest = bytes
            .strip_prefix(FIRST_LINE)
            .ok_or_else(|| damaged("is no bundle of models"))?;
        let cut = || damaged("is cut short or damaged");
        let end = bytes.len().checked_sub(DIGEST).ok_or_else(cut)?;
        if blake3::hash(&bytes[..end]).as_bytes() != &bytes[end..] {
            return Err(cut());
        }
        let rest = &rest[..rest.len() - DIGEST];
        let (length, rest) = rest.split_at_checked(8).ok_or_else(cut)?;
        let length = u64::from_le_bytes(length.try_into().map_err(|_| cut())?);
        let length = usize::try_from(length.min(MOST_TABLE)).map_err(|_| cut())?;
        let (table, mut weights) = rest.split_at_checked(length).ok_or_else(cut)?;
        let entries: Vec<Entry> = serde_json::from_slice(table).map_err(|error| damaged(&error.to_string()))?;
        let mut raters = Vec::new();
        for (number, entry) in entries.into_iter().enumerate() {
            let mut take = |length: usize| -> Result<Vec<u8>> {
                let (part, rest) = weights.split_at_checked(length).ok_or_else(cut)?;
                weights = rest;
                Ok(part.to_vec())
            };
            let records = [take(entry.records[0])?, take(entry.records[1])?];
            let rater = Rater::of_records(entry.about, records, device);
            raters.push(rater.map_err(|error| damaged(&format!("model {} does not fit: {error}", number + 1)))?);
        }
        if !weights.is_empty() {
            return Err(damaged("has weights that belong to no model"));
        }
        Self::new(raters).map_err(|error| damaged(&error.to_string()))
    }
}

/// As in `attractive-female`.
pub fn name((of, subjects): (Trait, Subjects)) -> String {
    let subjects = match subjects {
        Subjects::All => "all",
        Subjects::Female => "female",
        Subjects::Male => "male",
    };
    format!("{}-{subjects}", of.name())
}
