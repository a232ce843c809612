//! What was said: alert events and ends of deliveries, as the bytes that left, in the order of the inputs that caused them.
//!
//! It is made of the journal's segments, but fsynced only when asked to: what a power cut takes from its end is made again from a snapshot
//! and the journal, and must come out the same.

mod reader;
mod record;

use std::{path::Path, sync::Arc};

pub use self::{
    reader::{EventReader, Events},
    record::{EventKind, EventRecord, Position},
};
use super::{
    AppendError, JournalError, Options, SnapshotHeader, Trim, frame::Origin, identity::Identity, lock::Lock, log::Log,
    recovery::Expectations,
};

/// The number of the encoding in `record`; not the journal's, so that a segment in the wrong folder is told.
pub(super) const EVENTS: u16 = 0x8001;

/// The event log, open for appending.
#[derive(Debug)]
pub struct EventLog {
    log: Log,
    last: Option<Position>,
    payload: Vec<u8>,
}

impl EventLog {
    /// Opens it, beside a journal that ends before `journal_next`.
    pub(super) fn open(
        dir: &Path,
        quarantine: &Path,
        identity: Identity,
        options: Options,
        journal_next: u64,
        snapshot: Option<&SnapshotHeader>,
        lock: Arc<Lock>,
    ) -> Result<Self, JournalError> {
        let expected = Expectations {
            dir,
            quarantine,
            origin: Origin {
                identity,
                codec: EVENTS,
            },
            // Older segments were fsynced when they were left.
            from: u64::MAX,
            semantics: None,
            witnesses: &[],
            durable: None,
        };
        let options = Options {
            max_bytes: None,
            ..options
        };
        let mut log = Log::open(&expected, options, lock)?;
        let last = record::last(&log.reader())?;
        let path = || dir.to_owned();
        if let Some(position) = last.filter(|last| last.offset >= journal_next) {
            return Err(JournalError::EventsAhead {
                path: path(),
                position,
                head: journal_next,
            });
        }
        if let Some(claimed) = snapshot.and_then(|snapshot| snapshot.last_event)
            && last < Some(claimed)
        {
            return Err(JournalError::EventsBehind {
                path: path(),
                head: last,
                claimed,
            });
        }
        log.prepare();
        let payload = Vec::new();
        Ok(Self { log, last, payload })
    }

    /// Makes sure that the next frame, of whatever size, has a place: call it before taking the batch whose events it is to hold.
    pub fn reserve(&mut self) -> Result<(), AppendError> {
        self.log.reserve(self.log.max_payload())
    }

    /// Appends records, in the order of their positions and times. Readers have them when this returns; they are durable only after the
    /// next [`sync`](Self::sync). More than fit into one frame go into several: where only some find room, the error is `NoSpace` and
    /// [`last_position`](Self::last_position) tells how far they went.
    pub fn append(&mut self, records: &[EventRecord]) -> Result<(), AppendError> {
        self.refuse_unfit(records)?;
        let mut rest = records;
        while let Some((first, _)) = rest.split_first() {
            self.payload.clear();
            first.encode(&mut self.payload);
            let mut count = 1;
            for record in &rest[1..] {
                if self.payload.len() + record.encoded_len() > self.log.max_payload() {
                    break;
                }
                record.encode(&mut self.payload);
                count += 1;
            }
            let (frame, after) = rest.split_at(count);
            self.append_frame(frame)?;
            rest = after;
        }
        Ok(())
    }

    fn append_frame(&mut self, records: &[EventRecord]) -> Result<(), AppendError> {
        let (Some(last), Ok(count)) = (records.last(), u32::try_from(records.len())) else {
            return Err(AppendError::Empty);
        };
        self.log.write(last.time, count, &self.payload)?;
        self.log.publish();
        self.last = Some(last.position);
        Ok(())
    }

    fn refuse_unfit(&self, records: &[EventRecord]) -> Result<(), AppendError> {
        let limit = self.log.max_payload();
        let mut last = self.last;
        for record in records {
            if record.encoded_len() > limit {
                return Err(AppendError::TooLarge {
                    bytes: record.encoded_len() as u64,
                    limit: limit as u64,
                });
            }
            let position = record.position;
            if let Some(last) = last.filter(|last| *last >= position) {
                return Err(AppendError::OutOfOrder { position, last });
            }
            last = Some(position);
        }
        Ok(())
    }

    /// Makes all that was appended durable.
    pub fn sync(&mut self) -> Result<(), AppendError> {
        self.log.sync()
    }

    /// The last record's position; `None` if there has never been one.
    pub fn last_position(&self) -> Option<Position> {
        self.last
    }

    /// A handle to read it with, on any thread; cheap to clone.
    pub fn reader(&self) -> EventReader {
        EventReader::new(self.log.reader())
    }

    /// Removes whole segments at the old end: by age or size, as `trim` says.
    pub fn trim(&mut self, trim: Trim) -> Result<(), JournalError> {
        self.log.trim(trim, u64::MAX).map(|_| ())
    }
}
