//! Snapshots: the state after some offset, in a file of its own, from which a start need not read what is before. What the state is, is
//! the engine's.
//!
//! A file is a header with its CRC-32, the payload, and the BLAKE3 hash of all before it. Numbers are little-endian.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use blake3::Hash;
use bytes::{Buf, BufMut, Bytes};

use super::{Identity, JournalError, event_log::Position, files, files::failed, lock::Lock};
use crate::{engine::StoreId, model::Time};

const MAGIC: &[u8; 4] = b"bwsn";
const FORMAT: u16 = 1;
const EXTENSION: &str = "snap";
const HEADER_LEN: usize = 4 + 2 + 16 + 4 + 4 + 8 + 32 + 8 + 8 + 1 + 8 + 4;
const HASH_LEN: usize = 32;
/// So many of the newest are always kept.
const NEWEST: usize = 3;
const DAY: i64 = 24 * 60 * 60 * 1_000_000_000;

/// Where in history a state belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// The first offset that the state does not contain: the end of a frame.
    pub offset: u64,
    /// The hash of that frame.
    pub last_hash: Hash,
    /// The engine's time there.
    pub time: Time,
    /// The sequence of the last alert event before; 0 if there was none.
    pub event_sequence: u64,
    /// The last record of the event log before, which has been fsynced as far as that.
    pub last_event: Option<Position>,
    /// The version of the rules of deciding that made the state.
    pub semantics: u32,
}

/// A state and where it belongs.
#[derive(Clone)]
pub struct Snapshot {
    /// Where it belongs.
    pub header: SnapshotHeader,
    /// The state, as it was given.
    pub payload: Bytes,
}

/// Without the state, which holds personal data.
impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// The snapshots of a data folder, to be used from any thread.
#[derive(Debug, Clone)]
pub struct Snapshots {
    dir: PathBuf,
    identity: Identity,
    /// Held by everyone who may write into the folder; those who only look have none.
    _lock: Option<Arc<Lock>>,
}

impl Snapshots {
    pub(super) fn new(dir: PathBuf, identity: Identity, lock: Option<Arc<Lock>>) -> Self {
        Self {
            dir,
            identity,
            _lock: lock,
        }
    }

    /// Writes one, durable when this returns. An error leaves the others as they are.
    pub fn write(&self, header: &SnapshotHeader, payload: &[u8]) -> Result<(), JournalError> {
        let header_bytes = encode(header, &self.identity);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&header_bytes).update(payload);
        let hash = hasher.finalize();
        let path = self.path(header.offset);
        files::replace(&path, &[&header_bytes, payload, hash.as_bytes()])
    }

    /// The newest one that is whole; those that are not are named in the log. `None` if there is none.
    pub fn newest_good(&self) -> Result<Option<Snapshot>, JournalError> {
        files::remove_unfinished(&self.dir)?;
        for offset in files::numbered(&self.dir, EXTENSION)?.into_iter().rev() {
            match self.read(offset) {
                Ok(snapshot) => return Ok(Some(snapshot)),
                Err(error @ JournalError::Unreadable { .. }) => {
                    tracing::warn!(%error, "a snapshot is left out; the one before it and more of the journal take its place");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The newest one that is whole and lies at or before this offset.
    pub fn before(&self, offset: u64) -> Result<Option<Snapshot>, JournalError> {
        let offsets = files::numbered(&self.dir, EXTENSION)?;
        let mut earlier = offsets.into_iter().rev().filter(|at| *at <= offset);
        Ok(earlier.find_map(|at| self.read(at).ok()))
    }

    /// Where the readable ones belong, oldest first.
    pub fn list(&self) -> Result<Vec<SnapshotHeader>, JournalError> {
        let offsets = files::numbered(&self.dir, EXTENSION)?;
        Ok(offsets
            .into_iter()
            .filter_map(|offset| self.read_header(offset).ok())
            .collect())
    }

    /// Removes all but the newest three and, as far back as the journal reaches, the first of each day (UTC). Damaged ones stay.
    pub fn prune(&self, journal_earliest: u64) -> Result<(), JournalError> {
        let headers = self.list()?;
        let (older, _) = headers.split_at(headers.len().saturating_sub(NEWEST));
        let mut days = HashSet::new();
        for header in older {
            let first_of_its_day =
                header.offset >= journal_earliest && days.insert(header.time.as_nanos().div_euclid(DAY));
            if !first_of_its_day {
                files::remove(&self.path(header.offset))?;
            }
        }
        files::sync_dir(&self.dir)
    }

    /// Where the snapshot of an offset lies.
    pub(super) fn path(&self, offset: u64) -> PathBuf {
        files::numbered_path(&self.dir, offset, EXTENSION)
    }

    fn read(&self, offset: u64) -> Result<Snapshot, JournalError> {
        let path = self.path(offset);
        let Some(content) = files::read(&path)? else {
            return Err(JournalError::Missing { path });
        };
        let header = self.decode(&path, offset, &content)?;
        let body = content.len().checked_sub(HASH_LEN).filter(|end| *end >= HEADER_LEN + 4);
        let Some((body, hash)) = body.map(|end| content.split_at(end)) else {
            return Err(JournalError::Unreadable { path });
        };
        if blake3::hash(body).as_bytes() != hash {
            return Err(JournalError::Unreadable { path });
        }
        let payload = HEADER_LEN + 4..body.len();
        let payload = Bytes::from(content).slice(payload);
        Ok(Snapshot { header, payload })
    }

    fn read_header(&self, offset: u64) -> Result<SnapshotHeader, JournalError> {
        let path = self.path(offset);
        let mut content = [0; HEADER_LEN + 4];
        let read = File::open(&path).and_then(|mut file| file.read_exact(&mut content));
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(JournalError::Unreadable { path }),
            read => read
                .map_err(failed("read", &path))
                .and_then(|()| self.decode(&path, offset, &content)),
        }
    }

    fn decode(&self, path: &Path, offset: u64, content: &[u8]) -> Result<SnapshotHeader, JournalError> {
        let path = path.to_owned();
        let Some((mut body, mut rest)) = content.split_at_checked(HEADER_LEN) else {
            return Err(JournalError::Unreadable { path });
        };
        if rest.try_get_u32_le() != Ok(crc32fast::hash(body)) || !body.starts_with(MAGIC) {
            return Err(JournalError::Unreadable { path });
        }
        body.advance(MAGIC.len());
        let format = body.get_u16_le();
        if format != FORMAT {
            return Err(JournalError::Unsupported {
                path,
                what: "snapshot format",
                found: format.into(),
                understood: FORMAT.into(),
            });
        }
        let mut store = [0; 16];
        body.copy_to_slice(&mut store);
        let epoch = body.get_u32_le();
        if StoreId(store) != self.identity.store || epoch > self.identity.epoch {
            return Err(JournalError::Foreign { path });
        }
        let semantics = body.get_u32_le();
        let stated = body.get_u64_le();
        if stated != offset {
            return Err(JournalError::Foreign { path });
        }
        let mut last_hash = [0; 32];
        body.copy_to_slice(&mut last_hash);
        Ok(SnapshotHeader {
            offset,
            last_hash: Hash::from_bytes(last_hash),
            time: Time::from_nanos(body.get_i64_le()),
            event_sequence: body.get_u64_le(),
            last_event: {
                let some = body.get_u8() != 0;
                let offset = body.get_u64_le();
                let ordinal = body.get_u32_le();
                some.then_some(Position { offset, ordinal })
            },
            semantics,
        })
    }
}

fn encode(header: &SnapshotHeader, identity: &Identity) -> Vec<u8> {
    let SnapshotHeader {
        offset,
        last_hash,
        time,
        event_sequence,
        last_event,
        semantics,
    } = header;
    let mut bytes = Vec::with_capacity(HEADER_LEN + 4);
    bytes.put_slice(MAGIC);
    bytes.put_u16_le(FORMAT);
    bytes.put_slice(&identity.store.0);
    bytes.put_u32_le(identity.epoch);
    bytes.put_u32_le(*semantics);
    bytes.put_u64_le(*offset);
    bytes.put_slice(last_hash.as_bytes());
    bytes.put_i64_le(time.as_nanos());
    bytes.put_u64_le(*event_sequence);
    bytes.put_u8(last_event.is_some().into());
    let last_event = last_event.unwrap_or_default();
    bytes.put_u64_le(last_event.offset);
    bytes.put_u32_le(last_event.ordinal);
    bytes.put_u32_le(crc32fast::hash(&bytes));
    bytes
}
