//! Readers that are kept open between questions: opening one costs more than most questions do.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{ArchiveError, ArchiveReader};

/// How many are kept while nobody asks.
const KEPT: usize = 4;

/// The readers of the archive at a path, for any thread. Whatever file takes that place, because the one before was damaged say, gets
/// readers of its own.
#[derive(Debug)]
pub struct ArchiveReaders {
    path: PathBuf,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    /// Whose readers these are.
    file: Option<FileId>,
    readers: Vec<ArchiveReader>,
}

/// Device and inode.
type FileId = (u64, u64);

impl ArchiveReaders {
    /// None yet.
    pub fn new(path: PathBuf) -> Self {
        let idle = Mutex::default();
        Self { path, idle }
    }

    /// Asks something of a reader that nobody else has meanwhile.
    pub fn ask<T>(&self, question: impl FnOnce(&ArchiveReader) -> Result<T, ArchiveError>) -> Result<T, ArchiveError> {
        // Looked at before the opening: a file that is exchanged in between is taken for the old one, whose readers are not kept.
        let file = fs::metadata(&self.path).ok().map(|file| (file.dev(), file.ino()));
        let reader = match self.take(file) {
            Some(reader) => reader,
            None => ArchiveReader::open(&self.path)?,
        };
        // One that failed is closed.
        let answer = question(&reader)?;
        self.keep(file, reader);
        Ok(answer)
    }

    fn take(&self, file: Option<FileId>) -> Option<ArchiveReader> {
        let mut idle = self.idle();
        if idle.file != file {
            let readers = Vec::new();
            *idle = Idle { file, readers };
        }
        idle.readers.pop()
    }

    fn keep(&self, file: Option<FileId>, reader: ArchiveReader) {
        let mut idle = self.idle();
        if idle.file == file && idle.readers.len() < KEPT {
            idle.readers.push(reader);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
