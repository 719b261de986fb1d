//! Answers that people gave in other projects, in the formats in which those published them.
//!
//! | function | what people compared |
//! |---|---|
//! | [`seaquest`] | clips of an Atari game, with their pictures (Rahtz, "learning-from-human-preferences") |
//! | [`rankings`] | whole episodes of agents at several stages (Brown et al. 2019, T-REX) |
//! | [`segments`] | segments of recorded trajectories (Kim et al. 2023, Preference Transformer) |

use std::{
    io::{BufRead, BufReader, Read},
    str::FromStr,
    sync::Arc,
};

use papers_core::base::idx::{Idx, IdxError};

use crate::{
    actions::Actions,
    answer::Answer,
    clip::{Clip, ClipError, Observations},
    labelling::Recorded,
};

/// Most bytes of pictures that are read: four times the published file.
const LARGEST_PICTURES: u64 = 1 << 29;
/// Most bytes of a table that are read, and of one line of it.
const LARGEST_TABLE: u64 = 64 << 20;
const LONGEST_LINE: u64 = 4096;

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordedError {
    /// Pictures that are no IDX file.
    #[error("the pictures of the clips")]
    Pictures(#[from] IdxError),
    /// An array of pictures with other axes.
    #[error("the pictures have the shape {shape:?}; clips, steps, stacked frames, height and width are needed")]
    Shape {
        /// The shape found.
        shape: Vec<usize>,
    },
    /// Pictures that make no clip.
    #[error("clip {clip}: {source}")]
    Clip {
        /// Number of the clip.
        clip: usize,
        /// What is wrong with it.
        source: ClipError,
    },
    /// A line that is not what the format says.
    #[error("line {line}: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Reading failed.
    #[error("reading a table of answers")]
    Io(#[from] std::io::Error),
}

/// A comparison of two episodes of agents at different stages of their training.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// Updates that the agents had learned, first and second.
    pub checkpoints: [u32; 2],
    /// What was said.
    pub answer: Answer,
    /// True returns of the episodes, first and second.
    pub true_returns: [f64; 2],
}

/// A comparison of two segments of a recorded data set.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentComparison {
    /// The environment's name in D4RL or robosuite.
    pub environment: String,
    /// Number of the question within the environment.
    pub query: u32,
    /// Where the segments start in the recorded data, first and second.
    pub starts: [u64; 2],
    /// What was said.
    pub answer: Answer,
}

/// Reads clips of pictures (IDX, gzip or plain) and the table of their comparisons
/// (`clip_1,clip_2,mu_1,mu_2`).
///
/// The recording has no actions, so that each step has the only one of a single action: enough for a reward model that
/// sees pictures alone, as the paper's for Atari does.
///
/// # Errors
///
/// Pictures of another format or shape, a line that is no comparison, or one of a clip that there is not.
pub fn seaquest(pictures: &[u8], comparisons: impl Read) -> Result<Vec<Recorded>, RecordedError> {
    let clips = clips(&Idx::parse(pictures, LARGEST_PICTURES)?)?;
    rows(comparisons, "clip_1,clip_2,mu_1,mu_2", |[first, second, one, two]| {
        let find = |text: &str| {
            let index: usize = number(text)?;
            let clip = clips.get(index).map(Arc::clone);
            clip.ok_or_else(|| format!("there is no clip {index}, only {}", clips.len()))
        };
        Ok(Recorded {
            first: find(first)?,
            second: find(second)?,
            answer: of_preference([number(one)?, number(two)?])?,
        })
    })
}

/// Reads a table of ranked episodes (`A,B,label,scoreA,scoreB`; label 1 says that B is better).
///
/// # Errors
///
/// A line that is no comparison.
pub fn rankings(table: impl Read) -> Result<Vec<Ranking>, RecordedError> {
    rows(table, "A,B,label,scoreA,scoreB", |[first, second, label, one, two]| {
        Ok(Ranking {
            checkpoints: [number(first)?, number(second)?],
            answer: of_label(label, "")?,
            true_returns: [finite(one)?, finite(two)?],
        })
    })
}

/// Reads a table of compared segments (`env,query,start_1,start_2,label`; label 0 says that the first is better, 1 the
/// second, -1 that they are equal).
///
/// # Errors
///
/// A line that is no comparison.
pub fn segments(table: impl Read) -> Result<Vec<SegmentComparison>, RecordedError> {
    let header = "env,query,start_1,start_2,label";
    rows(table, header, |[environment, query, first, second, label]| {
        if environment.is_empty() {
            return Err("it names no environment".to_owned());
        }
        Ok(SegmentComparison {
            environment: environment.to_owned(),
            query: number(query)?,
            starts: [number(first)?, number(second)?],
            answer: of_label(label, "-1")?,
        })
    })
}

fn clips(pictures: &Idx) -> Result<Vec<Arc<Clip>>, RecordedError> {
    let shape = || RecordedError::Shape {
        shape: pictures.shape.clone(),
    };
    let &[_, steps, stack, height, width] = pictures.shape.as_slice() else {
        return Err(shape());
    };
    // The parts' product divides that of all axes, which was computed without overflow unless an axis is empty.
    if pictures.shape.contains(&0) {
        return Err(shape());
    }
    let size = stack * height * width;
    let clip = |(index, pixels): (usize, &[u8])| {
        let actions = Actions::Discrete {
            actions: 1,
            chosen: vec![0; steps],
        };
        let clip = Clip::new(index as u64, 0, observations(pixels, size, stack), actions);
        clip.map(Arc::new)
            .map_err(|source| RecordedError::Clip { clip: index, source })
    };
    pictures.data.chunks_exact(steps * size).enumerate().map(clip).collect()
}

/// Frames that go on from step to step are kept once; where an episode ends inside the clip, they do not.
fn observations(pixels: &[u8], size: usize, stack: usize) -> Observations {
    let frame = size / stack;
    let steps: Vec<&[u8]> = pixels.chunks_exact(size).collect();
    let goes_on = steps.windows(2).all(|pair| pair[0][frame..] == pair[1][..size - frame]);
    if !goes_on {
        return Observations::Bytes {
            size,
            values: pixels.to_vec(),
        };
    }
    let mut frames = pixels[..size].to_vec();
    for step in &steps[1..] {
        frames.extend_from_slice(&step[size - frame..]);
    }
    Observations::Stacked { size, stack, frames }
}

/// Reads a table without quotes, line by line.
fn rows<const COLUMNS: usize, T>(
    table: impl Read,
    header: &str,
    mut parse: impl FnMut([&str; COLUMNS]) -> Result<T, String>,
) -> Result<Vec<T>, RecordedError> {
    let mut table = BufReader::new(table.take(LARGEST_TABLE));
    let mut rows = Vec::new();
    let mut text = Vec::new();
    for line in 1.. {
        let failed = |problem: String| RecordedError::Line { line, problem };
        text.clear();
        let length = table.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)?;
        if length as u64 == LONGEST_LINE {
            return Err(failed(format!("it is longer than {LONGEST_LINE} bytes")));
        }
        let text = std::str::from_utf8(&text).map_err(|_| failed("it is not UTF-8".to_owned()))?;
        let text = text.trim_end_matches(['\n', '\r']);
        if line == 1 && text != header {
            return Err(failed(format!("the header `{header}` is needed")));
        }
        if length == 0 {
            break;
        }
        if line > 1 {
            let columns: Vec<&str> = text.split(',').collect();
            let found = columns.len();
            let columns = <[&str; COLUMNS]>::try_from(columns)
                .map_err(|_| failed(format!("it has {found} columns, and {COLUMNS} are needed")))?;
            rows.push(parse(columns).map_err(failed)?);
        }
    }
    if table.get_ref().limit() == 0 {
        let problem = format!("the table is longer than {LARGEST_TABLE} bytes");
        return Err(RecordedError::Line {
            line: rows.len() + 2,
            problem,
        });
    }
    Ok(rows)
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not the number that belongs here"))
}

fn finite(text: &str) -> Result<f64, String> {
    let value: f64 = number(text)?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(format!("`{text}` is not finite"))
    }
}

/// The answer that is learned from as the distribution µ.
fn of_preference(preference: [f64; 2]) -> Result<Answer, String> {
    let found = Answer::ALL
        .into_iter()
        .find(|answer| answer.preference() == Some(preference));
    found.ok_or_else(|| format!("{preference:?} is neither (1, 0), (0, 1) nor (0.5, 0.5)"))
}

fn of_label(label: &str, tie: &str) -> Result<Answer, String> {
    match label {
        "0" => Ok(Answer::Left),
        "1" => Ok(Answer::Right),
        _ if label == tie && !tie.is_empty() => Ok(Answer::Tie),
        _ => Err(format!("`{label}` is no label")),
    }
}
