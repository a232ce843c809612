//! Reading a log while it is being written.

use std::sync::Arc;

use super::{
    JournalError,
    frame::{Chain, Flaw, Frame},
    segment::{Found, Scan},
    view::View,
};

/// A handle to read a log with, on any thread; cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) view: Arc<View>,
}

impl Reader {
    /// The first offset that is kept.
    pub fn earliest(&self) -> u64 {
        self.view.earliest()
    }

    /// The first offset that cannot be read yet.
    pub fn next_offset(&self) -> u64 {
        self.view.next()
    }

    /// How many segments there are, and how many bytes they take, zeros included.
    pub fn size(&self) -> (usize, u64) {
        let segments = self.view.segments();
        (segments.len(), segments.iter().map(|segment| segment.len).sum())
    }

    /// The segments' first offsets, as far as there is something to read in them.
    pub(super) fn segments(&self) -> Vec<u64> {
        let next = self.next_offset();
        let mut firsts = self.view.firsts();
        firsts.retain(|first| *first < next);
        firsts
    }

    /// The offsets of the frames in a segment whose places are noted.
    pub(super) fn noted_in(&self, first: u64) -> Vec<u64> {
        let next = self.next_offset();
        let segments = self.view.segments();
        let segment = segments.iter().find(|segment| segment.first == first);
        let points = segment.map_or(&[][..], |segment| &segment.index);
        points
            .iter()
            .map(|point| point.offset)
            .filter(|offset| *offset < next)
            .collect()
    }

    /// The error of a frame whose payload this version cannot read.
    pub(super) fn unsupported(&self, frame: &Frame, what: &'static str) -> JournalError {
        JournalError::Damaged {
            path: self.view.dir.clone(),
            position: 0,
            offset: frame.first_offset,
            flaw: Flaw::Unsupported { what, found: 0 },
        }
    }

    /// The frames from the one that holds this offset on. Each is verified: its checksum, that it continues the one before, that no
    /// offset is missing.
    pub fn frames_from(&self, offset: u64) -> Frames {
        Frames {
            view: Arc::clone(&self.view),
            scan: None,
            chain: Chain::at(offset),
            known: 0,
            failed: false,
        }
    }
}

/// Frames in their order. `None` means that there is no more at present: asked again after more was appended, it goes on. After an
/// error there is nothing more.
#[derive(Debug)]
pub struct Frames {
    view: Arc<View>,
    /// The segment being read; `None` before the first frame.
    scan: Option<Scan>,
    chain: Chain,
    /// What is below this had been published before the segment was last read from.
    known: u64,
    failed: bool,
}

impl Iterator for Frames {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.chain.next >= self.view.next() {
            return None;
        }
        let result = match self.scan {
            Some(_) => self.advance(),
            None => self.begin(),
        };
        self.failed = result.is_err();
        Some(result)
    }
}

impl Frames {
    /// Goes from the last place noted to the frame that holds the first offset asked for.
    fn begin(&mut self) -> Result<Frame, JournalError> {
        let wanted = self.chain.next;
        let (segment, point) = self.view.locate(wanted)?;
        self.known = self.view.next();
        self.scan = Some(self.view.open(segment, point.position)?);
        self.chain = Chain::at(point.offset);
        loop {
            let frame = self.advance()?;
            if frame.next_offset() > wanted {
                return Ok(frame);
            }
        }
    }

    fn advance(&mut self) -> Result<Frame, JournalError> {
        let mut scan = self.enter()?;
        let position = scan.position();
        let found = scan.frame(&self.view.origin)?;
        let followed = match found {
            Found::Frame(frame) => self.chain.follow(&frame).map(|()| frame),
            Found::Blank => Err(Flaw::Blank),
            Found::Flawed(flaw) => Err(flaw),
        };
        let frame = followed.map_err(|flaw| JournalError::Damaged {
            path: scan.path().to_owned(),
            position,
            offset: self.chain.next,
            flaw,
        })?;
        self.scan = Some(scan);
        Ok(frame)
    }

    /// The segment that the next frame lies in, with what has been published of it.
    fn enter(&mut self) -> Result<Scan, JournalError> {
        let (segment, _) = self.view.locate(self.chain.next)?;
        let mut scan = match self.scan.take() {
            Some(scan) if scan.first() == segment => scan,
            _ => self.view.open(segment, 0)?,
        };
        if self.chain.next >= self.known {
            self.known = self.view.next();
            scan.refresh();
        }
        Ok(scan)
    }
}
