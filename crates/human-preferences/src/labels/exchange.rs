//! Answers as lines of JSON: each clip once, before the first answer about it.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, Read as _, Write},
    sync::Arc,
};

use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{LabelStore, StoreError, reading::in_own_order};
use crate::{answer::Answer, clip::Clip, labelling::Recorded};

/// Longest line that is read: a clip of a minute of Atari frames is shorter.
const LONGEST_LINE: u64 = 64 << 20;

/// What a line is about; the rest of it follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Segment,
    Answer,
}

#[derive(Deserialize)]
struct AnyLine {
    kind: Kind,
}

/// A clip.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentLine<'a> {
    kind: Kind,
    digest: String,
    environment: String,
    /// As it is, so that its digest is that of these bytes.
    #[serde(borrow)]
    clip: &'a RawValue,
}

/// An answer about two clips.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerLine {
    kind: Kind,
    first: String,
    second: String,
    answer: Answer,
    labeller: String,
    latency_ms: u32,
    source: String,
    created_ms: i64,
}

/// What a file of answers holds.
#[derive(Debug)]
pub struct Imported {
    /// The environment that the clips are of; none in an empty file.
    pub environment: Option<String>,
    /// The answers in their order.
    pub answers: Vec<Recorded>,
}

/// Writes answers as lines of JSON.
#[derive(Debug)]
pub struct Exporter<W> {
    out: W,
    environment: String,
    written: HashSet<String>,
}

/// Who said something, and when.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) labeller: String,
    pub(crate) latency: u32,
    pub(crate) source: String,
    pub(crate) created: i64,
}

impl<W: Write> Exporter<W> {
    pub(crate) fn new(out: W, environment: &str) -> Self {
        Self {
            out,
            environment: environment.to_owned(),
            written: HashSet::new(),
        }
    }

    /// Writes an answer about two clips in JSON, and the clips unless they were written before.
    pub(crate) fn write(
        &mut self,
        first: &[u8],
        second: &[u8],
        answer: Answer,
        origin: Origin,
    ) -> Result<(), StoreError> {
        let (first, second) = (self.segment(first)?, self.segment(second)?);
        self.line(&AnswerLine {
            kind: Kind::Answer,
            first,
            second,
            answer,
            labeller: origin.labeller,
            latency_ms: origin.latency,
            source: origin.source,
            created_ms: origin.created,
        })
    }

    fn segment(&mut self, clip: &[u8]) -> Result<String, StoreError> {
        let digest = digest(clip);
        if self.written.insert(digest.clone()) {
            let clip: &RawValue = serde_json::from_slice(clip).map_err(std::io::Error::from)?;
            self.line(&SegmentLine {
                kind: Kind::Segment,
                digest: digest.clone(),
                environment: self.environment.clone(),
                clip,
            })?;
        }
        Ok(digest)
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), StoreError> {
        serde_json::to_writer(&mut self.out, line).map_err(std::io::Error::from)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }
}

/// The name of a clip: BLAKE3 of its JSON.
pub(crate) fn digest(clip: &[u8]) -> String {
    blake3::hash(clip).to_hex().to_string()
}

impl LabelStore {
    /// Writes all answers that count as lines of JSON.
    ///
    /// # Errors
    ///
    /// A writer that fails.
    pub fn export(&self, out: impl Write) -> Result<(), StoreError> {
        let mut exporter = Exporter::new(out, &self.environment);
        let mut find = self.connection.prepare(
            "SELECT one.data, two.data, answer, swapped, labeller, latency_ms, source, answer.created
             FROM answer JOIN pair ON pair.id = answer.pair
             JOIN segment AS one ON one.id = first JOIN segment AS two ON two.id = second
             WHERE undone = 0 ORDER BY answer.id",
        )?;
        let mut rows = find.query(params![])?;
        while let Some(row) = rows.next()? {
            let (first, second): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let origin = Origin {
                labeller: row.get(4)?,
                latency: row.get(5)?,
                source: row.get(6)?,
                created: row.get(7)?,
            };
            let answer = in_own_order(&row.get::<_, String>(2)?, row.get(3)?);
            exporter.write(&first, &second, answer, origin)?;
        }
        Ok(())
    }
}

/// Reads lines of JSON that [`LabelStore::export`] wrote.
///
/// # Errors
///
/// [`StoreError::Import`] with the number of the first line that is no answer or clip, is too long, or names a clip that
/// no line before holds.
pub fn import(mut lines: impl BufRead) -> Result<Imported, StoreError> {
    let mut imported = Imported {
        environment: None,
        answers: Vec::new(),
    };
    let mut clips = HashMap::new();
    let mut text = Vec::new();
    for number in 1.. {
        text.clear();
        let length = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)?;
        if length == 0 {
            break;
        }
        let failed = |problem: String| StoreError::Import { line: number, problem };
        if length as u64 == LONGEST_LINE {
            return Err(failed(format!("is longer than {LONGEST_LINE} bytes")));
        }
        read_line(&text, &mut clips, &mut imported).map_err(failed)?;
    }
    Ok(imported)
}

fn read_line(text: &[u8], clips: &mut HashMap<String, Arc<Clip>>, imported: &mut Imported) -> Result<(), String> {
    let AnyLine { kind } = parse(text)?;
    match kind {
        Kind::Segment => read_segment(parse(text)?, clips, imported),
        Kind::Answer => read_answer(&parse(text)?, clips, imported),
    }
}

fn read_segment(
    line: SegmentLine<'_>,
    clips: &mut HashMap<String, Arc<Clip>>,
    imported: &mut Imported,
) -> Result<(), String> {
    let text = line.clip.get();
    if digest(text.as_bytes()) != line.digest {
        return Err("the clip is not the one that its digest names".to_owned());
    }
    let known = imported.environment.get_or_insert_with(|| line.environment.clone());
    if *known != line.environment {
        return Err(format!("a clip of `{}` among clips of `{known}`", line.environment));
    }
    let clip: Clip = parse(text.as_bytes())?;
    clip.check().map_err(|error| error.to_string())?;
    clips.insert(line.digest, Arc::new(clip));
    Ok(())
}

fn read_answer(line: &AnswerLine, clips: &HashMap<String, Arc<Clip>>, imported: &mut Imported) -> Result<(), String> {
    let find = |digest: &str| {
        let found = clips.get(digest).map(Arc::clone);
        found.ok_or_else(|| format!("no line before holds the clip {digest:.64}"))
    };
    let (first, second) = (find(&line.first)?, find(&line.second)?);
    first.check_pair(&second).map_err(|error| error.to_string())?;
    imported.answers.push(Recorded {
        first,
        second,
        answer: line.answer,
    });
    Ok(())
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| error.to_string())
}
