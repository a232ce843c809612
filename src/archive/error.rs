//! What can go wrong with the archive.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::journal::Position;

/// The archive cannot do what was asked. Nothing of the batch or the query at hand was done.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file is damaged, or no database at all. Set it aside and make the archive again from the event log.
    #[error("the archive {path} is damaged; set it aside and rebuild it from the event log")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        source: rusqlite::Error,
    },
    /// The file is a database, but not an archive.
    #[error("{path} is not an archive of this service; move it out of the data folder")]
    NotAnArchive {
        /// The file.
        path: PathBuf,
    },
    /// The archive was written by a later version.
    #[error(
        "the archive {path} has format {found}, and this version knows {known} at most; run the version that wrote it, or set it aside and rebuild it"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The archive belongs to another store.
    #[error("the archive {path} belongs to store {found}, not to {expected}; move it out of this data folder")]
    ForeignStore {
        /// The file.
        path: PathBuf,
        /// Its store.
        found: String,
        /// Ours.
        expected: String,
    },
    /// A batch is not in the order of the event log.
    #[error("the archive was given {after} after {before}; records go in the order of the event log")]
    OutOfOrder {
        /// The record before.
        before: Position,
        /// The record that may not follow it.
        after: Position,
    },
    /// A record cannot be read: it was written by a later version, or it is damaged.
    #[error("the record at {at} of the event log cannot be read; verify the data folder")]
    UnreadableRecord {
        /// Where it stands.
        at: Position,
    },
    /// SQLite failed: a full disk, no permission, a lock.
    #[error("the archive {path} cannot be used")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file cannot be made.
    #[error("cannot create the archive {path}")]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl ArchiveError {
    /// Whether the disk had no room for it: the same may succeed later.
    pub fn is_disk_full(&self) -> bool {
        let Self::Sqlite { source, .. } = self else {
            return false;
        };
        source.sqlite_error().is_some_and(|error| {
            error.code == ErrorCode::DiskFull || error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
        })
    }

    /// For `map_err`: tells damage from everything else.
    pub(super) fn at(path: &std::path::Path) -> impl Fn(rusqlite::Error) -> Self + '_ {
        move |source| {
            let path = path.to_owned();
            match source.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, source },
                // No error of SQLite's own: a row is missing, or holds what we never write.
                None => Self::Damaged { path, source },
                Some(_) => Self::Sqlite { path, source },
            }
        }
    }
}
