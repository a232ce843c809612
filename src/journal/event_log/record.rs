//! One record of the event log, and its encoding.
//!
//! Little-endian: input offset 8 · ordinal 4 · kind 1 · event sequence 8 · time 8 · length 4 · bytes.

use std::fmt;

use bytes::{Buf, BufMut, Bytes};

use crate::{
    journal::{Frame, JournalError, Reader},
    model::Time,
};

const HEADER_LEN: usize = 8 + 4 + 1 + 8 + 8 + 4;

/// A record's place: the input that caused it, and its number among those that the same input caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The input's offset in the journal.
    pub offset: u64,
    /// From 0.
    pub ordinal: u32,
}

impl Position {
    /// The place that nothing lies between and this one; the very first has none, and stays.
    #[must_use]
    pub fn just_before(self) -> Self {
        let Self { offset, ordinal } = self;
        match (offset.checked_sub(1), ordinal.checked_sub(1)) {
            (_, Some(ordinal)) => Self { offset, ordinal },
            (Some(offset), None) => Self {
                offset,
                ordinal: u32::MAX,
            },
            (None, None) => self,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {} number {}", self.offset, self.ordinal)
    }
}

/// What a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Something happened to an alert.
    Alert,
    /// An attempt to send a mail ended.
    Delivery,
}

/// One record.
#[derive(Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Its place.
    pub position: Position,
    /// What it tells of.
    pub kind: EventKind,
    /// An alert event's sequence; 0 for others.
    pub sequence: u64,
    /// The engine's time when it came about.
    pub time: Time,
    /// What was said.
    pub bytes: Bytes,
}

/// Without the bytes, which hold personal data.
impl fmt::Debug for EventRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRecord")
            .field("position", &self.position)
            .field("kind", &self.kind)
            .field("sequence", &self.sequence)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl EventRecord {
    pub(super) fn encoded_len(&self) -> usize {
        HEADER_LEN + self.bytes.len()
    }

    /// The bytes are no longer than a frame, whose length has 32 bits.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "refused before where it is longer than a frame"
    )]
    pub(super) fn encode(&self, payload: &mut Vec<u8>) {
        payload.put_u64_le(self.position.offset);
        payload.put_u32_le(self.position.ordinal);
        payload.put_u8(match self.kind {
            EventKind::Alert => 1,
            EventKind::Delivery => 2,
        });
        payload.put_u64_le(self.sequence);
        payload.put_i64_le(self.time.as_nanos());
        payload.put_u32_le(self.bytes.len() as u32);
        payload.put_slice(&self.bytes);
    }

    /// Takes the next record off a payload; `None` where there is none that this version reads.
    pub(super) fn take(payload: &mut Bytes) -> Option<Self> {
        if payload.len() < HEADER_LEN {
            return None;
        }
        let position = Position {
            offset: payload.get_u64_le(),
            ordinal: payload.get_u32_le(),
        };
        let kind = match payload.get_u8() {
            1 => EventKind::Alert,
            2 => EventKind::Delivery,
            _ => return None,
        };
        let sequence = payload.get_u64_le();
        let time = Time::from_nanos(payload.get_i64_le());
        let len = payload.get_u32_le() as usize;
        if payload.len() < len {
            return None;
        }
        Some(Self {
            position,
            kind,
            sequence,
            time,
            bytes: payload.split_to(len),
        })
    }
}

/// A frame's records. They share its memory.
pub(super) fn all(frame: &Frame, reader: &Reader) -> Result<Vec<EventRecord>, JournalError> {
    let mut payload = frame.payload.clone();
    let mut records = Vec::new();
    for _ in 0..frame.count {
        let Some(record) = EventRecord::take(&mut payload) else {
            return Err(reader.unsupported(frame, "record layout"));
        };
        records.push(record);
    }
    Ok(records)
}

/// The last record's position.
pub(super) fn last(reader: &Reader) -> Result<Option<Position>, JournalError> {
    let Some(last) = reader.next_offset().checked_sub(1) else {
        return Ok(None);
    };
    match reader.frames_from(last).next() {
        Some(frame) => Ok(all(&frame?, reader)?.last().map(|record| record.position)),
        None => Ok(None),
    }
}
