//! The data folder's segments, as their documented layout has them: where frames lie, so that tests can damage them; and how they age.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use bellwether::{
    engine::SEMANTICS,
    journal::{Journal, Options, Trim},
    model::Time,
};

/// All of a frame before its payload, in bytes.
pub const HEADER: usize = 92;

/// Where in the header the payload's length stands.
const LENGTH: Range<usize> = 40..44;

const CHECKSUM: usize = 4;

/// The segments of a log (`journal` or `events`), oldest first.
pub fn segments(log: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
    paths.sort();
    paths
}

/// Where the frames of a segment lie, in bytes.
pub fn frames(content: &[u8]) -> Vec<Range<usize>> {
    let mut frames = Vec::new();
    let mut at = 0;
    while content[at..].starts_with(b"bwfr") {
        let length = content[at..][LENGTH].try_into().map(u32::from_le_bytes).unwrap();
        let end = at + HEADER + usize::try_from(length).unwrap() + CHECKSUM;
        frames.push(at..end);
        at = end;
    }
    frames
}

/// Changes a file in place.
pub fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut content = fs::read(path).unwrap();
    change(&mut content);
    fs::write(path, content).unwrap();
}

/// Makes a data folder whose first segments are soon full.
pub fn with_short_beginning(data: &Path) {
    let options = Options {
        first_segment: 4096,
        ..options()
    };
    Journal::open(data, options).unwrap();
}

/// Removes all segments but the newest ones of a data folder that nobody has, as the service does with those that are too old.
pub fn forget_the_beginning(data: &Path) {
    let mut opened = Journal::open(data, options()).unwrap();
    let needed = opened.snapshot.unwrap().header.offset;
    let earliest = opened.journal.trim(Trim::LargerThan(0), needed).unwrap();
    opened.events.trim(Trim::OlderThan(Time::MAX)).unwrap();
    let first_event = opened.events.reader().earliest().unwrap().unwrap();
    assert!(earliest > 0 && first_event.offset >= earliest, "something is gone");
}

fn options() -> Options {
    Options {
        semantics: SEMANTICS,
        ..Options::default()
    }
}
