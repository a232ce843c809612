//! The data folder: the journal (what was decided upon), the event log (what was said), the snapshots between them. All of it is read and
//! written here, and nothing of what it means is known here but the encoding of inputs.
//!
//! Layers, lowest first: `files` · `frame` (bytes) · `segment` (one file) · `view` (what writer and readers share) · `recovery` · `log` ·
//! [`Journal`] and [`EventLog`]. Beside them `lock`, `identity`, `mark` and `manifest` each keep one small file.
//!
//! ```text
//! LOCK        who has the folder              mark        how far the journal was durable
//! store       its id and epoch                snapshots/  <offset>.snap
//! journal/    MANIFEST, <first offset>.seg    events/     MANIFEST, <first record>.seg
//! quarantine/ what was cut off after a crash
//! ```
//!
//! Nothing here repairs: bytes that were acknowledged and do not read back end in a refusal that names them.

pub mod codec;
mod error;
mod event_log;
mod file_system;
mod files;
mod frame;
mod identity;
mod lock;
mod log;
mod look;
mod manifest;
mod mark;
mod options;
mod reader;
mod recovery;
mod segment;
mod snapshot;
mod spare;
#[cfg(test)]
mod tests;
mod view;

use std::{path::Path, sync::Arc};

use blake3::Hash;

pub use self::{
    error::{AppendError, JournalError},
    event_log::{EventKind, EventLog, EventReader, EventRecord, Events, Position},
    file_system::{Doubt, doubt},
    frame::{Flaw, Frame},
    identity::Identity,
    look::{Looked, look},
    options::{Options, Trim},
    reader::{Frames, Reader},
    snapshot::{Snapshot, SnapshotHeader, Snapshots},
};
use self::{
    frame::{GENESIS, Origin},
    lock::Lock,
    log::Log,
    mark::{Claim, Mark},
    recovery::{Expectations, Witness},
};
use crate::model::Time;

/// The journal, open for appending.
#[derive(Debug)]
pub struct Journal {
    log: Log,
    mark: Mark,
    identity: Identity,
}

/// A data folder that was opened.
#[derive(Debug)]
pub struct Opened {
    /// What was decided upon.
    pub journal: Journal,
    /// What was said. After a power cut it may end before the journal does; what it lacks comes again from the snapshot and the journal.
    pub events: EventLog,
    /// For making and removing snapshots.
    pub snapshots: Snapshots,
    /// The newest good one. `None`: everything since the beginning is in the journal.
    pub snapshot: Option<Snapshot>,
}

impl Journal {
    /// Opens a data folder, or makes it. Takes its lock first; it is given back when all of [`Opened`] is dropped.
    ///
    /// What the start needs is verified: the newest good snapshot and all frames after it, or all frames where there is none. A last write
    /// that was cut short and never acknowledged is put aside, with a warning; anything else that is not as it was written is an error.
    pub fn open(dir: &Path, options: Options) -> Result<Opened, JournalError> {
        files::ensure_private_dir(dir)?;
        let lock = Arc::new(Lock::take(dir)?);
        for folder in ["journal", "events", "snapshots"] {
            files::ensure_private_dir(&dir.join(folder))?;
        }
        let identity = identify(dir)?;
        let (mark, claim) = Mark::open(dir, identity)?;
        let snapshots = Snapshots::new(dir.join("snapshots"), identity, Some(Arc::clone(&lock)));
        let snapshot = snapshots.newest_good()?;
        let header = snapshot.as_ref().map(|snapshot| &snapshot.header);

        let mut witnesses = vec![Witness {
            path: mark.path().to_owned(),
            next: claim.next,
            hash: claim.hash,
        }];
        witnesses.extend(header.map(|header| Witness {
            path: snapshots.path(header.offset),
            next: header.offset,
            hash: header.last_hash,
        }));
        let base = header.map_or(0, |header| header.offset);
        let quarantine = dir.join("quarantine");
        let expected = Expectations {
            dir: &dir.join("journal"),
            quarantine: &quarantine,
            origin: Origin {
                identity,
                codec: codec::INPUTS,
            },
            // The frame before the first one needed says what that one continues.
            from: base.min(claim.next).saturating_sub(1),
            semantics: Some((base, options.semantics)),
            witnesses: &witnesses,
            durable: Some(claim.next),
        };
        let log = Log::open(&expected, options, Arc::clone(&lock))?;
        let earliest = log.reader().earliest();
        if base < earliest {
            let path = expected.dir.to_owned();
            return Err(JournalError::NoBase { path, earliest });
        }
        let mut journal = Self { log, mark, identity };
        journal.mark.write(&journal.claim())?;
        journal.mark.sync()?;

        let events = EventLog::open(
            &dir.join("events"),
            &quarantine,
            identity,
            options,
            journal.next_offset(),
            header,
            lock,
        )?;
        journal.log.prepare();
        Ok(Opened {
            journal,
            events,
            snapshots,
            snapshot,
        })
    }

    /// Makes sure that the next frame has a place if its payload is no longer than this, in bytes: after that, `append` of it meets no
    /// full disk.
    pub fn reserve(&mut self, payload: usize) -> Result<(), AppendError> {
        self.log.reserve(payload)
    }

    /// Appends a frame of so many records, all of this time, durable when this returns. Gives the first one's offset.
    ///
    /// [`AppendError::NoSpace`], `TooLarge` and `Empty` leave everything as it was. After `Failed` end the process with 74 at once: what is
    /// on disk is known only after the next start.
    pub fn append(&mut self, time: Time, count: u32, payload: &[u8]) -> Result<u64, AppendError> {
        let first = self.log.write(time, count, payload)?;
        self.log.sync()?;
        self.log.publish();
        let marked = self.mark.write(&self.claim());
        self.log.check(marked)?;
        Ok(first)
    }

    /// The most bytes that one payload may have.
    pub fn max_payload(&self) -> usize {
        self.log.max_payload()
    }

    /// The offset that the next record gets; offsets begin at 0, and none is left out.
    pub fn next_offset(&self) -> u64 {
        self.log.chain().next
    }

    /// The hash of the last frame; zeros if there is none.
    pub fn last_hash(&self) -> Hash {
        self.log.chain().hash.unwrap_or(GENESIS)
    }

    /// Which store this is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// A handle to read it with, on any thread; cheap to clone. It sees what is durable.
    pub fn reader(&self) -> Reader {
        self.log.reader()
    }

    /// Removes whole segments at the old end, none that holds `keep_from` or a later offset: the oldest snapshot that a start may need.
    /// Gives the first offset that is left.
    pub fn trim(&mut self, trim: Trim, keep_from: u64) -> Result<u64, JournalError> {
        self.log.trim(trim, keep_from)
    }

    /// Ends it in good order: makes the mark durable. Dropping it loses nothing either, but lets the mark lag by up to a second.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.mark.sync()
    }

    fn claim(&self) -> Claim {
        Claim {
            next: self.next_offset(),
            hash: self.last_hash(),
        }
    }
}

/// Says which store the folder holds; makes a new one where it holds none.
fn identify(dir: &Path) -> Result<Identity, JournalError> {
    if let Some(identity) = Identity::load(dir)? {
        return Ok(identity);
    }
    for folder in ["journal", "events", "snapshots"] {
        if !files::is_empty(&dir.join(folder))? {
            let path = dir.join(Identity::FILE);
            return Err(JournalError::Missing { path });
        }
    }
    let identity = Identity::random(dir)?;
    Mark::create(dir, &identity)?;
    identity.save(dir)?;
    Ok(identity)
}
