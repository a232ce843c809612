//! Makes the state anew from a snapshot and the inputs after it: at a start, beside the deciding engine for the next snapshot, and
//! after the engine failed on an input. What was said before must be said again byte for byte.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;
use tracing::error;

use super::records::Outcome;
use crate::{
    engine::{Engine, RestoreError, StoreId, input::Input},
    journal::{
        self, EventReader, EventRecord, Events, JournalError, Position, Reader, Snapshot, Snapshots,
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
    /// Whoever wanted the state has gone away.
    #[error("nobody waits for the state any more")]
    GivenUp,
}

impl RecoveryError {
    /// Whether decisions have not repeated.
    pub fn is_divergence(&self) -> bool {
        matches!(self, Self::Diverged { .. })
    }
}

/// What it takes to make the state anew.
#[derive(Debug, Clone)]
pub(super) struct Recovery {
    pub store: StoreId,
    pub journal: Reader,
    pub events: EventReader,
    pub snapshots: Snapshots,
    pub skips: Arc<Mutex<Skips>>,
}

/// Inputs that the engine failed on.
#[derive(Debug)]
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

    /// A range was read, and what it says of inputs is in here.
    fn read(&mut self, from: u64, until: u64) {
        if until >= self.known_from {
            self.known_from = self.known_from.min(from);
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
        self.skips().inputs.insert(failed);
        // The deciding thread does not go on without it.
        let recovered = self.until(failed, &|| Ok(()))?;
        Ok(recovered.engine)
    }

    /// The state before an offset, made from the newest snapshot before it, as long as `go_on` lets it, which is asked at each frame.
    pub fn until(
        &self,
        offset: u64,
        go_on: &impl Fn() -> Result<(), RecoveryError>,
    ) -> Result<Recovered, RecoveryError> {
        let base = self.snapshots.before(offset)?;
        self.replay_from(base.as_ref(), offset, go_on)
    }

    /// The state before an offset, made from a snapshot before it, or from nothing, as long as `go_on` lets it.
    pub fn replay_from(
        &self,
        base: Option<&Snapshot>,
        offset: u64,
        go_on: &impl Fn() -> Result<(), RecoveryError>,
    ) -> Result<Recovered, RecoveryError> {
        let from = base.map_or(0, |snapshot| snapshot.header.offset);
        loop {
            let recovered = self.restore(base)?;
            match self.attempt(recovered, from, offset, go_on) {
                Ok(Ok(recovered)) => {
                    self.skips().read(from, offset);
                    return Ok(recovered);
                }
                Ok(Err(failed)) => {
                    error!(offset = failed, "the engine failed on an input; it is left out");
                    // It may not be the only one, and each would begin all anew.
                    self.skipped_from(from, go_on)?;
                }
                // It may come of an input that is to be left out, which the journal says only further on.
                Err(cause) if cause.is_divergence() && self.learns_of_more(from, go_on)? => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    fn restore(&self, base: Option<&Snapshot>) -> Result<Recovered, RecoveryError> {
        let engine = match base {
            None => Engine::new(self.store),
            Some(snapshot) => Engine::restore(&snapshot.payload).map_err(|source| RecoveryError::Restore {
                offset: snapshot.header.offset,
                source,
            })?,
        };
        Ok(Recovered {
            engine,
            missing: Vec::new(),
            last_event: base.and_then(|snapshot| snapshot.header.last_event),
            last_hash: base.map(|snapshot| snapshot.header.last_hash),
        })
    }

    fn skips(&self) -> MutexGuard<'_, Skips> {
        self.skips.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learns_of_more(&self, from: u64, go_on: &impl Fn() -> Result<(), RecoveryError>) -> Result<bool, RecoveryError> {
        let known = self.skips().inputs.len();
        let all = self.skipped_from(from, go_on)?;
        Ok(all.len() > known)
    }

    /// The inputs from an offset on that the engine has failed on. The journal is read as far as they are not known yet, and as long as
    /// `go_on` lets it, which is asked at each frame.
    pub fn skipped_from<E: From<RecoveryError>>(
        &self,
        from: u64,
        go_on: impl Fn() -> Result<(), E>,
    ) -> Result<BTreeSet<u64>, E> {
        // The deciding thread may want the lock meanwhile.
        let until = self.skips().known_from;
        let mut found = Vec::new();
        for frame in frames(&self.journal, from, until) {
            go_on()?;
            let frame = frame.map_err(RecoveryError::from)?;
            for input in codec::decode(&frame.payload, frame.count) {
                // What cannot be read is told of when it is to be applied.
                if let Ok(Input::Skip { offset, .. }) = input {
                    found.push(offset);
                }
            }
        }
        let mut skips = self.skips();
        skips.inputs.extend(found);
        skips.read(from, until);
        Ok(skips.inputs.clone())
    }

    /// Applies the inputs of a range, and compares what they say with what was said; the inner error is an input that the engine fails
    /// on, or has failed on: all begins anew without it.
    fn attempt(
        &self,
        mut recovered: Recovered,
        from: u64,
        until: u64,
        go_on: &impl Fn() -> Result<(), RecoveryError>,
    ) -> Result<Result<Recovered, u64>, RecoveryError> {
        let skipped = self.skips().inputs.clone();
        let mut log = self.events.after(recovered.last_event)?;
        let mut effects = Vec::new();
        for frame in frames(&self.journal, from, until) {
            go_on()?;
            let frame = frame?;
            recovered.last_hash = Some(frame.hash);
            let inputs = codec::decode(&frame.payload, frame.count);
            for (offset, input) in (frame.first_offset..).zip(inputs) {
                let input = input.map_err(|source| RecoveryError::Codec { offset, source })?;
                if !(from..until).contains(&offset) || skipped.contains(&offset) {
                    continue;
                }
                if let Input::Skip { offset: failed, .. } = input
                    && self.skips().inputs.insert(failed)
                    && failed >= from
                {
                    return Ok(Err(failed));
                }
                let engine = &mut recovered.engine;
                let applied = catch_unwind(AssertUnwindSafe(|| {
                    engine.apply(offset, frame.time, input, &mut effects)
                }));
                if applied.is_err() {
                    self.skips().inputs.insert(offset);
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

/// Whether somebody still waits for what is being done.
pub(super) fn awaited(given_up: &CancellationToken) -> Result<(), RecoveryError> {
    match given_up.is_cancelled() {
        true => Err(RecoveryError::GivenUp),
        false => Ok(()),
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
