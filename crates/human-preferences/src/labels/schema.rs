use std::{path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::StoreError;

/// Marks a database as ours ("HPrf"), and its version.
const APPLICATION: i64 = 0x4850_7266;
const VERSION: i64 = 1;
/// How long another process may hold the database.
const PATIENCE: Duration = Duration::from_secs(2);

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    sha TEXT NOT NULL UNIQUE,
    run TEXT NOT NULL,
    env TEXT NOT NULL,
    seed INTEGER NOT NULL,
    start INTEGER NOT NULL,
    len INTEGER NOT NULL,
    data BLOB NOT NULL,
    apng BLOB NOT NULL,
    sheet BLOB NOT NULL,
    layout TEXT NOT NULL,
    true_return REAL
) STRICT;
CREATE TABLE pair (
    id INTEGER PRIMARY KEY,
    first INTEGER NOT NULL REFERENCES segment(id),
    second INTEGER NOT NULL REFERENCES segment(id),
    swapped INTEGER NOT NULL CHECK (swapped IN (0, 1)),
    variance REAL,
    model_version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    leased_until INTEGER NOT NULL DEFAULT 0,
    leased_by TEXT
) STRICT;
CREATE TABLE answer (
    id INTEGER PRIMARY KEY,
    pair INTEGER NOT NULL REFERENCES pair(id),
    client_id TEXT NOT NULL UNIQUE,
    answer TEXT NOT NULL CHECK (answer IN ('left', 'right', 'tie', 'cant_tell')),
    labeller TEXT NOT NULL,
    latency_ms INTEGER NOT NULL,
    source TEXT NOT NULL,
    created INTEGER NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX one_answer_per_pair ON answer(pair) WHERE undone = 0;
CREATE INDEX answers_by_time ON answer(created) WHERE undone = 0;
";

/// Creates the tables in a new database, checks those of another one, and makes every commit reach the disk.
///
/// A database that is not ours is left as it is.
pub(super) fn prepare(connection: &mut Connection, path: &Path, environment: &str) -> Result<(), StoreError> {
    let prepared = prepare_or_fail(connection, path, environment);
    prepared.map_err(|error| match error {
        StoreError::Database(error) => explain(error, path),
        other => other,
    })
}

fn prepare_or_fail(connection: &mut Connection, path: &Path, environment: &str) -> Result<(), StoreError> {
    connection.busy_timeout(PATIENCE)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let is_new = version == 0 && is_empty(connection)?;
    if !is_new {
        check(connection, path, version, environment)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // Also where there is nothing to create: a writer that holds the database is found now, not at the first answer.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_new {
        create(&transaction, environment)?;
    }
    Ok(transaction.commit()?)
}

fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    Ok(tables == 0)
}

fn create(transaction: &Transaction<'_>, environment: &str) -> rusqlite::Result<()> {
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO meta (key, value) VALUES ('environment', ?1)",
        params![environment],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)
}

fn check(connection: &Connection, path: &Path, version: i64, environment: &str) -> Result<(), StoreError> {
    let other = |problem: String| StoreError::OtherSchema {
        path: path.to_owned(),
        problem,
    };
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION {
        return Err(other("another program wrote it".to_owned()));
    }
    if version != VERSION {
        return Err(other(format!(
            "it has version {version}, this program reads version {VERSION}"
        )));
    }
    let found: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE key = 'environment'", [], |row| row.get(0))
        .optional()?;
    match found {
        Some(found) if found == environment => Ok(()),
        Some(found) => Err(StoreError::OtherEnvironment {
            path: path.to_owned(),
            found,
            expected: environment.to_owned(),
        }),
        None => Err(other("it does not say what environment it is of".to_owned())),
    }
}

/// Says in words what SQLite's first look at a file finds.
pub(super) fn explain(error: rusqlite::Error, path: &Path) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            StoreError::Locked { path: path.to_owned() }
        }
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::OtherSchema {
            path: path.to_owned(),
            problem: "it is no SQLite database".to_owned(),
        },
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => StoreError::OtherSchema {
            path: path.to_owned(),
            problem: "it is damaged".to_owned(),
        },
        _ => error.into(),
    }
}
