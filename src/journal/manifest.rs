//! The list of a log's segments, so that none can be missing unnoticed: neither the oldest, which might have been trimmed, nor one in
//! the middle that nothing has to read at the start.
//!
//! It follows the folder: a segment has its name before it is listed, and is struck off before it is removed.

use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};

use super::{Identity, JournalError, files, segment};

const MAGIC: &[u8; 4] = b"bwma";
const FILE: &str = "MANIFEST";
const HEADER_LEN: usize = 4 + 16;

/// Writes the list beside the one in force; [`files::rename`] to [`path`] puts it in force.
pub(super) fn write(dir: &Path, identity: &Identity, firsts: &[u64]) -> Result<PathBuf, JournalError> {
    files::write_unfinished(&path(dir), &[&encode(identity, firsts)])
}

/// Writes another list where [`write`] has put one, in the room that it has.
pub(super) fn rewrite(list: &Path, identity: &Identity, firsts: &[u64]) -> Result<(), JournalError> {
    files::rewrite(list, &encode(identity, firsts))
}

fn encode(identity: &Identity, firsts: &[u64]) -> Vec<u8> {
    let mut content = Vec::with_capacity(HEADER_LEN + 8 * firsts.len() + 4);
    content.put_slice(MAGIC);
    content.put_slice(&identity.store.0);
    for first in firsts {
        content.put_u64_le(*first);
    }
    content.put_u32_le(crc32fast::hash(&content));
    content
}

/// Puts a list in force.
pub(super) fn replace(dir: &Path, identity: &Identity, firsts: &[u64]) -> Result<(), JournalError> {
    files::rename(&write(dir, identity, firsts)?, &path(dir))
}

/// Where the list in force lies.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// The segments of a log, by their first offsets, and how many of them are listed; none if the log is new. Removes those that a crash
/// kept from being removed.
pub(super) fn settle(dir: &Path, identity: &Identity) -> Result<(Vec<u64>, usize), JournalError> {
    files::remove_unfinished(dir)?;
    let present = files::numbered(dir, segment::EXTENSION)?;
    let Some(listed) = load(dir, identity)? else {
        // An empty list is written before the first segment is made.
        return match present.first() {
            Some(_) => Err(JournalError::Missing { path: path(dir) }),
            None => Ok((Vec::new(), 0)),
        };
    };
    let count = listed.len();
    if let Some(missing) = listed.iter().find(|first| !present.contains(first)) {
        let path = segment::path(dir, *missing);
        return Err(JournalError::Missing { path });
    }
    let (oldest, newest) = (listed.first().copied(), listed.last().copied());
    let mut firsts = listed;
    for first in present {
        if Some(first) < oldest {
            files::remove(&segment::path(dir, first))?;
        } else if Some(first) > newest {
            firsts.push(first);
        } else if !firsts.contains(&first) {
            let path = segment::path(dir, first);
            return Err(JournalError::Foreign { path });
        }
    }
    Ok((firsts, count))
}

fn load(dir: &Path, identity: &Identity) -> Result<Option<Vec<u64>>, JournalError> {
    let path = path(dir);
    let Some(content) = files::read(&path)? else {
        return Ok(None);
    };
    let Some((body, mut sum)) = content.len().checked_sub(4).and_then(|at| content.split_at_checked(at)) else {
        return Err(JournalError::Unreadable { path });
    };
    if sum.get_u32_le() != crc32fast::hash(body) || !body.starts_with(MAGIC) || body.len() < HEADER_LEN {
        return Err(JournalError::Unreadable { path });
    }
    let (header, mut body) = body.split_at(HEADER_LEN);
    if header[MAGIC.len()..] != identity.store.0 {
        return Err(JournalError::Foreign { path });
    }
    let mut firsts = Vec::with_capacity(body.len() / 8);
    while let Ok(first) = body.try_get_u64_le() {
        firsts.push(first);
    }
    Ok(Some(firsts))
}
