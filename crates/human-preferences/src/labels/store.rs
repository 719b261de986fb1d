use std::{fmt, fs, path::Path};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    LEASE, NewAnswer, NewPair, NewSegment, Offer, StoreError,
    reading::offer,
    schema::{explain, prepare},
};

/// Longest name of a labeller, and longest name that a page gives to an answer.
const LONGEST_NAME: usize = 64;

/// The database of one environment's clips, pairs and answers.
pub struct LabelStore {
    pub(super) connection: Connection,
    pub(super) environment: String,
    /// Changes of pairs and answers by this store.
    pub(super) writes: u64,
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
        keep_private(path)?;
        let mut connection = Connection::open(path).map_err(|error| explain(error, path))?;
        prepare(&mut connection, path, environment)?;
        Ok(Self {
            connection,
            environment: environment.to_owned(),
            writes: 0,
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

    /// Adds a pair and returns its number; none if there is a pair of these clips, in either order, already. `now` is in
    /// milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// Clips that are not there.
    pub fn add_pair(&mut self, pair: &NewPair, now: i64) -> Result<Option<i64>, StoreError> {
        let added = self.connection.execute(
            "INSERT INTO pair (first, second, swapped, variance, model_version, created)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
                 SELECT 1 FROM pair WHERE (first = ?1 AND second = ?2) OR (first = ?2 AND second = ?1))",
            params![
                pair.first,
                pair.second,
                pair.is_swapped,
                pair.variance,
                pair.model_version as i64,
                now
            ],
        )?;
        if added == 0 {
            return Ok(None);
        }
        self.writes += 1;
        Ok(Some(self.connection.last_insert_rowid()))
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

    /// Makes pairs theirs for another [`LEASE`] milliseconds that are a labeller's or nobody's, and that nobody answered;
    /// returns which ones are.
    ///
    /// # Errors
    ///
    /// A name that is none.
    pub fn renew(&mut self, labeller: &str, pairs: &[i64], now: i64) -> Result<Vec<i64>, StoreError> {
        check_name("labeller", labeller)?;
        let pairs = serde_json::to_string(pairs).map_err(std::io::Error::from)?;
        let mut renew = self.connection.prepare(
            "UPDATE pair SET leased_until = ?1, leased_by = ?2
             WHERE id IN (SELECT value FROM json_each(?3)) AND (leased_until <= ?4 OR leased_by = ?2)
               AND NOT EXISTS (SELECT 1 FROM answer WHERE answer.pair = pair.id AND undone = 0)
             RETURNING id",
        )?;
        let renewed = renew.query_map(params![now + LEASE, labeller, pairs, now], |row| row.get(0))?;
        Ok(renewed.collect::<Result<_, _>>()?)
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
        self.writes += 1;
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
        self.writes += 1;
        Ok(Some(pair))
    }
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

/// Only the owner may read what people said, and the page's token. SQLite gives the files beside the database the same
/// rights, so that the database has to have them before it is opened.
#[cfg(unix)]
fn keep_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    const OWNER_ONLY: u32 = 0o600;
    let mut options = fs::OpenOptions::new();
    let file = options.append(true).create(true).mode(OWNER_ONLY).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(OWNER_ONLY))
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
