//! The data folder's segments, as their documented layout has them: where frames lie, so that tests can damage them.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
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
