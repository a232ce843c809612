//! The next segment, made on a thread of its own while the current one is being written.

use std::{
    fs::File,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use super::{AppendError, JournalError, files, segment};

/// A segment that has no name yet.
#[derive(Debug)]
pub(super) struct Blank {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) len: u64,
}

/// How large the next segment may be, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// As large as this, best.
    pub(super) len: u64,
    /// Not smaller than this.
    pub(super) least: u64,
    /// Not larger than this.
    pub(super) room: u64,
}

/// The place of the next segment.
#[derive(Debug)]
pub(super) struct Spare {
    dir: PathBuf,
    state: State,
}

#[derive(Debug)]
enum State {
    Absent,
    Making(JoinHandle<Result<Blank, JournalError>>),
    Made(Blank),
}

impl Spare {
    pub(super) fn new(dir: &Path) -> Self {
        let dir = dir.to_owned();
        let state = State::Absent;
        Self { dir, state }
    }

    /// Begins to make it. That there is no room shows when it is needed.
    pub(super) fn begin(&mut self, wish: Wish) {
        if let Ok(thread) = self.start(wish) {
            self.state = State::Making(thread);
        }
    }

    /// Waits until it is made and takes it. Where an earlier attempt found no room, tries again.
    pub(super) fn take(&mut self, wish: Wish) -> Result<Blank, AppendError> {
        match std::mem::replace(&mut self.state, State::Absent) {
            State::Made(blank) => return Ok(blank),
            State::Making(thread) => {
                if let Ok(Ok(blank)) = thread.join() {
                    return Ok(blank);
                }
            }
            State::Absent => {}
        }
        match self.start(wish)?.join() {
            Ok(made) => made.map_err(|error| self.refused(wish.least, error)),
            Err(_) => Err(self.no_space(wish.least, None)),
        }
    }

    /// Keeps it for later.
    pub(super) fn put_back(&mut self, blank: Blank) {
        self.state = State::Made(blank);
    }

    /// What an error in making room means: a full disk or a quota may pass, anything else does not.
    pub(super) fn refused(&self, bytes: u64, error: JournalError) -> AppendError {
        match error {
            JournalError::Io { source, .. } if is_full(&source) => self.no_space(bytes, Some(source)),
            error => AppendError::Failed(error),
        }
    }

    fn start(&self, wish: Wish) -> Result<JoinHandle<Result<Blank, JournalError>>, AppendError> {
        if wish.least > wish.room {
            return Err(self.no_space(wish.least, None));
        }
        let path = self.dir.join("spare").with_extension(files::UNFINISHED);
        let len = if wish.len <= wish.room { wish.len } else { wish.least };
        thread::Builder::new()
            .name("next-segment".into())
            .spawn(move || make(path, len, wish.least))
            .map_err(|error| self.no_space(len, Some(error)))
    }

    fn no_space(&self, bytes: u64, source: Option<io::Error>) -> AppendError {
        let path = self.dir.clone();
        AppendError::NoSpace { path, bytes, source }
    }
}

/// Nothing is written into the folder any more once its lock is given back.
impl Drop for Spare {
    fn drop(&mut self) {
        if let State::Making(thread) = std::mem::replace(&mut self.state, State::Absent) {
            // What it made is of no use any more.
            drop(thread.join());
        }
    }
}

/// Makes one of the size wished for, or where the disk is too full for that, of the least size.
fn make(path: PathBuf, len: u64, least: u64) -> Result<Blank, JournalError> {
    match segment::prepare(&path, len) {
        Ok(file) => Ok(Blank { file, path, len }),
        Err(JournalError::Io { source, .. }) if is_full(&source) && least < len => {
            let file = segment::prepare(&path, least)?;
            Ok(Blank { file, path, len: least })
        }
        Err(error) => Err(error),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}
