//! One segment file: made zero-filled under a provisional name, named by the offset of its first record, read in large steps.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{
    JournalError, files,
    files::failed,
    frame::{self, Frame, Origin},
};

/// The extension of segment files.
pub(super) const EXTENSION: &str = "seg";
/// How much is read at once, at most.
const READ_AHEAD: usize = 256 * 1024;
/// How much is read at once where the end of what is written is near: what lies behind it is blank.
const READ_AT_THE_END: usize = 4 * 1024;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// The path of the segment that begins with this offset.
pub(super) fn path(dir: &Path, first: u64) -> PathBuf {
    files::numbered_path(dir, first, EXTENSION)
}

/// Makes a file of so many zeros, all of them on disk, so that writing into it later needs neither room nor metadata.
pub(super) fn prepare(path: &Path, len: u64) -> Result<File, JournalError> {
    files::remove(path)?;
    let file = files::create(path)?;
    let filled = zero(&file, 0, len).and_then(|()| file.sync_all());
    if filled.is_err() {
        files::remove(path)?;
    }
    filled.map_err(failed("zero-fill", path))?;
    Ok(file)
}

/// Writes zeros from one place to another.
pub(super) fn zero(file: &File, from: u64, to: u64) -> io::Result<()> {
    let mut at = from;
    while at < to {
        let step = (to - at).min(ZEROS.len() as u64);
        file.write_all_at(&ZEROS[..size(step)], at)?;
        at += step;
    }
    Ok(())
}

/// Whether there are only zeros.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.chunks(ZEROS.len()).all(|chunk| chunk == &ZEROS[..chunk.len()])
}

/// What lies at a place in a segment.
pub(super) enum Found {
    /// A whole frame.
    Frame(Frame),
    /// A header's length of zeros, or all that is left of them.
    Blank,
    /// Anything else.
    Flawed(frame::Flaw),
}

/// A segment being read from front to back.
#[derive(Debug)]
pub(super) struct Scan {
    /// The offset of its first record, which is its name.
    first: u64,
    file: File,
    path: PathBuf,
    /// Where the next frame begins.
    position: u64,
    len: u64,
    /// What was read ahead, and where it begins.
    window: Vec<u8>,
    window_at: u64,
    /// How much is read at once: the more, the longer it goes on.
    read_ahead: usize,
}

impl Scan {
    /// Opens a segment at the place where a frame begins.
    pub(super) fn open(dir: &Path, first: u64, position: u64) -> Result<Self, JournalError> {
        let path = path(dir, first);
        let file = File::open(&path).map_err(failed("open", &path))?;
        let len = file.metadata().map_err(failed("look at", &path))?.len();
        Ok(Self {
            first,
            file,
            path,
            position,
            len,
            window: Vec::new(),
            window_at: position,
            read_ahead: READ_AHEAD,
        })
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Forgets what was read ahead: more may have been written since.
    pub(super) fn refresh(&mut self) {
        self.window.clear();
        self.read_ahead = READ_AT_THE_END;
    }

    /// Reads the next frame and goes behind it; stays where there is none.
    pub(super) fn frame(&mut self, origin: &Origin) -> Result<Found, JournalError> {
        let header = self.peek(frame::Header::LEN)?;
        if is_blank(header) {
            return Ok(Found::Blank);
        }
        let len = match frame::stated_len(header) {
            Ok(len) => len,
            Err(flaw) => return Ok(Found::Flawed(flaw)),
        };
        match frame::parse(self.peek(len)?, origin) {
            Ok(frame) => {
                self.position += len as u64;
                Ok(Found::Frame(frame))
            }
            Err(flaw) => Ok(Found::Flawed(flaw)),
        }
    }

    /// All that is left, from the next frame's place to the segment's end.
    pub(super) fn rest(&mut self) -> Result<&[u8], JournalError> {
        let left = size(self.len.saturating_sub(self.position));
        self.peek(left)
    }

    /// The next bytes; fewer where the segment ends.
    fn peek(&mut self, count: usize) -> Result<&[u8], JournalError> {
        let left = size(self.len.saturating_sub(self.position));
        let count = count.min(left);
        let skip = size(self.position - self.window_at);
        if self.window.len() < skip + count {
            self.window.resize(count.max(self.read_ahead).min(left), 0);
            self.read_ahead = (2 * self.read_ahead).min(READ_AHEAD);
            self.window_at = self.position;
            let read = read_at(&self.file, &mut self.window, self.position).map_err(failed("read", &self.path))?;
            self.window.truncate(read);
        }
        let skip = size(self.position - self.window_at);
        let end = self.window.len().min(skip + count);
        Ok(&self.window[skip..end])
    }
}

fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], position + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// A length within a segment as one within memory.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a segment is far smaller than the address space of 64 bits"
)]
pub(super) fn size(len: u64) -> usize {
    len as usize
}
