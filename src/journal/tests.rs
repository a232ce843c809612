//! A data folder from outside: what was appended is there again, or the folder is refused by name.

mod damage;
mod events;
mod folder;
mod operations;
mod snapshots;
mod space;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{Frame, Journal, JournalError, Opened, Options, Reader};
use crate::model::Time;

/// Segments of a few frames.
fn small() -> Options {
    Options {
        semantics: 7,
        first_segment: 700,
        max_segment: 2000,
        max_frame: 1000,
        max_bytes: None,
    }
}

/// A folder in memory where there is such a place: the tests open hundreds of stores, and fsync is not what they are about.
fn temp() -> TempDir {
    let memory = tempfile::tempdir_in("/dev/shm");
    let temp = memory.or_else(|_| tempfile::tempdir()).unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o700)).unwrap();
    temp
}

fn open(dir: &Path) -> Result<Opened, JournalError> {
    Journal::open(dir, small())
}

/// What a reader was given: first offset, count, time, payload.
type Seen = (u64, u32, Time, Vec<u8>);

fn seen(frame: Frame) -> Seen {
    (frame.first_offset, frame.count, frame.time, frame.payload.to_vec())
}

fn read(reader: &Reader) -> Result<Vec<Seen>, JournalError> {
    reader
        .frames_from(reader.earliest())
        .map(|frame| frame.map(seen))
        .collect()
}

/// Appends frames of different sizes; gives what a reader should be given.
fn fill(journal: &mut Journal, frames: u32) -> Vec<Seen> {
    let mut expected = Vec::new();
    for number in 0..frames {
        let first = journal.next_offset();
        let payload: Vec<u8> = (1..=100 + (number % 5) * 60).map(|at| (at % 251) as u8).collect();
        let time = Time::from_nanos(i64::from(number) * 1_000);
        let count = 1 + number % 3;
        assert_eq!(journal.append(time, count, &payload).unwrap(), first);
        expected.push((first, count, time, payload));
    }
    expected
}

/// The folder as a kill at this moment leaves it.
fn killed(dir: &Path) -> TempDir {
    let copy = temp();
    copy_into(dir, copy.path());
    copy
}

fn copy_into(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        let parent = target.parent().unwrap();
        if !parent.exists() {
            fs::create_dir(parent).unwrap();
            fs::set_permissions(parent, fs::Permissions::from_mode(0o700)).unwrap();
        }
        fs::copy(&file, &target).unwrap();
    }
}

/// Every file of a folder but unfinished ones, in the order of their names.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_none_or(|extension| extension != "tmp") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The segments of one of the folder's logs, oldest first.
fn segments(dir: &Path, log: &str) -> Vec<PathBuf> {
    let mut found = files(&dir.join(log));
    found.retain(|file| file.extension().is_some_and(|extension| extension == "seg"));
    found
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut content = fs::read(path).unwrap();
    change(&mut content);
    fs::write(path, content).unwrap();
}
