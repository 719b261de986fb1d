use std::{fmt, fs, path::Path};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::{
    LEASE, Layout, NewAnswer, NewPair, NewSegment, Offer, Shown, Stats, StoreError, StoredAnswer,
    schema::{explain, prepare},
};
use crate::answer::Answer;

/// Longest name of a labeller, and longest name that a page gives to an answer.
const LONGEST_NAME: usize = 64;
/// Milliseconds of an hour, and those whose pace counts as the present one.
const HOUR: i64 = 3_600_000;
const PACE: i64 = 600_000;

/// The database of one environment's clips, pairs and answers.
pub struct LabelStore {
    pub(super) connection: Connection,
    pub(super) environment: String,
}

impl LabelStore {
    /// Opens the database at `path`, or creates it.
    ///
    /// # Errors
    ///
    /// A database of another environment, program or version, one that another process holds, or a full disk.
    pub fn open(path: &Path, environment: &str) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut connection = Connection::open(path).map_err(|error| explain(error, path))?;
        prepare(&mut connection, path, environment)?;
        keep_private(path)?;
        Ok(Self {
            connection,
            environment: environment.to_owned(),
        })
    }

    /// The environment that the clips are of.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// A value that outlives the process, such as the page's token.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn note(&self, key: &str) -> Result<Option<String>, StoreError> {
        let found = self
            .connection
            .query_row("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
            .optional()?;
        Ok(found)
    }

    /// Keeps a value beyond the process.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn set_note(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
            params![key, value],
        )?;
        Ok(())
    }

    /// Adds a clip, unless it is there, and returns its number.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn add_segment(&mut self, segment: &NewSegment<'_>) -> Result<i64, StoreError> {
        let layout = serde_json::to_string(&segment.layout).map_err(std::io::Error::from)?;
        self.connection.execute(
            "INSERT INTO segment (sha, run, env, seed, start, len, data, apng, sheet, layout, true_return)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (sha) DO NOTHING",
            params![
                segment.digest,
                segment.run,
                self.environment,
                segment.seed as i64,
                segment.start as i64,
                segment.steps as i64,
                segment.data,
                segment.film,
                segment.sheet,
                layout,
                segment.true_return
            ],
        )?;
        let find = "SELECT id FROM segment WHERE sha = ?1";
        Ok(self
            .connection
            .query_row(find, params![segment.digest], |row| row.get(0))?)
    }

    /// Adds a pair and returns its number. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// Clips that are not there.
    pub fn add_pair(&mut self, pair: &NewPair, now: i64) -> Result<i64, StoreError> {
        self.connection.execute(
            "INSERT INTO pair (first, second, swapped, variance, model_version, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                pair.first,
                pair.second,
                pair.is_swapped,
                pair.variance,
                pair.model_version as i64,
                now
            ],
        )?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Begins a transaction that writes: at once, since one that reads first fails where another process writes between.
    fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// The next pair for a labeller: one that is already theirs, or else the oldest that is nobody's. It is theirs for
    /// [`LEASE`] milliseconds. Pairs in `held` are left out: the page has them already.
    ///
    /// # Errors
    ///
    /// A name that is none.
    pub fn next_pair(&mut self, labeller: &str, held: &[i64], now: i64) -> Result<Option<Offer>, StoreError> {
        check_name("labeller", labeller)?;
        let transaction = self.begin()?;
        let held = serde_json::to_string(held).map_err(std::io::Error::from)?;
        let offer = transaction
            .prepare(
                "SELECT pair.id, swapped, one.sha, one.layout, two.sha, two.layout
                 FROM pair JOIN segment AS one ON one.id = first JOIN segment AS two ON two.id = second
                 WHERE (leased_until <= ?1 OR leased_by = ?2)
                   AND NOT EXISTS (SELECT 1 FROM answer WHERE answer.pair = pair.id AND undone = 0)
                   AND pair.id NOT IN (SELECT value FROM json_each(?3))
                 ORDER BY (leased_until > ?1) DESC, pair.id LIMIT 1",
            )?
            .query_row(params![now, labeller, held], offer)
            .optional()?;
        if let Some(offer) = &offer {
            transaction.execute(
                "UPDATE pair SET leased_until = ?1, leased_by = ?2 WHERE id = ?3",
                params![now + LEASE, labeller, offer.pair],
            )?;
        }
        transaction.commit()?;
        Ok(offer)
    }

    /// Keeps an answer; when this returns, it is on the disk. The same answer sent twice counts once.
    ///
    /// # Errors
    ///
    /// A pair that is not there or has another answer, or names that are none.
    pub fn answer(&mut self, answer: &NewAnswer<'_>, now: i64) -> Result<i64, StoreError> {
        check_name("labeller", answer.labeller)?;
        check_name("client_id", answer.client_id)?;
        let transaction = self.begin()?;
        let find_pair = "SELECT 1 FROM pair WHERE id = ?1";
        let pair: Option<i64> = transaction
            .query_row(find_pair, params![answer.pair], |row| row.get(0))
            .optional()?;
        if pair.is_none() {
            return Err(StoreError::UnknownPair(answer.pair));
        }
        let find_same = "SELECT id, pair FROM answer WHERE client_id = ?1";
        let same: Option<(i64, i64)> = transaction
            .query_row(find_same, params![answer.client_id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        if let Some((id, pair)) = same {
            return if pair == answer.pair {
                Ok(id)
            } else {
                Err(StoreError::AlreadyAnswered(answer.pair))
            };
        }
        let find_other = "SELECT 1 FROM answer WHERE pair = ?1 AND undone = 0";
        let other: Option<i64> = transaction
            .query_row(find_other, params![answer.pair], |row| row.get(0))
            .optional()?;
        if other.is_some() {
            return Err(StoreError::AlreadyAnswered(answer.pair));
        }
        transaction.execute(
            "INSERT INTO answer (pair, client_id, answer, labeller, latency_ms, source, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                answer.pair,
                answer.client_id,
                answer.answer.name(),
                answer.labeller,
                answer.latency,
                answer.source,
                now
            ],
        )?;
        let id = transaction.last_insert_rowid();
        transaction.commit()?;
        Ok(id)
    }

    /// Takes the latest answer of a labeller back, and returns its pair, which is theirs again; none if there is no
    /// answer.
    ///
    /// # Errors
    ///
    /// A name that is none.
    pub fn undo(&mut self, labeller: &str, now: i64) -> Result<Option<i64>, StoreError> {
        check_name("labeller", labeller)?;
        let transaction = self.begin()?;
        let latest: Option<(i64, i64)> = transaction
            .query_row(
                "SELECT id, pair FROM answer WHERE labeller = ?1 AND undone = 0 ORDER BY id DESC LIMIT 1",
                params![labeller],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((id, pair)) = latest else {
            return Ok(None);
        };
        transaction.execute("UPDATE answer SET undone = 1 WHERE id = ?1", params![id])?;
        transaction.execute(
            "UPDATE pair SET leased_until = ?1, leased_by = ?2 WHERE id = ?3",
            params![now + LEASE, labeller, pair],
        )?;
        transaction.commit()?;
        Ok(Some(pair))
    }

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

fn offer(row: &Row<'_>) -> rusqlite::Result<Offer> {
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

fn check_name(field: &'static str, name: &str) -> Result<(), StoreError> {
    let is_printable = name.chars().all(|character| !character.is_control());
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || !is_printable || name.trim().is_empty() {
        return Err(StoreError::Name {
            field,
            most: LONGEST_NAME,
        });
    }
    Ok(())
}

/// Only the owner may read what people said, and the page's token.
#[cfg(unix)]
fn keep_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn keep_private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

impl fmt::Debug for LabelStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabelStore")
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
