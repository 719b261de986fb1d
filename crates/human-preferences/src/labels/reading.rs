use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use super::{Changes, LabelStore, Layout, Offer, Shown, Stats, StoreError, StoredAnswer};
use crate::answer::Answer;

/// Milliseconds of an hour, and those whose pace counts as the present one.
const HOUR: i64 = 3_600_000;
const PACE: i64 = 600_000;

impl LabelStore {
    /// A pair as it is shown; none if there is none.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn pair(&self, pair: i64) -> Result<Option<Offer>, StoreError> {
        let find = "SELECT pair.id, swapped, one.sha, one.layout, two.sha, two.layout
                    FROM pair JOIN segment AS one ON one.id = first JOIN segment AS two ON two.id = second
                    WHERE pair.id = ?1";
        Ok(self.connection.query_row(find, params![pair], offer).optional()?)
    }

    /// True returns of the clips of a pair, left and right; NaN where nobody knows one.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn true_returns(&self, offer: &Offer) -> Result<[f64; 2], StoreError> {
        let find = |digest: &str| -> rusqlite::Result<f64> {
            let found: Option<Option<f64>> = self
                .connection
                .query_row(
                    "SELECT true_return FROM segment WHERE sha = ?1",
                    params![digest],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(found.flatten().unwrap_or(f64::NAN))
        };
        Ok([find(&offer.left.digest)?, find(&offer.right.digest)?])
    }

    /// The animated PNG of a clip; none if there is none.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn film(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let find = "SELECT apng FROM segment WHERE sha = ?1";
        Ok(self
            .connection
            .query_row(find, params![digest], |row| row.get(0))
            .optional()?)
    }

    /// All pictures of a clip in one PNG; none if there is none.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn sheet(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let find = "SELECT sheet FROM segment WHERE sha = ?1";
        Ok(self
            .connection
            .query_row(find, params![digest], |row| row.get(0))
            .optional()?)
    }

    /// Numbers of the answers that count, in their order.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn answer_ids(&self) -> Result<Vec<i64>, StoreError> {
        let mut find = self
            .connection
            .prepare("SELECT id FROM answer WHERE undone = 0 ORDER BY id")?;
        let ids = find.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// The answers that count with a number above `after`, in their order, with their clips.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn answers_after(&self, after: i64) -> Result<Vec<StoredAnswer>, StoreError> {
        let mut find = self.connection.prepare(
            "SELECT answer.id, one.data, two.data, answer, swapped
             FROM answer JOIN pair ON pair.id = answer.pair
             JOIN segment AS one ON one.id = first JOIN segment AS two ON two.id = second
             WHERE answer.id > ?1 AND undone = 0 ORDER BY answer.id",
        )?;
        let answers = find.query_map(params![after], |row| {
            Ok(StoredAnswer {
                id: row.get(0)?,
                first: row.get(1)?,
                second: row.get(2)?,
                answer: in_own_order(&row.get::<_, String>(3)?, row.get(4)?),
            })
        })?;
        Ok(answers.collect::<Result<_, _>>()?)
    }

    /// Numbers of pairs ever asked about.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn pairs(&self) -> Result<u64, StoreError> {
        let count: i64 = self
            .connection
            .query_row("SELECT count(*) FROM pair", [], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// The state of pairs and answers, to look at them again only where it is another one.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn changes(&self) -> Result<Changes, StoreError> {
        Ok(Changes {
            here: self.writes,
            // Changes with each commit of another connection, and never with one of this.
            elsewhere: self
                .connection
                .pragma_query_value(None, "data_version", |row| row.get(0))?,
        })
    }

    fn sources(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut count = self
            .connection
            .prepare("SELECT source, count(*) FROM answer WHERE undone = 0 GROUP BY source")?;
        let counts = count.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(counts.collect::<Result<_, _>>()?)
    }

    /// How labelling goes.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn stats(&self, now: i64) -> Result<Stats, StoreError> {
        let mut stats = Stats {
            answered: 0,
            left: 0,
            right: 0,
            tie: 0,
            cant_tell: 0,
            waiting: 0,
            last_hour: 0,
            hourly_rate: 0.0,
            sources: self.sources()?,
        };
        let mut count = self
            .connection
            .prepare("SELECT answer, count(*) FROM answer WHERE undone = 0 GROUP BY answer")?;
        let counts = count.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        for kind in counts {
            let (answer, count) = kind?;
            let place = match named(&answer) {
                Answer::Left => &mut stats.left,
                Answer::Right => &mut stats.right,
                Answer::Tie => &mut stats.tie,
                Answer::CantTell => &mut stats.cant_tell,
            };
            *place += count as u64;
            stats.answered += count as u64;
        }
        stats.waiting = self.pairs()?.saturating_sub(stats.answered);
        let since = |since: i64| -> rusqlite::Result<(i64, Option<i64>)> {
            self.connection
                .prepare("SELECT count(*), min(created) FROM answer WHERE undone = 0 AND created > ?1")?
                .query_row(params![since], |row| Ok((row.get(0)?, row.get(1)?)))
        };
        stats.last_hour = since(now - HOUR)?.0 as u64;
        if let (count, Some(first)) = since(now - PACE)?
            && count > 1
        {
            stats.hourly_rate = (count - 1) as f64 * HOUR as f64 / (now - first).max(1) as f64;
        }
        Ok(stats)
    }
}

/// A pair out of its number, whether it is swapped, and name and layout of either clip.
pub(super) fn offer(row: &Row<'_>) -> rusqlite::Result<Offer> {
    let shown = |digest: usize| -> rusqlite::Result<Shown> {
        let text: String = row.get(digest + 1)?;
        let layout: Layout = serde_json::from_str(&text).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(digest + 1, rusqlite::types::Type::Text, error.into())
        })?;
        Ok(Shown {
            digest: row.get(digest)?,
            layout,
        })
    };
    let (first, second) = (shown(2)?, shown(4)?);
    let is_swapped: bool = row.get(1)?;
    let (left, right) = if is_swapped { (second, first) } else { (first, second) };
    Ok(Offer {
        pair: row.get(0)?,
        left,
        right,
    })
}

/// The answer of a row; the table's own check leaves no other names.
pub(super) fn named(name: &str) -> Answer {
    let known = Answer::ALL.into_iter().find(|answer| answer.name() == name);
    known.unwrap_or(Answer::CantTell)
}

/// An answer about clips as they were shown, turned to their own order.
pub(super) fn in_own_order(name: &str, is_swapped: bool) -> Answer {
    let answer = named(name);
    if is_swapped { answer.swapped() } else { answer }
}
