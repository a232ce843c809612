//! The tables, and who may open them.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::ArchiveError;

/// The format of the tables, in `user_version`.
const FORMAT: i64 = 2;
/// "bwar": marks the file as ours, in `application_id`.
const APPLICATION: i64 = 0x6277_6172;
/// How long a connection waits for another one's lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Times are nanoseconds since 1970 UTC; numbers are 64 bits wide, the unsigned ones kept as signed with the same bits in the same
/// order (they stay below 2^63). An alert's text is in its events; `alerts` holds what is searched by.
const TABLES: &str = "
CREATE TABLE archive (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    store TEXT NOT NULL,
    reached_offset INTEGER,
    reached_ordinal INTEGER
) STRICT;
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    state TEXT NOT NULL,
    billing_code TEXT,
    started_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    resolved_at INTEGER,
    first_event INTEGER NOT NULL,
    last_event INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_start ON alerts (started_at, id);
CREATE INDEX alerts_by_end ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE TABLE alert_events (
    sequence INTEGER PRIMARY KEY,
    input_offset INTEGER NOT NULL,
    input_ordinal INTEGER NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    alert_id TEXT NOT NULL,
    alert BLOB NOT NULL
) STRICT;
CREATE INDEX alert_events_by_alert ON alert_events (alert_id, sequence);
CREATE TABLE deliveries (
    input_offset INTEGER NOT NULL,
    input_ordinal INTEGER NOT NULL,
    intent TEXT NOT NULL,
    receiver TEXT NOT NULL,
    recipient TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    date INTEGER NOT NULL,
    at INTEGER NOT NULL,
    result TEXT NOT NULL,
    answer TEXT NOT NULL,
    retry_at INTEGER,
    PRIMARY KEY (input_offset, input_ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_time ON deliveries (at);
CREATE TABLE delivery_alerts (
    input_offset INTEGER NOT NULL,
    input_ordinal INTEGER NOT NULL,
    place INTEGER NOT NULL,
    alert_id TEXT NOT NULL,
    PRIMARY KEY (input_offset, input_ordinal, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_alerts_by_alert ON delivery_alerts (alert_id);
";

/// Opens the archive for writing, and makes it if there is none. A file that is not ours is left as it is.
pub(super) fn open(path: &Path, store: &str) -> Result<Connection, ArchiveError> {
    create_private(path).map_err(|source| ArchiveError::Create {
        path: path.to_owned(),
        source,
    })?;
    let sqlite = ArchiveError::at(path);
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let is_new = is_empty(&connection).map_err(&sqlite)?;
    if !is_new {
        check_format(&connection, path)?;
        check_store(&connection, path, store)?;
    }
    // Losing the last transactions to a power failure is harmless: the event log gives them again.
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        .map_err(&sqlite)?;
    if is_new {
        make_tables(&mut connection, store).map_err(&sqlite)?;
    }
    Ok(connection)
}

/// Opens an archive for reading beside its writer.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, ArchiveError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    check_format(&connection, path)?;
    Ok(connection)
}

/// SQLite gives its companion files the mode of the database.
fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, ArchiveError> {
    let sqlite = ArchiveError::at(path);
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(&sqlite)?;
    connection.busy_timeout(LOCK_WAIT).map_err(&sqlite)?;
    Ok(connection)
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn make_tables(connection: &mut Connection, store: &str) -> rusqlite::Result<()> {
    let making = connection.transaction()?;
    making.execute_batch(TABLES)?;
    making.execute("INSERT INTO archive (one, store) VALUES (1, ?1)", [store])?;
    making.pragma_update(None, "application_id", APPLICATION)?;
    making.pragma_update(None, "user_version", FORMAT)?;
    making.commit()
}

fn check_store(connection: &Connection, path: &Path, store: &str) -> Result<(), ArchiveError> {
    let found: String = connection
        .query_row("SELECT store FROM archive", [], |row| row.get(0))
        .map_err(ArchiveError::at(path))?;
    if found == store {
        return Ok(());
    }
    Err(ArchiveError::ForeignStore {
        path: path.to_owned(),
        found,
        expected: store.to_owned(),
    })
}

fn check_format(connection: &Connection, path: &Path) -> Result<(), ArchiveError> {
    let pragma = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(ArchiveError::at(path))
    };
    let path = path.to_owned();
    if pragma("application_id")? != APPLICATION {
        return Err(ArchiveError::NotAnArchive { path });
    }
    match pragma("user_version")? {
        FORMAT => Ok(()),
        found => Err(ArchiveError::Newer {
            path,
            found,
            known: FORMAT,
        }),
    }
}
