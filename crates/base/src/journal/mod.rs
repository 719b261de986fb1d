//! What happened in a run: JSON lines for programs and people, and the same numbers for TensorBoard.
//!
//! Every event is one line of `journal.jsonl`, written at once, so that a killed process loses at most the line it was
//! in. A checkpoint remembers the [`Position`]; a resumed run cuts both files back to it and goes on from there, so that
//! no step is told twice.

mod scalars;
mod tensorboard;

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub use scalars::Number;
pub(crate) use scalars::ScalarMap;

/// The journal's file in the folder of a run.
pub(crate) const JOURNAL: &str = "journal.jsonl";

/// The file for TensorBoard; a fixed name, so that a resumed run finds it.
pub(crate) const BOARD: &str = "events.out.tfevents.run";

/// Bytes of the longest line that is read; the longest written is far below.
const LINE_LIMIT: u64 = 1 << 20;

/// Measured numbers with their names, in the order in which they are shown.
pub type Scalars = Vec<(String, f64)>;

/// The number called `name`, if it was measured.
pub fn scalar(scalars: &Scalars, name: &str) -> Option<f64> {
    scalars.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
}

/// Something that happened in a run. Steps count updates that were applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Training came this far.
    Progress {
        /// Updates applied.
        step: u64,
        /// What the last update measured.
        #[serde(with = "scalars")]
        scalars: Scalars,
    },
    /// The paper's numbers were computed.
    Evaluation {
        /// Updates applied.
        step: u64,
        /// The numbers.
        #[serde(with = "scalars")]
        scalars: Scalars,
    },
    /// A checkpoint is about to be written.
    Checkpoint {
        /// Updates applied.
        step: u64,
    },
    /// Another process took the run up again.
    Resumed {
        /// Updates that the checkpoint holds.
        step: u64,
    },
    /// Something that the reader of the results should know.
    Warning {
        /// What.
        message: String,
    },
    /// The run ended before its schedule did.
    Stopped {
        /// Updates applied.
        step: u64,
        /// Why.
        reason: String,
    },
    /// The run came to its end.
    Finished {
        /// Updates applied.
        step: u64,
        /// Seconds of training, over all resumptions.
        seconds: f64,
        /// The last evaluation.
        #[serde(with = "scalars")]
        scalars: Scalars,
    },
}

impl Event {
    /// Updates applied when it happened, where that is known.
    pub fn step(&self) -> Option<u64> {
        match self {
            Self::Progress { step, .. }
            | Self::Evaluation { step, .. }
            | Self::Checkpoint { step }
            | Self::Resumed { step }
            | Self::Stopped { step, .. }
            | Self::Finished { step, .. } => Some(*step),
            Self::Warning { .. } => None,
        }
    }
}

/// An event and when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub time: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// How far both files were written: bytes that are on disk for good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    journal: u64,
    board: u64,
}

/// The writer of a run's journal.
#[derive(Debug)]
pub struct Journal {
    lines: File,
    lines_path: PathBuf,
    board: File,
    board_path: PathBuf,
}

impl Journal {
    /// Begins an empty journal in the folder of a run; what was there is replaced.
    ///
    /// # Errors
    ///
    /// Files that cannot be written.
    pub fn create(folder: &Path) -> Result<Self> {
        let (journal, _) = Self::open(folder, &Position::default())?;
        #[cfg(unix)]
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(Error::io("write", folder))?;
        Ok(journal)
    }

    /// Cuts the journal back to a position that a checkpoint remembers, and goes on from there.
    ///
    /// Where less is left than the checkpoint remembers, the journal goes on after its last whole line and says so in a
    /// warning: a damaged journal does not keep a run from being resumed.
    ///
    /// # Errors
    ///
    /// Files that cannot be read or written.
    pub fn resume(folder: &Path, position: &Position) -> Result<Self> {
        let (mut journal, is_whole) = Self::open(folder, position)?;
        if !is_whole {
            journal.event(&Event::Warning {
                message: "the journal is shorter than the checkpoint remembers: curves have a gap".to_owned(),
            })?;
        }
        Ok(journal)
    }

    fn open(folder: &Path, position: &Position) -> Result<(Self, bool)> {
        let lines_path = folder.join(JOURNAL);
        let board_path = folder.join(BOARD);
        let (lines, lines_end) = open_at(&lines_path, position.journal, whole_lines)?;
        let (board, board_end) = open_at(&board_path, position.board, tensorboard::whole_records)?;
        let mut journal = Self {
            lines,
            lines_path,
            board,
            board_path,
        };
        if board_end == 0 {
            let header = tensorboard::header(now());
            journal
                .board
                .write_all(&header)
                .map_err(Error::io("write", &journal.board_path))?;
        }
        let found = Position {
            journal: lines_end,
            board: board_end,
        };
        Ok((journal, found == *position))
    }

    /// Writes one event.
    ///
    /// # Errors
    ///
    /// A full disk, for example.
    pub fn event(&mut self, event: &Event) -> Result<()> {
        let record = Record {
            time: now(),
            event: event.clone(),
        };
        let mut line = serde_json::to_vec(&record).map_err(|error| Error::Damaged {
            path: self.lines_path.clone(),
            problem: error.to_string(),
        })?;
        line.push(b'\n');
        self.lines
            .write_all(&line)
            .map_err(Error::io("write", &self.lines_path))?;
        let (prefix, step, scalars) = match event {
            Event::Progress { step, scalars } => ("train", *step, scalars),
            Event::Evaluation { step, scalars } => ("eval", *step, scalars),
            _ => return Ok(()),
        };
        let bytes = tensorboard::scalars(record.time, step, prefix, scalars);
        self.board
            .write_all(&bytes)
            .map_err(Error::io("write", &self.board_path))
    }

    /// Makes everything written so far durable, and tells how far that is.
    ///
    /// # Errors
    ///
    /// A disk that does not take the bytes.
    pub fn position(&mut self) -> Result<Position> {
        Ok(Position {
            journal: durable_end(&mut self.lines).map_err(Error::io("write", &self.lines_path))?,
            board: durable_end(&mut self.board).map_err(Error::io("write", &self.board_path))?,
        })
    }
}

/// All records of a run's journal; what a killed process left of its last line is no record.
///
/// # Errors
///
/// A journal that is missing, or that holds something else before its last line.
pub fn read(folder: &Path) -> Result<Vec<Record>> {
    let path = folder.join(JOURNAL);
    let damaged = |number: u64, problem: &dyn std::fmt::Display| Error::Damaged {
        path: path.clone(),
        problem: format!("line {number}: {problem}"),
    };
    let mut reader = BufReader::new(File::open(&path).map_err(Error::io("read", &path))?);
    let mut records = Vec::new();
    let mut line = Vec::new();
    let mut bad = None;
    for number in 1.. {
        line.clear();
        let mut limited = reader.by_ref().take(LINE_LIMIT);
        if limited.read_until(b'\n', &mut line).map_err(Error::io("read", &path))? == 0 {
            break;
        }
        if line.len() as u64 == LINE_LIMIT {
            return Err(damaged(number, &format!("longer than {LINE_LIMIT} bytes")));
        }
        // A bad line is only forgiven if no other follows.
        if let Some((number, problem)) = bad.take() {
            return Err(damaged(number, &problem));
        }
        match serde_json::from_slice(&line) {
            Ok(record) if line.ends_with(b"\n") => records.push(record),
            Ok(_) => {}
            Err(problem) => bad = Some((number, problem)),
        }
    }
    Ok(records)
}

/// Opens a file for writing after its last whole record of the first `end` bytes, and tells where that is.
fn open_at(path: &Path, end: u64, whole: fn(&[u8]) -> usize) -> Result<(File, u64)> {
    let open = || -> std::io::Result<(File, u64)> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut kept = Vec::new();
        (&file).take(end).read_to_end(&mut kept)?;
        let end = whole(&kept) as u64;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok((file, end))
    };
    open().map_err(Error::io("write", path))
}

/// Bytes up to the end of the last whole line.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |newline| newline + 1)
}

fn durable_end(file: &mut File) -> std::io::Result<u64> {
    file.sync_data()?;
    file.stream_position()
}

/// Seconds since 1970; a clock before that reads as 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests;
