//! Makes the state anew from a snapshot and the inputs after it: at a start, beside the deciding engine for the next snapshot, and
//! after the engine failed on an input. What was said before must be said again byte for byte.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use tracing::error;

use super::records::Outcome;
use crate::{
    engine::{Engine, RestoreError, StoreId, input::Input},
    journal::{
        self, EventReader, EventRecord, Events, JournalError, Position, Reader, Snapshots,
        codec::{self, CodecError},
    },
};

/// Why the state cannot be made anew.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The journal or the event log cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An input cannot be read.
    #[error("cannot read the journal at offset {offset}")]
    Codec {
        /// Its offset.
        offset: u64,
        /// Why.
        source: CodecError,
    },
    /// A snapshot cannot be used.
    #[error("cannot use the snapshot at offset {offset}")]
    Restore {
        /// Its offset.
        offset: u64,
        /// Why.
        source: RestoreError,
    },
    /// An input gives something else than it gave before.
    #[error(
        "the input at offset {} now says something else than the event log holds ({what}): version {version} with semantics {} does not \
         decide as the one that wrote it; start that one and stop it cleanly, then upgrade",
        .position.offset,
        crate::engine::SEMANTICS
    )]
    Diverged {
        /// Where.
        position: Position,
        /// How it differs.
        what: &'static str,
        /// This version.
        version: &'static str,
    },
}

impl RecoveryError {
    /// Whether decisions have not repeated.
    pub fn is_divergence(&self) -> bool {
        matches!(self, Self::Diverged { .. })
    }
}

/// What it takes to make the state anew.
#[derive(Clone)]
pub(super) struct Recovery {
    pub store: StoreId,
    pub journal: Reader,
    pub events: EventReader,
    pub snapshots: Snapshots,
    pub skips: Arc<Mutex<Skips>>,
}

/// Inputs that the engine failed on.
pub(super) struct Skips {
    inputs: BTreeSet<u64>,
    /// From which offset on they are known.
    known_from: u64,
}

impl Skips {
    /// None known before that offset.
    pub fn before(offset: u64) -> Self {
        Self {
            inputs: BTreeSet::new(),
            known_from: offset,
        }
    }
}

/// A state that was made anew.
pub(super) struct Recovered {
    pub engine: Engine,
    /// What the event log lacks of what was said.
    pub missing: Vec<EventRecord>,
    /// The last thing that was said.
    pub last_event: Option<Position>,
    /// The hash of the last frame.
    pub last_hash: Option<blake3::Hash>,
}

impl Recovery {
    /// The state before an input that the engine failed on.
    pub fn rebuild(&self, failed: u64) -> Result<Engine, RecoveryError> {
        self.skip(failed);
        self.until(failed).map(|recovered| recovered.engine)
    }

    /// The state before an offset, from the newest good snapshot on.
    pub fn until(&self, offset: u64) -> Result<Recovered, RecoveryError> {
        let base = self.snapshots.before(offset)?;
        let from = base.as_ref().map_or(0, |snapshot| snapshot.header.offset);
        loop {
            let engine = match &base {
                None => Engine::new(self.store),
                Some(snapshot) => Engine::restore(&snapshot.payload).map_err(|source| RecoveryError::Restore {
                    offset: snapshot.header.offset,
                    source,
                })?,
            };
            let last_event = base.as_ref().and_then(|snapshot| snapshot.header.last_event);
            let last_hash = base.as_ref().map(|snapshot| snapshot.header.last_hash);
            let recovered = Recovered {
                engine,
                missing: Vec::new(),
                last_event,
                last_hash,
            };
            match self.replay(recovered, from, offset)? {
                Ok(recovered) => return Ok(recovered),
                Err(failed) => {
                    error!(offset = failed, "the engine failed on an input; it is left out");
                    self.skip(failed);
                }
            }
        }
    }

    fn skip(&self, offset: u64) {
        let mut skips = self.skips.lock().unwrap_or_else(PoisonError::into_inner);
        skips.inputs.insert(offset);
    }

    /// The inputs from an offset on that the engine has failed on; the journal is read as far as they are not known yet.
    pub fn skipped_from(&self, from: u64) -> Result<BTreeSet<u64>, RecoveryError> {
        let mut skips = self.skips.lock().unwrap_or_else(PoisonError::into_inner);
        for frame in frames(&self.journal, from, skips.known_from) {
            let frame = frame?;
            for input in codec::decode(&frame.payload, frame.count) {
                // What cannot be read is told of when it is to be applied.
                if let Ok(Input::Skip { offset, .. }) = input {
                    skips.inputs.insert(offset);
                }
            }
        }
        skips.known_from = skips.known_from.min(from);
        Ok(skips.inputs.clone())
    }

    /// Applies the inputs of a range, and compares what they say with what was said; the inner error is an input that the engine fails
    /// on.
    fn replay(&self, mut recovered: Recovered, from: u64, until: u64) -> Result<Result<Recovered, u64>, RecoveryError> {
        let skipped = self.skipped_from(from)?;
        let mut log = match recovered.last_event {
            Some(last) => self.events.after(Some(last))?,
            None => self.events.after(None)?,
        };
        let mut effects = Vec::new();
        for frame in frames(&self.journal, from, until) {
            let frame = frame?;
            recovered.last_hash = Some(frame.hash);
            let inputs = codec::decode(&frame.payload, frame.count);
            for (offset, input) in (frame.first_offset..).zip(inputs) {
                let input = input.map_err(|source| RecoveryError::Codec { offset, source })?;
                if !(from..until).contains(&offset) || skipped.contains(&offset) {
                    continue;
                }
                let engine = &mut recovered.engine;
                let applied = catch_unwind(AssertUnwindSafe(|| {
                    engine.apply(offset, frame.time, input, &mut effects)
                }));
                if applied.is_err() {
                    return Ok(Err(offset));
                }
                let mut outcome = Outcome::default();
                outcome.sort(offset, effects.drain(..));
                for record in outcome.records {
                    recovered.last_event = Some(record.position);
                    if !was_said(&mut log, &record)? {
                        recovered.missing.push(record);
                    }
                }
            }
        }
        match log.next().transpose()? {
            Some(said) if said.position.offset < until => Err(diverged(said.position, "nothing")),
            _ => Ok(Ok(recovered)),
        }
    }
}

/// Whether the event log holds a record; false: it ends before.
fn was_said(log: &mut Events, record: &EventRecord) -> Result<bool, RecoveryError> {
    let Some(said) = log.next().transpose()? else {
        return Ok(false);
    };
    let what = if said.position != record.position {
        "another place"
    } else if said.kind != record.kind || said.sequence != record.sequence {
        "another event"
    } else if said.bytes != record.bytes || said.time != record.time {
        "other content"
    } else {
        return Ok(true);
    };
    Err(diverged(record.position, what))
}

fn diverged(position: Position, what: &'static str) -> RecoveryError {
    RecoveryError::Diverged {
        position,
        what,
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// The frames that hold a range of inputs.
pub(super) fn frames(
    journal: &Reader,
    from: u64,
    until: u64,
) -> impl Iterator<Item = Result<journal::Frame, JournalError>> + use<> {
    let frames = (from < until).then(|| journal.frames_from(from));
    frames
        .into_iter()
        .flatten()
        .take_while(move |frame| frame.as_ref().map_or(true, |frame| frame.first_offset < until))
}
