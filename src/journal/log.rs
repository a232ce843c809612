//! A log of frames in segments: appending, rolling to the next segment, trimming. The journal and the event log are made of it; when
//! to fsync is theirs to say.
//!
//! A frame never spans segments. The next segment is made beside while the current one is being written, and each one but the very first
//! can hold the largest frame; so a frame that does not fit any more goes to the next, and a full disk is met before anything of a frame
//! was written.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    AppendError, JournalError, Options, Reader, Trim, files,
    files::failed,
    frame::{self, Chain, GENESIS, Header, Origin},
    lock::Lock,
    manifest,
    recovery::{self, Expectations, Recovered},
    segment,
    spare::{Blank, Spare, Wish},
    view::{Point, Segment, View},
};
use crate::model::Time;

/// A log, open for appending.
#[derive(Debug)]
pub(super) struct Log {
    view: Arc<View>,
    options: Options,
    /// The last segment.
    file: File,
    path: PathBuf,
    len: u64,
    /// Where in it the next frame goes.
    position: u64,
    chain: Chain,
    spare: Spare,
    /// All that the next roll needs room for, where it has been asked for.
    secured: Option<Secured>,
    /// One frame; kept for its allocation.
    buffer: Vec<u8>,
    poisoned: bool,
}

/// A segment for the next frame, and the list that names it, both without their names yet.
#[derive(Debug)]
struct Secured {
    first: u64,
    blank: Blank,
    list: PathBuf,
}

impl Log {
    /// Opens the log in a folder, or makes it.
    pub(super) fn open(expected: &Expectations<'_>, options: Options, lock: Arc<Lock>) -> Result<Self, JournalError> {
        let Expectations { dir, origin, .. } = *expected;
        let (mut firsts, listed) = manifest::settle(dir, &origin.identity)?;
        if firsts.is_empty() {
            if expected.witnesses.iter().any(|witness| witness.next > 0) {
                let path = segment::path(dir, 0);
                return Err(JournalError::Missing { path });
            }
            create(dir, &origin, options.first_segment)?;
            firsts.push(0);
        }
        let Recovered {
            segments,
            chain,
            position,
        } = recovery::recover(&firsts, expected)?;
        if listed < firsts.len() {
            manifest::replace(dir, &origin.identity, &firsts)?;
        }

        let (first, len) = segments.last().map_or((0, 0), |last| (last.first, last.len));
        let path = segment::path(dir, first);
        Ok(Self {
            file: files::open(&path)?,
            path,
            len,
            position,
            view: Arc::new(View::new(dir.to_owned(), origin, segments, chain.next, Some(lock))),
            options,
            chain,
            spare: Spare::new(dir),
            secured: None,
            buffer: Vec::new(),
            poisoned: false,
        })
    }

    /// Begins to make the next segment, so that it is there when it is needed.
    pub(super) fn prepare(&mut self) {
        self.spare.begin(self.wish());
    }

    /// What the next frame continues.
    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(super) fn reader(&self) -> Reader {
        Reader {
            view: Arc::clone(&self.view),
        }
    }

    /// The most bytes that a frame's payload may have.
    pub(super) fn max_payload(&self) -> usize {
        segment::size(self.options.max_frame).saturating_sub(frame::frame_len(0))
    }

    /// Makes sure that the next frame has a place if its payload is no longer than this.
    pub(super) fn reserve(&mut self, payload: usize) -> Result<(), AppendError> {
        if !self.fits(payload)? && self.secured.is_none() {
            self.secured = Some(self.secure()?);
        }
        Ok(())
    }

    /// Writes one frame and gives its first offset. Readers do not see it before it is published.
    pub(super) fn write(&mut self, time: Time, count: u32, payload: &[u8]) -> Result<u64, AppendError> {
        if count == 0 {
            return Err(AppendError::Empty);
        }
        if !self.fits(payload.len())? {
            self.roll()?;
        }
        let length = u32::try_from(payload.len()).map_err(|_| self.too_large(payload.len()))?;
        let offset = self.chain.next;
        let header = Header {
            origin: self.view.origin,
            semantics: self.options.semantics,
            first_offset: offset,
            count,
            time,
            previous: self.chain.hash.unwrap_or(GENESIS),
        };
        let hash = header.write(payload, length, &mut self.buffer);
        let written = self.file.write_all_at(&self.buffer, self.position);
        self.check(written.map_err(failed("append to", &self.path)))?;

        let position = self.position;
        self.view.note(Point { offset, position });
        self.position += self.buffer.len() as u64;
        self.chain.next += u64::from(count);
        self.chain.hash = Some(hash);
        Ok(offset)
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&mut self) -> Result<(), AppendError> {
        let synced = self.file.sync_data();
        self.check(synced.map_err(failed("fsync", &self.path)))
    }

    /// Lets readers have all that was written.
    pub(super) fn publish(&self) {
        self.view.publish(self.chain.next);
    }

    /// Passes a result on; after an error nothing more is taken.
    pub(super) fn check<T>(&mut self, result: Result<T, JournalError>) -> Result<T, AppendError> {
        self.fatal(result.map_err(AppendError::Failed))
    }

    fn fatal<T>(&mut self, result: Result<T, AppendError>) -> Result<T, AppendError> {
        self.poisoned |= matches!(result, Err(AppendError::Failed(_)));
        result
    }

    /// Removes whole segments at the old end, none that holds `keep_from` or a later offset. Gives the first offset that is left.
    pub(super) fn trim(&mut self, trim: Trim, keep_from: u64) -> Result<u64, JournalError> {
        let segments = self.view.segments().clone();
        let mut bytes: u64 = segments.iter().map(|segment| segment.len).sum();
        let mut count = 0;
        for (segment, successor) in segments.iter().zip(segments.iter().skip(1)) {
            let end = successor.first;
            // A successor without a frame would leave nobody who knows the last hash.
            if end > keep_from || end >= self.chain.next {
                break;
            }
            let goes = match trim {
                Trim::OlderThan(time) => self.time_at(end)? < Some(time),
                Trim::LargerThan(limit) => bytes > limit,
            };
            if !goes {
                break;
            }
            bytes -= segment.len;
            count += 1;
        }
        self.remove_oldest(count)?;
        Ok(self.view.earliest())
    }

    fn time_at(&self, offset: u64) -> Result<Option<Time>, JournalError> {
        let frame = self.reader().frames_from(offset).next().transpose()?;
        Ok(frame.map(|frame| frame.time))
    }

    fn remove_oldest(&mut self, count: usize) -> Result<(), JournalError> {
        if count == 0 {
            return Ok(());
        }
        // Its list names what goes.
        if let Some(Secured { blank, .. }) = self.secured.take() {
            self.spare.put_back(blank);
        }
        let dir = &self.view.dir;
        let firsts = self.view.firsts();
        manifest::replace(dir, &self.view.origin.identity, &firsts[count..])?;
        self.view.change(|segments| drop(segments.drain(..count)));
        for first in &firsts[..count] {
            files::remove(&segment::path(dir, *first))?;
        }
        files::sync_dir(dir)
    }

    /// Whether the frame goes into the current segment.
    fn fits(&self, payload: usize) -> Result<bool, AppendError> {
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        if payload > self.max_payload() {
            return Err(self.too_large(payload));
        }
        Ok(self.position + frame::frame_len(payload) as u64 <= self.len)
    }

    fn too_large(&self, payload: usize) -> AppendError {
        AppendError::TooLarge {
            bytes: payload as u64,
            limit: self.max_payload() as u64,
        }
    }

    /// Goes on in the next segment.
    fn roll(&mut self) -> Result<(), AppendError> {
        let Secured { first, blank, list } = match self.secured.take() {
            Some(secured) => self.brought_up(secured)?,
            None => self.secure()?,
        };
        self.sync()?;
        let path = segment::path(&self.view.dir, first);
        let named =
            files::rename(&blank.path, &path).and_then(|()| files::rename(&list, &manifest::path(&self.view.dir)));
        self.check(named)?;
        self.view.change(|segments| {
            segments.retain(|segment| segment.first != first);
            segments.push(Segment::new(first, blank.len));
        });
        self.file = blank.file;
        self.path = path;
        self.len = blank.len;
        self.position = 0;
        self.prepare();
        Ok(())
    }

    /// Makes all that going on in the next segment needs room for.
    fn secure(&mut self) -> Result<Secured, AppendError> {
        let blank = self.spare.take(self.wish());
        let blank = self.fatal(blank)?;
        let listed = manifest::write(&self.view.dir, &self.view.origin.identity, &self.firsts_after_roll());
        self.listed(blank, listed)
    }

    /// Lets the list name what comes after the frames that have still fitted into the current segment since it was written.
    fn brought_up(&mut self, secured: Secured) -> Result<Secured, AppendError> {
        let Secured { first, blank, list } = secured;
        if first == self.chain.next {
            return Ok(Secured { first, blank, list });
        }
        let listed = manifest::rewrite(&list, &self.view.origin.identity, &self.firsts_after_roll());
        self.listed(blank, listed.map(|()| list))
    }

    fn listed(&mut self, blank: Blank, listed: Result<PathBuf, JournalError>) -> Result<Secured, AppendError> {
        let first = self.chain.next;
        match listed {
            Ok(list) => Ok(Secured { first, blank, list }),
            Err(error) => {
                let refused = self.spare.refused(blank.len, error);
                self.spare.put_back(blank);
                self.fatal(Err(refused))
            }
        }
    }

    /// The first offsets of all segments once the next frame goes into a new one.
    fn firsts_after_roll(&self) -> Vec<u64> {
        let first = self.chain.next;
        let mut firsts = self.view.firsts();
        // A segment that is too small for its first frame is replaced.
        firsts.retain(|earlier| *earlier != first);
        firsts.push(first);
        firsts
    }

    /// The next segment is twice as large as the current one, within bounds.
    fn wish(&self) -> Wish {
        let taken: u64 = self.view.segments().iter().map(|segment| segment.len).sum();
        Wish {
            len: (2 * self.len).min(self.options.max_segment).max(self.options.max_frame),
            least: self.options.max_frame,
            room: self.options.max_bytes.map_or(u64::MAX, |max| max.saturating_sub(taken)),
        }
    }
}

/// Makes the first segment of a new log.
fn create(dir: &Path, origin: &Origin, len: u64) -> Result<(), JournalError> {
    manifest::replace(dir, &origin.identity, &[])?;
    let unfinished = dir.join("first").with_extension(files::UNFINISHED);
    segment::prepare(&unfinished, len)?;
    files::rename(&unfinished, &segment::path(dir, 0))
}

#[cfg(test)]
mod tests {
    use crate::{
        journal::{AppendError, Journal, Options},
        model::Time,
    };

    #[test]
    fn after_a_failed_write_nothing_more_is_taken() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("data");
        let options = Options {
            first_segment: 4096,
            max_frame: 1024,
            max_segment: 4096,
            ..Options::default()
        };
        let mut journal = Journal::open(&dir, options).unwrap().journal;
        journal.append(Time::MIN, 1, b"good").unwrap();
        let writable = std::mem::replace(&mut journal.log.file, std::fs::File::open(&journal.log.path).unwrap());

        assert!(matches!(
            journal.append(Time::MIN, 1, b"bad"),
            Err(AppendError::Failed(_))
        ));
        journal.log.file = writable;
        assert!(matches!(
            journal.append(Time::MIN, 1, b"late"),
            Err(AppendError::Poisoned)
        ));
        assert!(matches!(journal.reserve(1), Err(AppendError::Poisoned)));
        assert_eq!(journal.next_offset(), 1);
        drop(journal);

        let journal = Journal::open(&dir, options).unwrap().journal;
        let frames: Vec<_> = journal
            .reader()
            .frames_from(0)
            .map(|frame| frame.unwrap().payload)
            .collect();
        assert_eq!(frames, ["good"]);
    }
}
