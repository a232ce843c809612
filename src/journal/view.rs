//! What the writer of a log and its readers share: which segments there are, and how far they may be read.

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{JournalError, frame::Origin, lock::Lock, segment::Scan};

/// A frame's place is noted each time that so many bytes have gone by.
const INDEX_EVERY: u64 = 256 * 1024;

/// A log as its readers see it.
#[derive(Debug)]
pub(super) struct View {
    pub(super) dir: PathBuf,
    pub(super) origin: Origin,
    segments: RwLock<Vec<Segment>>,
    /// The first offset that must not be read yet.
    next: AtomicU64,
    /// Held by everyone who may still write into the folder; those who only look have none.
    _lock: Option<Arc<Lock>>,
}

/// One segment.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// The offset of its first record.
    pub(super) first: u64,
    /// Its size in bytes, zeros included.
    pub(super) len: u64,
    /// Where some of its frames begin, in their order; the first always.
    pub(super) index: Vec<Point>,
}

/// Where a frame begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// Its first record's offset.
    pub(super) offset: u64,
    /// Its place in the segment, in bytes.
    pub(super) position: u64,
}

impl Segment {
    /// A segment in which nothing has been read yet.
    pub(super) fn new(first: u64, len: u64) -> Self {
        let start = Point {
            offset: first,
            position: 0,
        };
        Self {
            first,
            len,
            index: vec![start],
        }
    }

    /// Notes a frame's place, if it is far enough from the last one noted.
    pub(super) fn note(&mut self, point: Point) {
        if self.wants(point) {
            self.index.push(point);
        }
    }

    fn wants(&self, point: Point) -> bool {
        let last = self.index.last().map_or(0, |last| last.position);
        point.position >= last + INDEX_EVERY
    }
}

impl View {
    pub(super) fn new(
        dir: PathBuf,
        origin: Origin,
        segments: Vec<Segment>,
        next: u64,
        lock: Option<Arc<Lock>>,
    ) -> Self {
        Self {
            dir,
            origin,
            segments: RwLock::new(segments),
            next: AtomicU64::new(next),
            _lock: lock,
        }
    }

    /// The first offset that must not be read yet.
    pub(super) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// Lets readers have everything below this.
    pub(super) fn publish(&self, next: u64) {
        self.next.store(next, Ordering::Release);
    }

    /// The segments, oldest first; never none.
    pub(super) fn segments(&self) -> RwLockReadGuard<'_, Vec<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The segments' first offsets.
    pub(super) fn firsts(&self) -> Vec<u64> {
        self.segments().iter().map(|segment| segment.first).collect()
    }

    /// Notes the place of a frame in the last segment, if it is far enough from the last one noted.
    pub(super) fn note(&self, point: Point) {
        let wanted = self.segments().last().is_some_and(|last| last.wants(point));
        if wanted {
            self.change(|segments| segments.last_mut().into_iter().for_each(|last| last.note(point)));
        }
    }

    /// Changes the list of segments.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Vec<Segment>) -> T) -> T {
        change(&mut self.segments.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first offset that is kept.
    pub(super) fn earliest(&self) -> u64 {
        self.segments().first().map_or(0, |segment| segment.first)
    }

    /// The segment that holds this offset: its first one and the last place noted before it.
    pub(super) fn locate(&self, offset: u64) -> Result<(u64, Point), JournalError> {
        let segments = self.segments();
        let after = segments.partition_point(|segment| segment.first <= offset);
        let Some(segment) = after.checked_sub(1).and_then(|at| segments.get(at)) else {
            return Err(self.trimmed(offset, segments.first().map_or(0, |segment| segment.first)));
        };
        let after = segment.index.partition_point(|point| point.offset <= offset);
        Ok((segment.first, segment.index[after.max(1) - 1]))
    }

    /// Opens a segment for reading, at the place where a frame begins.
    pub(super) fn open(&self, first: u64, position: u64) -> Result<Scan, JournalError> {
        let opened = Scan::open(&self.dir, first, position);
        match self.earliest() {
            // It was trimmed after it had been found in the list.
            earliest if opened.is_err() && first < earliest => Err(self.trimmed(first, earliest)),
            _ => opened,
        }
    }

    fn trimmed(&self, offset: u64, earliest: u64) -> JournalError {
        let path = self.dir.clone();
        JournalError::Trimmed { path, offset, earliest }
    }
}
