//! What survives a crash: one generation of everything, written atomically, with a digest of each file.
//!
//! ```text
//! RUN/checkpoints/step-000000500/
//!     manifest.json        step, position of the journal, state of the loop, size and BLAKE3 digest of every file
//!     manifest.blake3      digest of the manifest itself
//!     <name>.burnpack      weights of a module
//!     <name>.optimizer     state of its optimizer
//!     <name>.json          anything else
//! ```
//! A generation is assembled in a temporary folder and renamed into place, so it exists whole or not at all. Reading
//! checks every digest and falls back to the newest generation that is intact.

mod reader;
mod state;
mod store;
mod writer;

use std::{collections::BTreeMap, path::Path};

use papers_base::journal::Position;
use serde::{Deserialize, Serialize};

pub use self::{
    reader::Reader,
    state::{Best, LoopState, Recent},
    store::Store,
    writer::Writer,
};
use crate::Error;

const FORMAT: u32 = 2;
const MANIFEST: &str = "manifest.json";
/// A number of the manifest with a bit flipped is a number still: it has a digest as all other parts have.
const MANIFEST_DIGEST: &str = "manifest.blake3";

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    step: u64,
    journal: Position,
    state: LoopState,
    files: BTreeMap<String, FileDigest>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct FileDigest {
    bytes: u64,
    blake3: String,
}

fn record(name: &str, source: burn::store::RecordError) -> Error {
    Error::Record {
        name: name.to_owned(),
        source,
    }
}

fn damaged(path: &Path, problem: &str) -> Error {
    Error::Checkpoint {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests;
