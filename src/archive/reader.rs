//! The ones that ask, beside the writer and beside each other. Each call sees one moment.

use std::path::{Path, PathBuf};

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{ArchiveError, schema};
use crate::{api, model::Time};

/// The most rows that one call that lists looks at.
const MAX_ROWS: usize = 100_000;

/// A reading end of an archive; as many as wanted, each for one call at a time.
#[derive(Debug)]
pub struct ArchiveReader {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    /// How many rows a call that lists looks at.
    pub(super) max_rows: usize,
}

/// Which alerts to list.
pub struct ListQuery<'a> {
    /// Those for which this holds, as they are at the moment asked about; `None` for all.
    pub filter: Option<&'a dyn Fn(&api::Alert) -> bool>,
    /// The last started first.
    pub descending: bool,
    /// Goes on behind this one, which the page before ended with.
    pub after: Option<PageKey>,
    /// As they were after this alert event, by its sequence: the first page's [`Page::as_of`]. `None`: as they are now.
    pub as_of: Option<u64>,
    /// How many at most; at least 1.
    pub limit: usize,
}

/// A place in a list, for its next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageKey {
    /// When the alert at that place started.
    pub started_at: Time,
    /// Which it is.
    pub id: String,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The alerts; there may be few or none although more follow.
    pub alerts: Vec<api::Alert>,
    /// The alert event as of which they are shown; 0 before the first.
    pub as_of: u64,
    /// Where the next page begins; `None` at the end.
    pub next: Option<PageKey>,
}

impl ArchiveReader {
    /// Opens an archive that a writer has made.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        Ok(Self {
            path: path.to_owned(),
            connection: schema::open_to_read(path)?,
            max_rows: MAX_ROWS,
        })
    }

    /// One alert as it is now, or `None`.
    pub fn get_alert(&self, id: &str) -> Result<Option<api::Alert>, ArchiveError> {
        let sqlite = ArchiveError::at(&self.path);
        let bytes = self
            .connection
            .prepare_cached("SELECT alert FROM alerts JOIN alert_events ON sequence = last_event WHERE id = ?1")
            .and_then(|mut select| select.query_row([id], blob).optional())
            .map_err(&sqlite)?;
        bytes.map(|bytes| self.decode(&bytes)).transpose()
    }

    /// A page of alerts by the time they started, and where two started together, by id.
    pub fn list_alerts(&self, query: &ListQuery<'_>) -> Result<Page, ArchiveError> {
        let sqlite = ArchiveError::at(&self.path);
        let moment = self.connection.unchecked_transaction().map_err(&sqlite)?;
        let as_of = match query.as_of {
            Some(sequence) => sequence.cast_signed(),
            None => moment
                .query_row("SELECT coalesce(max(sequence), 0) FROM alert_events", [], |row| {
                    row.get(0)
                })
                .map_err(&sqlite)?,
        };
        let mut page = Page {
            alerts: Vec::new(),
            as_of: as_of.cast_unsigned(),
            next: None,
        };
        let start = match (&query.after, query.descending) {
            (Some(key), _) => (key.started_at.as_nanos(), key.id.clone()),
            (None, true) => (i64::MAX, LAST_ID.to_owned()),
            (None, false) => (i64::MIN, String::new()),
        };
        let mut select = moment
            .prepare_cached(if query.descending { DESCENDING } else { ASCENDING })
            .map_err(&sqlite)?;
        let mut rows = select.query(params![start.0, start.1, as_of]).map_err(&sqlite)?;
        let mut looked_at = 0;
        let mut last = None;
        while let Some(row) = rows.next().map_err(&sqlite)? {
            if looked_at == self.max_rows || page.alerts.len() == query.limit {
                page.next = last;
                break;
            }
            looked_at += 1;
            let (key, bytes) = listed(row).map_err(&sqlite)?;
            let alert = self.decode(&bytes)?;
            if query.filter.is_none_or(|holds| holds(&alert)) {
                page.alerts.push(alert);
            }
            last = Some(key);
        }
        Ok(page)
    }

    fn decode(&self, bytes: &[u8]) -> Result<api::Alert, ArchiveError> {
        api::Alert::decode(bytes).map_err(|error| ArchiveError::Damaged {
            path: self.path.clone(),
            source: rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error)),
        })
    }
}

/// Sorts after every id, which are hexadecimal digits.
const LAST_ID: &str = "~";

/// Each alert that had fired by then, as it was by then. ?1 and ?2: behind which start and id; ?3: the sequence.
const DESCENDING: &str = "
SELECT started_at, id, (SELECT alert FROM alert_events WHERE alert_id = id AND sequence <= ?3 ORDER BY sequence DESC LIMIT 1)
FROM alerts WHERE (started_at, id) < (?1, ?2) AND first_event <= ?3 ORDER BY started_at DESC, id DESC";
const ASCENDING: &str = "
SELECT started_at, id, (SELECT alert FROM alert_events WHERE alert_id = id AND sequence <= ?3 ORDER BY sequence DESC LIMIT 1)
FROM alerts WHERE (started_at, id) > (?1, ?2) AND first_event <= ?3 ORDER BY started_at, id";

fn listed(row: &Row<'_>) -> rusqlite::Result<(PageKey, Vec<u8>)> {
    let key = PageKey {
        started_at: Time::from_nanos(row.get(0)?),
        id: row.get(1)?,
    };
    Ok((key, row.get(2)?))
}

fn blob(row: &Row<'_>) -> rusqlite::Result<Vec<u8>> {
    row.get(0)
}
