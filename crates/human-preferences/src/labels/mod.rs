//! Answers of people, kept in a database that survives everything: they are the dearest thing of a run.
//!
//! An answer is acknowledged after it is on the disk (SQLite in WAL mode with full synchronization), never deleted and
//! never changed; taking one back marks it.

mod error;
mod exchange;
mod reading;
pub mod recorded;
mod schema;
mod sheet;
mod store;

pub use self::{
    error::StoreError,
    exchange::{Exporter, Imported, import},
    sheet::sheet,
    store::LabelStore,
};

pub(crate) use self::exchange::{Origin, digest};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::answer::Answer;

/// Milliseconds for which a pair is nobody else's after it was offered, or its page said that it still has it.
pub const LEASE: i64 = 60_000;

/// A clip that people can be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSegment<'a> {
    /// BLAKE3 of `data`, in hexadecimal: the clip's name.
    pub digest: &'a str,
    /// The run it is from.
    pub run: &'a str,
    /// Seed of that run.
    pub seed: u64,
    /// First step within its episode.
    pub start: usize,
    /// Steps.
    pub steps: usize,
    /// The clip itself, in JSON.
    pub data: &'a [u8],
    /// The clip as an animated PNG.
    pub film: &'a [u8],
    /// All of its pictures in one PNG.
    pub sheet: &'a [u8],
    /// How the pictures lie in the sheet.
    pub layout: Layout,
    /// Its true return, if an oracle knows it.
    pub true_return: Option<f64>,
}

/// How the pictures of a clip lie in one sheet: row by row, left to right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// Pictures.
    pub frames: u32,
    /// Pictures in a row.
    pub columns: u32,
    /// Width of one, in pixels.
    pub width: u32,
    /// Height of one, in pixels.
    pub height: u32,
    /// Pictures per second.
    pub rate: f64,
}

/// Two clips to be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPair {
    /// Number of the first clip.
    pub first: i64,
    /// Number of the second clip.
    pub second: i64,
    /// Whether the second clip is shown on the left.
    pub is_swapped: bool,
    /// Variance of the ensemble about them, if it was asked.
    pub variance: Option<f64>,
    /// Version of the reward model that chose them.
    pub model_version: u64,
}

/// A pair as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Offer {
    /// Number of the pair.
    pub pair: i64,
    /// The clip on the left.
    pub left: Shown,
    /// The clip on the right.
    pub right: Shown,
}

/// A clip as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// Its name.
    pub digest: String,
    /// How its pictures lie in the sheet.
    pub layout: Layout,
}

/// An answer as it comes from a page.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAnswer<'a> {
    /// Number of the pair.
    pub pair: i64,
    /// A name that the page gives to this answer, so that sending it twice counts once.
    pub client_id: &'a str,
    /// What was said about the clips as they were shown.
    pub answer: Answer,
    /// Who said it.
    pub labeller: &'a str,
    /// Milliseconds from the first look to the answer.
    pub latency: u32,
    /// `page`, `script` or `import`.
    pub source: &'a str,
}

/// An answer that counts, about the clips in their own order.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAnswer {
    /// Number of the answer: later ones are larger.
    pub id: i64,
    /// The first clip, in JSON.
    pub first: Vec<u8>,
    /// The second clip, in JSON.
    pub second: Vec<u8>,
    /// What was said, first clip first.
    pub answer: Answer,
}

/// A state of the pairs and answers: another one after each change, by this process or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    pub(crate) here: u64,
    pub(crate) elsewhere: i64,
}

/// How labelling goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// Answers that count.
    pub answered: u64,
    /// Those that the left clip was better.
    pub left: u64,
    /// Those that the right clip was better.
    pub right: u64,
    /// Ties.
    pub tie: u64,
    /// Those that cannot tell.
    pub cant_tell: u64,
    /// Pairs that wait for an answer.
    pub waiting: u64,
    /// Answers in the last hour.
    pub last_hour: u64,
    /// Answers per hour at the pace of the last ten minutes of labelling.
    pub hourly_rate: f64,
    /// Answers that count by where they came from; see [`NewAnswer::source`].
    pub sources: BTreeMap<String, u64>,
}
