//! What can go wrong with a data folder: what was attempted, where, and what to do about it. Causes are sources, not text.

use std::{io, path::PathBuf};

use super::{event_log::Position, frame::Flaw};

const ADVICE: &str = "nothing was changed; a backup brings the folder back";

/// Why a data folder cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The system refused.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("{} is held by {holder}: stop that one first, or give this one a data folder of its own", .path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as it wrote there: process id and host.
        holder: String,
    },
    /// Others than its owner have access to the folder.
    #[error("{} has mode {mode:03o}, and it holds personal data: run `chmod 700` on it", .path.display())]
    Exposed {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is no data folder.
    #[error("no data folder at {}; name it with --data", .path.display())]
    NoFolder {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file that must be there is not.
    #[error("{} is missing, though the folder has been in use: {ADVICE}", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A small file's checksum does not hold.
    #[error("{} is damaged: its checksum does not hold; {ADVICE}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// A file of another store.
    #[error("{} belongs to another store, or to a later life of this one: {ADVICE}", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by another version.
    #[error(
        "{} has {what} {found}, this version reads {understood}: start the version that wrote it and stop it cleanly, then upgrade",
        .path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Which number differs.
        what: &'static str,
        /// What it is.
        found: u32,
        /// What it should be.
        understood: u32,
    },
    /// A segment does not hold what it must.
    #[error("{} is damaged at byte {position}, where offset {offset} was expected: {flaw}; {ADVICE}", .path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where in it, in bytes.
        position: u64,
        /// The offset of the record that should be there.
        offset: u64,
        /// What is wrong.
        flaw: Flaw,
    },
    /// The log ends before something that proves that it went further.
    #[error(
        "{} ends at byte {position} with offset {head}, but {} claims everything below offset {claimed}: {ADVICE}",
        .path.display(), .witness.display()
    )]
    Behind {
        /// The last segment.
        path: PathBuf,
        /// Where its last whole frame ends, in bytes.
        position: u64,
        /// The first offset that is not there.
        head: u64,
        /// Who says that there was more.
        witness: PathBuf,
        /// How far it says.
        claimed: u64,
    },
    /// The state cannot be rebuilt.
    #[error("no good snapshot lies at or after offset {earliest}, where {} begins: {ADVICE}", .path.display())]
    NoBase {
        /// The journal's folder.
        path: PathBuf,
        /// The journal's first offset.
        earliest: u64,
    },
    /// The event log ends before the newest snapshot, so that its missing end cannot be made again.
    #[error(
        "{} does not read back as far as {claimed}, which the newest snapshot tells of; a damaged end lies in quarantine/ beside it, and a \
         backup brings the folder back",
        .path.display()
    )]
    EventsBehind {
        /// The event log's folder.
        path: PathBuf,
        /// Its last record.
        head: Option<Position>,
        /// The last record before the snapshot.
        claimed: Position,
    },
    /// The event log tells of inputs that the journal does not have.
    #[error("{} reaches {position}, but the journal ends at offset {head}: {ADVICE}", .path.display())]
    EventsAhead {
        /// The event log's folder.
        path: PathBuf,
        /// Its last record.
        position: Position,
        /// The first offset that the journal does not have.
        head: u64,
    },
    /// What was asked for is no longer kept.
    #[error("offset {offset} is no longer kept: {} begins at offset {earliest}", .path.display())]
    Trimmed {
        /// The log's folder.
        path: PathBuf,
        /// What was asked for.
        offset: u64,
        /// The first offset that is kept.
        earliest: u64,
    },
    /// Events older than those kept were asked for.
    #[error("events after {after} are no longer all kept: the event log begins at {earliest}")]
    EventsTrimmed {
        /// What was asked for.
        after: Position,
        /// The first record that is kept.
        earliest: Position,
    },
    /// Events of the time asked for have been trimmed.
    #[error("events before {earliest} have been trimmed: begin there")]
    EventsTrimmedSince {
        /// The first that is kept.
        earliest: Position,
    },
}

impl JournalError {
    /// The process's exit code, as in sysexits.h: 65 data, 66 no input, 74 input or output, 75 locked by another, 77 permissions.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoFolder { .. } => 66,
            Self::Io { .. } => 74,
            Self::Locked { .. } => 75,
            Self::Exposed { .. } => 77,
            _ => 65,
        }
    }
}

/// Why a batch was not appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// There is no place for it. Nothing was written; it may be tried again when there is room.
    #[error("no room for another segment of {bytes} bytes in {}: free some space, or raise the limit", .path.display())]
    NoSpace {
        /// The log's folder.
        path: PathBuf,
        /// How much was wanted.
        bytes: u64,
        /// What the system said; `None`: the configured limit is reached.
        source: Option<io::Error>,
    },
    /// It is larger than a frame may be. Nothing was written.
    #[error("{bytes} bytes are more than the {limit} that one frame may hold: split the batch")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The most that fits.
        limit: u64,
    },
    /// It holds no record. Nothing was written.
    #[error("a frame without a record cannot be appended")]
    Empty,
    /// Its records do not come after those that are there. Nothing was written.
    #[error("the event at {position} cannot follow the one at {last}")]
    OutOfOrder {
        /// The first record that is out of order.
        position: Position,
        /// The record before it.
        last: Position,
    },
    /// A write or fsync failed. What is on disk is unknown until the folder is opened again: end the process, exit code 74.
    #[error("the log cannot be trusted any more; end the process and start again")]
    Failed(#[source] JournalError),
    /// An earlier append failed; nothing more is taken.
    #[error("an earlier write failed; end the process and start again")]
    Poisoned,
}
