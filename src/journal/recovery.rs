//! What a log's segments hold when it is opened. The end of the last one may be a write that was cut short: it is put aside. Anything
//! else that is not as it was written is damage, and refused; skipping a bad record is deliberately absent.

use std::{
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use blake3::Hash;

use super::{
    JournalError, files,
    files::failed,
    frame::{self, Chain, Flaw, Frame, Origin},
    segment::{self, Found, Scan},
    view::{Point, Segment},
};

/// What is known of a log before it is read.
pub(super) struct Expectations<'a> {
    /// The log's folder.
    pub(super) dir: &'a Path,
    /// Where bytes go that are cut off.
    pub(super) quarantine: &'a Path,
    /// Whose frames it holds.
    pub(super) origin: Origin,
    /// Older segments than the one that holds this offset are not read.
    pub(super) from: u64,
    /// Frames from this offset on must have been written under the same semantics version, which is the second number.
    pub(super) semantics: Option<(u64, u32)>,
    /// Who knows how far it went.
    pub(super) witnesses: &'a [Witness],
    /// How far it is known to have been fsynced; `None`: it is not fsynced frame by frame, so that a power cut may have taken any of
    /// the last segment's pages.
    pub(super) durable: Option<u64>,
}

/// Somebody outside the log who knows of a frame in it.
pub(super) struct Witness {
    /// Who.
    pub(super) path: PathBuf,
    /// The offset after the frame.
    pub(super) next: u64,
    /// The frame's hash.
    pub(super) hash: Hash,
}

impl Witness {
    /// Whether the frame is what the witness says, as far as it says something.
    fn confirms(&self, frame: &Frame) -> bool {
        if self.next == frame.first_offset {
            return self.hash == frame.previous;
        }
        if self.next == frame.next_offset() {
            return self.hash == frame.hash;
        }
        self.next < frame.first_offset || self.next > frame.next_offset()
    }
}

/// A log whose frames are whole.
pub(super) struct Recovered {
    pub(super) segments: Vec<Segment>,
    /// What the next frame must continue.
    pub(super) chain: Chain,
    /// Where in the last segment it goes.
    pub(super) position: u64,
}

/// Reads the segments with these first offsets, of which there is at least one.
pub(super) fn recover(firsts: &[u64], expected: &Expectations<'_>) -> Result<Recovered, JournalError> {
    let start = firsts.partition_point(|first| *first <= expected.from).max(1) - 1;
    let mut segments = Vec::with_capacity(firsts.len());
    for first in &firsts[..start] {
        let scan = Scan::open(expected.dir, *first, 0)?;
        segments.push(Segment::new(*first, scan.len()));
    }
    let mut chain = Chain::at(firsts[start]);
    let mut position = 0;
    for (at, first) in firsts.iter().enumerate().skip(start) {
        let mut walk = Walk::begin(expected, *first, chain)?;
        let end = walk.read_frames()?;
        match firsts.get(at + 1) {
            Some(successor) => walk.must_be_complete(end, *successor)?,
            None => walk.settle_tail(end)?,
        }
        position = walk.scan.position();
        chain = walk.chain;
        segments.push(walk.segment);
    }
    if chain.hash.is_none() && start > 0 {
        // The last segment had its name, but no frame yet.
        let from = firsts[start - 1];
        return recover(firsts, &Expectations { from, ..*expected });
    }
    Ok(Recovered {
        segments,
        chain,
        position,
    })
}

/// Reading one segment.
struct Walk<'a> {
    expected: &'a Expectations<'a>,
    scan: Scan,
    chain: Chain,
    segment: Segment,
    /// The place of the first frame that is not known to have been fsynced.
    doubtful: Option<u64>,
}

impl<'a> Walk<'a> {
    fn begin(expected: &'a Expectations<'a>, first: u64, chain: Chain) -> Result<Self, JournalError> {
        let scan = Scan::open(expected.dir, first, 0)?;
        Ok(Self {
            segment: Segment::new(first, scan.len()),
            expected,
            scan,
            chain,
            doubtful: None,
        })
    }

    /// Reads frame after frame; gives what comes after the last whole one.
    fn read_frames(&mut self) -> Result<Flaw, JournalError> {
        loop {
            let position = self.scan.position();
            let frame = match self.scan.frame(&self.expected.origin)? {
                Found::Frame(frame) => frame,
                Found::Blank => return Ok(Flaw::Blank),
                Found::Flawed(flaw) => return Ok(flaw),
            };
            let offset = self.chain.next;
            self.accept(&frame, position)
                .map_err(|flaw| self.damaged(position, offset, flaw))?;
            if let Some((from, understood)) = self.expected.semantics
                && frame.next_offset() > from
                && frame.semantics != understood
            {
                return Err(JournalError::Unsupported {
                    path: self.scan.path().to_owned(),
                    what: "semantics version",
                    found: frame.semantics,
                    understood,
                });
            }
        }
    }

    fn accept(&mut self, frame: &Frame, position: u64) -> Result<(), Flaw> {
        self.chain.follow(frame)?;
        if let Some(witness) = self.expected.witnesses.iter().find(|witness| !witness.confirms(frame)) {
            return Err(Flaw::Contradicted(witness.next));
        }
        let offset = frame.first_offset;
        self.segment.note(Point { offset, position });
        if self.expected.durable.is_some_and(|durable| offset >= durable) {
            self.doubtful.get_or_insert(position);
        }
        Ok(())
    }

    /// A segment that has a successor ends with a whole frame and zeros, where the successor begins.
    fn must_be_complete(&mut self, end: Flaw, successor: u64) -> Result<(), JournalError> {
        let flaw = match end {
            Flaw::Blank if self.chain.next != successor => Flaw::Successor(successor),
            Flaw::Blank if segment::is_blank(self.scan.rest()?) => return Ok(()),
            Flaw::Blank => Flaw::Trailing,
            flaw => flaw,
        };
        Err(self.damaged_here(flaw))
    }

    /// The last segment ends with a whole frame and zeros, or with a write that was cut short, which is put aside.
    fn settle_tail(&mut self, end: Flaw) -> Result<(), JournalError> {
        if !segment::is_blank(self.scan.rest()?) {
            self.must_be_torn(end)?;
            self.must_not_be_known_of()?;
            return self.cut();
        }
        self.must_not_be_known_of()?;
        self.make_durable()
    }

    fn must_be_torn(&mut self, end: Flaw) -> Result<(), JournalError> {
        if !end.may_be_torn() {
            return Err(self.damaged_here(end));
        }
        let origin = self.expected.origin;
        let is_frame = |bytes: &[u8]| frame::parse(bytes, &origin).is_ok();
        let rest = self.scan.rest()?;
        let followed = (1..rest.len()).any(|at| rest[at..].starts_with(frame::MAGIC) && is_frame(&rest[at..]));
        if followed && self.expected.durable.is_some() {
            return Err(self.damaged_here(Flaw::Followed));
        }
        Ok(())
    }

    fn must_not_be_known_of(&self) -> Result<(), JournalError> {
        let head = self.chain.next;
        match self.expected.witnesses.iter().find(|witness| witness.next > head) {
            Some(witness) => Err(JournalError::Behind {
                path: self.scan.path().to_owned(),
                position: self.scan.position(),
                head,
                witness: witness.path.clone(),
                claimed: witness.next,
            }),
            None => Ok(()),
        }
    }

    /// Puts the bytes after the last whole frame aside and zeros in their place.
    fn cut(&mut self) -> Result<(), JournalError> {
        let position = self.scan.position();
        let rest = self.scan.rest()?;
        let torn = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let folder = self.expected.dir.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{folder}-{:020}-at-{position}", self.segment.first);
        let aside = files::put_aside(self.expected.quarantine, &name, &rest[..torn])?;
        let path = self.scan.path();
        let file = files::open(path)?;
        segment::zero(&file, position, position + torn as u64).map_err(failed("cut off the end of", path))?;
        tracing::warn!(
            segment = %path.display(),
            position,
            offset = self.chain.next,
            bytes = torn,
            kept_in = %aside.display(),
            "the last write had been cut short; it was never acknowledged and has been put aside"
        );
        self.scan.refresh();
        self.make_durable()
    }

    /// Writes doubtful frames once more: after a failed fsync the page cache may hold what the disk does not, and call it clean.
    fn make_durable(&mut self) -> Result<(), JournalError> {
        let path = self.scan.path();
        let file = files::open(path)?;
        if let Some(from) = self.doubtful {
            let mut bytes = vec![0; segment::size(self.scan.position() - from)];
            file.read_exact_at(&mut bytes, from).map_err(failed("read", path))?;
            file.write_all_at(&bytes, from).map_err(failed("write", path))?;
        }
        file.sync_all().map_err(failed("fsync", path))?;
        files::sync_dir(self.expected.dir)
    }

    fn damaged_here(&self, flaw: Flaw) -> JournalError {
        self.damaged(self.scan.position(), self.chain.next, flaw)
    }

    fn damaged(&self, position: u64, offset: u64, flaw: Flaw) -> JournalError {
        JournalError::Damaged {
            path: self.scan.path().to_owned(),
            position,
            offset,
            flaw,
        }
    }
}
