//! Sizes and limits of a data folder.

use crate::model::Time;

const MIB: u64 = 1024 * 1024;

/// How a data folder is kept. Sizes are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The version of the rules of deciding: a journal's tail that was written under another one is not read.
    pub semantics: u32,
    /// The first segment's size: small, so that a new folder is made at once.
    pub first_segment: u64,
    /// Each segment is twice as large as the one before, up to this.
    pub max_segment: u64,
    /// The most that one frame takes, its header and checksum included. No segment but the first is smaller.
    pub max_frame: u64,
    /// The most that the journal's segments take together: then appending is refused until it is trimmed. `None`: the disk decides.
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            semantics: 1,
            first_segment: 4 * MIB,
            max_segment: 64 * MIB,
            max_frame: 8 * MIB,
            max_bytes: None,
        }
    }
}

/// Which segments may go; always whole ones, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// Those with nothing but frames older than this.
    OlderThan(Time),
    /// As many as make the log larger than so many bytes, zeros included.
    LargerThan(u64),
}
