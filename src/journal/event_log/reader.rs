//! Reading the event log from a position or a time on, while it is being written.

use std::vec;

use super::record::{self, EventRecord, Position};
use crate::{
    journal::{Frames, JournalError, Reader},
    model::Time,
};

/// A handle to read the event log with, on any thread; cheap to clone.
#[derive(Debug, Clone)]
pub struct EventReader {
    reader: Reader,
}

impl EventReader {
    pub(in crate::journal) fn new(reader: Reader) -> Self {
        Self { reader }
    }

    /// The position of the first record that is kept; `None` if there is none.
    pub fn earliest(&self) -> Result<Option<Position>, JournalError> {
        let first = self.first_of_frame(self.reader.earliest())?;
        Ok(first.map(|record| record.position))
    }

    /// The records after this position, or all that are kept. Refused where some after it may have been trimmed.
    pub fn after(&self, position: Option<Position>) -> Result<Events, JournalError> {
        let Some(after) = position else {
            return Ok(self.events(self.reader.earliest(), From::Start));
        };
        if self.reader.earliest() > 0
            && let Some(earliest) = self.earliest()?.filter(|earliest| after < earliest.just_before())
        {
            return Err(JournalError::EventsTrimmed { after, earliest });
        }
        let offset = self.seek(|record| record.position <= after)?;
        Ok(self.events(offset, From::After(after)))
    }

    /// The records of this time and later. Refused where some of them may have been trimmed.
    pub fn since(&self, time: Time) -> Result<Events, JournalError> {
        if self.reader.earliest() > 0
            && let Some(first) = self
                .first_of_frame(self.reader.earliest())?
                .filter(|first| time < first.time)
        {
            return Err(JournalError::EventsTrimmedSince {
                earliest: first.position,
            });
        }
        let offset = self.seek(|record| record.time < time)?;
        Ok(self.events(offset, From::Time(time)))
    }

    fn events(&self, offset: u64, from: From) -> Events {
        Events {
            frames: self.reader.frames_from(offset),
            reader: self.reader.clone(),
            from,
            records: Vec::new().into_iter(),
        }
    }

    /// The last noted frame whose first record lies before what is looked for.
    fn seek(&self, is_before: impl Fn(&EventRecord) -> bool) -> Result<u64, JournalError> {
        let is_before = |offset: u64| Ok(self.first_of_frame(offset)?.is_some_and(|first| is_before(&first)));
        let segment = last_before(&self.reader.segments(), is_before)?;
        last_before(&self.reader.noted_in(segment), is_before)
    }

    fn first_of_frame(&self, offset: u64) -> Result<Option<EventRecord>, JournalError> {
        let frame = self.reader.frames_from(offset).next().transpose()?;
        Ok(frame.and_then(|mut frame| EventRecord::take(&mut frame.payload)))
    }
}

/// The last of these ascending offsets that lies before what is looked for; the first if none does.
fn last_before(offsets: &[u64], is_before: impl Fn(u64) -> Result<bool, JournalError>) -> Result<u64, JournalError> {
    let (mut low, mut high) = (0, offsets.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(offsets[middle])? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(offsets.get(low.saturating_sub(1)).copied().unwrap_or(0))
}

/// Records in their order. `None` means that there is no more at present: asked again after more was appended, it goes on. After an
/// error there is nothing more.
#[derive(Debug)]
pub struct Events {
    frames: Frames,
    reader: Reader,
    from: From,
    records: vec::IntoIter<EventRecord>,
}

/// Which record is the first.
#[derive(Debug, Clone, Copy)]
enum From {
    Start,
    After(Position),
    Time(Time),
}

impl From {
    fn admits(self, record: &EventRecord) -> bool {
        match self {
            Self::Start => true,
            Self::After(position) => record.position > position,
            Self::Time(time) => record.time >= time,
        }
    }
}

impl Iterator for Events {
    type Item = Result<EventRecord, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let from = self.from;
            if let Some(record) = self.records.find(|record| from.admits(record)) {
                return Some(Ok(record));
            }
            let frame = self.frames.next()?;
            match frame.and_then(|frame| record::all(&frame, &self.reader)) {
                Ok(records) => self.records = records.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
