//! Reading a data folder without taking it: beside the service that runs on it, or of a copy. Nothing is written, no end is mended; what
//! is being written at the moment is not seen. Repairs and the lock are absent: they are the owner's.

use std::path::Path;

use super::{
    EventReader, Identity, JournalError, Reader, Snapshots, codec, event_log, files,
    frame::{Chain, Origin},
    segment::{self, Found, Scan},
    view::{Point, Segment, View},
};

/// A data folder that somebody else may own.
#[derive(Debug)]
pub struct Looked {
    /// Which store it is.
    pub identity: Identity,
    /// What was decided upon, as far as it was written when it was looked at.
    pub journal: Reader,
    /// What was said, likewise.
    pub events: EventReader,
    /// The snapshots that were there.
    pub snapshots: Snapshots,
}

/// Looks at a data folder.
///
/// # Errors
///
/// It is no data folder, or cannot be read. Damage shows when it is read.
pub fn look(dir: &Path) -> Result<Looked, JournalError> {
    if !dir.join("journal").exists() {
        return Err(JournalError::NoFolder { path: dir.to_owned() });
    }
    let identity = Identity::load(dir)?.ok_or_else(|| JournalError::Missing {
        path: dir.join(Identity::FILE),
    })?;
    let origin = |codec| Origin { identity, codec };
    Ok(Looked {
        identity,
        journal: reader(&dir.join("journal"), origin(codec::INPUTS))?,
        events: EventReader::new(reader(&dir.join("events"), origin(event_log::EVENTS))?),
        snapshots: Snapshots::new(dir.join("snapshots"), identity, None),
    })
}

/// The segments that are there, and how far the last one is written.
fn reader(dir: &Path, origin: Origin) -> Result<Reader, JournalError> {
    let mut segments = Vec::new();
    let mut next = 0;
    for first in files::numbered(dir, segment::EXTENSION)? {
        let scan = Scan::open(dir, first, 0)?;
        segments.push(Segment::new(first, scan.len()));
        next = first;
    }
    if let Some(last) = segments.last_mut() {
        next = walk(dir, &origin, last)?;
    }
    Ok(Reader {
        view: View::new(dir.to_owned(), origin, segments, next, None).into(),
    })
}

/// Goes to the last whole frame of a segment, and gives the offset after it.
fn walk(dir: &Path, origin: &Origin, segment: &mut Segment) -> Result<u64, JournalError> {
    let mut scan = Scan::open(dir, segment.first, 0)?;
    let mut chain = Chain::at(segment.first);
    loop {
        let position = scan.position();
        match scan.frame(origin)? {
            Found::Frame(frame) if chain.follow(&frame).is_ok() => {
                let offset = frame.first_offset;
                segment.note(Point { offset, position });
            }
            Found::Frame(_) | Found::Blank | Found::Flawed(_) => return Ok(chain.next),
        }
    }
}
