//! A lower bound of what was acknowledged, kept outside the journal: a journal that ends before it has lost something.
//!
//! Two slots are written in turn, so that a write cut short leaves the other. A slot is plainly written after each durable append, which
//! survives the process, and fsynced about once a second, which survives the machine.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use blake3::Hash;
use bytes::{Buf, BufMut};

use super::{Identity, JournalError, files, files::failed, frame::GENESIS};
use crate::engine::StoreId;

const MAGIC: &[u8; 4] = b"bwmk";
const LEN: usize = 4 + 16 + 4 + 8 + 8 + 32;
/// Slots lie in blocks of their own: a block that is cut in writing harms one only.
const STRIDE: usize = 4096;
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// What the mark says of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// Every offset below it was durable.
    pub(super) next: u64,
    /// The hash of the frame that ends there.
    pub(super) hash: Hash,
}

/// The mark, open for writing.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    path: PathBuf,
    identity: Identity,
    /// How many times it was written; the parity names the slot.
    serial: u64,
    synced: Instant,
}

impl Mark {
    pub(super) const FILE: &str = "mark";

    /// Writes the mark of an empty journal.
    pub(super) fn create(dir: &Path, identity: &Identity) -> Result<(), JournalError> {
        let claim = Claim { next: 0, hash: GENESIS };
        let mut content = vec![0; 2 * STRIDE];
        for serial in [0, 1] {
            let slot = slot(identity, serial, &claim);
            content[place(serial)..][..slot.len()].copy_from_slice(&slot);
        }
        files::replace(&dir.join(Self::FILE), &[&content])
    }

    /// Opens it, with what its newest good slot says.
    pub(super) fn open(dir: &Path, identity: Identity) -> Result<(Self, Claim), JournalError> {
        let path = dir.join(Self::FILE);
        let Some(content) = files::read(&path)? else {
            return Err(JournalError::Missing { path });
        };
        let slots = [0, 1].map(|serial| content.get(place(serial)..).and_then(parse));
        let Some((found, serial, claim)) = slots.into_iter().flatten().max_by_key(|(_, serial, _)| *serial) else {
            return Err(JournalError::Unreadable { path });
        };
        if found.store != identity.store || found.epoch > identity.epoch {
            return Err(JournalError::Foreign { path });
        }
        let mark = Self {
            file: files::open(&path)?,
            path,
            identity,
            serial,
            synced: Instant::now(),
        };
        Ok((mark, claim))
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Says that the journal is durable as far as this.
    pub(super) fn write(&mut self, claim: &Claim) -> Result<(), JournalError> {
        self.serial += 1;
        let slot = slot(&self.identity, self.serial, claim);
        self.file
            .write_all_at(&slot, place(self.serial) as u64)
            .map_err(failed("write", &self.path))?;
        if self.synced.elapsed() >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes the last claim survive the machine.
    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(failed("fsync", &self.path))?;
        self.synced = Instant::now();
        Ok(())
    }
}

fn place(serial: u64) -> usize {
    if serial.is_multiple_of(2) { 0 } else { STRIDE }
}

fn slot(identity: &Identity, serial: u64, claim: &Claim) -> Vec<u8> {
    let mut slot = Vec::with_capacity(LEN + 4);
    slot.put_slice(MAGIC);
    slot.put_slice(&identity.store.0);
    slot.put_u32_le(identity.epoch);
    slot.put_u64_le(serial);
    slot.put_u64_le(claim.next);
    slot.put_slice(claim.hash.as_bytes());
    slot.put_u32_le(crc32fast::hash(&slot));
    slot
}

fn parse(bytes: &[u8]) -> Option<(Identity, u64, Claim)> {
    let (mut body, mut rest) = bytes.split_at_checked(LEN)?;
    if rest.try_get_u32_le().ok()? != crc32fast::hash(body) || !body.starts_with(MAGIC) {
        return None;
    }
    body.advance(MAGIC.len());
    let mut store = [0; 16];
    body.copy_to_slice(&mut store);
    let identity = Identity {
        store: StoreId(store),
        epoch: body.get_u32_le(),
    };
    let serial = body.get_u64_le();
    let next = body.get_u64_le();
    let hash = Hash::from_slice(body).ok()?;
    Some((identity, serial, Claim { next, hash }))
}
