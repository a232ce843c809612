//! What a data folder has recorded: the journal from a snapshot before the beginning on, and what was said.

use std::{ops::Range, path::Path, sync::mpsc, thread};

use prost::Message as _;

use super::{Outcome, Progress, difference::Firing, rehearsal::Rehearsal};
use crate::{
    api,
    cli::failure::Failure,
    engine::{Engine, SEMANTICS, input::Input},
    journal::{self, EventKind, EventReader, Frame, JournalError, Looked, Position, Reader, Snapshot, codec},
    model::Time,
    service::RecoveryError,
};

/// Frames that are decoded and wait to be applied.
const AHEAD: usize = 32;

/// Inputs of one time.
struct Batch {
    time: Time,
    first_offset: u64,
    inputs: Vec<Input>,
}

/// Replays a data folder.
pub(super) fn replay(data: &Path, rehearsal: Rehearsal, mut progress: Progress<'_, '_>) -> Result<Outcome, Failure> {
    let looked = journal::look(data)?;
    let base = base(&looked, rehearsal.window.start)?;
    let from = base.as_ref().map_or(0, |snapshot| snapshot.header.offset);
    let engine = match &base {
        None => Engine::new(looked.identity.store),
        Some(snapshot) => Engine::restore(&snapshot.payload).map_err(|source| RecoveryError::Restore {
            offset: snapshot.header.offset,
            source,
        })?,
    };
    let mut rehearsal = rehearsal.on(engine);
    progress.of(Some(looked.journal.next_offset() - from));

    let (to, batches) = mpsc::sync_channel(AHEAD);
    let reader = looked.journal.clone();
    // Decoded beside, decided here.
    let reading = thread::spawn(move || read(&reader, from, &to));
    let mut beyond = None;
    'all: for batch in batches {
        let Batch {
            time,
            first_offset,
            inputs,
        } = batch?;
        progress.reached(first_offset - from);
        for (offset, input) in (first_offset..).zip(inputs) {
            // The frame that the snapshot ends in lies before it.
            if offset >= from && !rehearsal.apply(offset, time, input) {
                beyond = Some(offset);
                break 'all;
            }
        }
    }
    // It ends with its receiver, which is gone.
    if let Err(panic) = reading.join() {
        std::panic::resume_unwind(panic);
    }
    drop(progress);

    if let Some(offset) = beyond {
        rehearsal.finish(offset);
    }
    let did = said(&looked.events, from, &rehearsal.window)?;
    Ok(Outcome {
        would: rehearsal.would,
        did: Some(did),
        notifications: rehearsal.notifications,
        span: rehearsal.span,
    })
}

/// The newest snapshot before the beginning, or the oldest after which all is kept; `None`: the journal goes back to the very beginning.
fn base(looked: &Looked, from: Time) -> Result<Option<Snapshot>, Failure> {
    let earliest = looked.journal.earliest();
    let headers = looked.snapshots.list()?;
    let is_kept = |offset| {
        let events = looked.events.after(Some(just_before(offset)));
        offset >= earliest && !matches!(events, Err(JournalError::EventsTrimmed { .. }))
    };
    let usable = || {
        let headers = headers.iter();
        headers.filter(|header| header.semantics == SEMANTICS && is_kept(header.offset))
    };
    let before = usable().rev().find(|header| header.time <= from);
    if before.is_none() && is_kept(0) {
        return Ok(None);
    }
    let chosen = before.or_else(|| usable().next());
    let header = chosen.ok_or_else(|| JournalError::NoBase {
        path: "journal".into(),
        earliest,
    })?;
    let snapshot = looked.snapshots.before(header.offset)?;
    Ok(snapshot.filter(|snapshot| snapshot.header.semantics == SEMANTICS))
}

fn read(journal: &Reader, from: u64, to: &mpsc::SyncSender<Result<Batch, Failure>>) {
    for frame in journal.frames_from(from) {
        let batch = frame.map_err(Failure::from).and_then(|frame| decode(&frame));
        let is_last = batch.is_err();
        if to.send(batch).is_err() || is_last {
            return;
        }
    }
}

fn decode(frame: &Frame) -> Result<Batch, Failure> {
    let offsets = frame.first_offset..;
    let inputs = offsets.zip(codec::decode(&frame.payload, frame.count));
    let inputs = inputs.map(|(offset, input)| input.map_err(|source| RecoveryError::Codec { offset, source }));
    Ok(Batch {
        time: frame.time,
        first_offset: frame.first_offset,
        inputs: inputs.collect::<Result<_, RecoveryError>>()?,
    })
}

/// What fired within that time, by an input from that offset on.
fn said(events: &EventReader, from: u64, window: &Range<Time>) -> Result<Vec<Firing>, Failure> {
    let mut firings = Vec::new();
    for record in events.after(Some(just_before(from)))? {
        let record = record?;
        if record.time >= window.end {
            break;
        }
        if record.kind == EventKind::Alert
            && record.time >= window.start
            && let Ok(event) = api::AlertEvent::decode(record.bytes)
        {
            firings.extend(Firing::of(&event));
        }
    }
    Ok(firings)
}

/// The position that everything which an offset caused comes after.
fn just_before(offset: u64) -> Position {
    Position { offset, ordinal: 0 }.just_before()
}
