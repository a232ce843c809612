//! Which store a file belongs to, and which of its lives.

use std::{io, path::Path};

use bytes::{Buf, BufMut};

use super::{JournalError, files, lock::Lock};
use crate::engine::StoreId;

const MAGIC: &[u8; 4] = b"bwst";
const FORMAT: u16 = 1;
const LEN: usize = 4 + 2 + 16 + 4;

/// A store in one of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Which store.
    pub store: StoreId,
    /// How often it has been restored from a backup: what happened after the backup was taken belongs to an earlier epoch, so that
    /// a cursor of then is told from one of now.
    pub epoch: u32,
}

impl Identity {
    pub(super) const FILE: &str = "store";

    /// A store that never was.
    pub(super) fn random(dir: &Path) -> Result<Self, JournalError> {
        let mut store = [0; 16];
        getrandom::fill(&mut store)
            .map_err(|error| files::failed("draw a store id for", dir)(io::Error::other(error.to_string())))?;
        let store = StoreId(store);
        Ok(Self { store, epoch: 0 })
    }

    /// Reads it; `None` if the folder has none.
    pub(super) fn load(dir: &Path) -> Result<Option<Self>, JournalError> {
        let path = dir.join(Self::FILE);
        let Some(content) = files::read(&path)? else {
            return Ok(None);
        };
        let Some((mut body, mut sum)) = content.split_at_checked(LEN).filter(|(_, sum)| sum.len() == 4) else {
            return Err(JournalError::Unreadable { path });
        };
        if crc32fast::hash(body) != sum.get_u32_le() || !body.starts_with(MAGIC) {
            return Err(JournalError::Unreadable { path });
        }
        body.advance(MAGIC.len());
        match body.get_u16_le() {
            FORMAT => {}
            found => {
                return Err(JournalError::Unsupported {
                    path,
                    what: "store format",
                    found: found.into(),
                    understood: FORMAT.into(),
                });
            }
        }
        let mut store = [0; 16];
        body.copy_to_slice(&mut store);
        let store = StoreId(store);
        Ok(Some(Self {
            store,
            epoch: body.get_u32_le(),
        }))
    }

    /// Begins a new epoch in a folder that was brought back from a backup, before it is opened.
    pub fn begin_epoch(dir: &Path) -> Result<Self, JournalError> {
        let _lock = Lock::take(dir)?;
        let Some(mut identity) = Self::load(dir)? else {
            let path = dir.join(Self::FILE);
            return Err(JournalError::Missing { path });
        };
        identity.epoch += 1;
        identity.save(dir)?;
        Ok(identity)
    }

    /// Writes it, durably.
    pub(super) fn save(&self, dir: &Path) -> Result<(), JournalError> {
        let mut content = Vec::with_capacity(LEN + 4);
        content.put_slice(MAGIC);
        content.put_u16_le(FORMAT);
        content.put_slice(&self.store.0);
        content.put_u32_le(self.epoch);
        content.put_u32_le(crc32fast::hash(&content));
        files::replace(&dir.join(Self::FILE), &[&content])
    }
}
