//! What the archive is fed with.

use std::fmt;

/// A place in the event log: the offset of an input and the number of its effect. Ordered as the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The input's place in the journal.
    pub offset: u64,
    /// Which of its consequences, from 0.
    pub ordinal: u32,
}

/// `offset.ordinal`
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.offset, self.ordinal)
    }
}

/// One record of the event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveRecord {
    /// Where it stands.
    pub position: Position,
    /// What it says.
    pub body: RecordBody,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordBody {
    /// The protobuf bytes of an [`AlertEvent`](crate::api::AlertEvent), as subscribers got it: personal data masked.
    AlertEvent(bytes::Bytes),
    /// The postcard bytes of a [`Delivery`](crate::engine::outbox::Delivery).
    Delivery(bytes::Bytes),
}
