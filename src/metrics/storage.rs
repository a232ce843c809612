//! The figures of the data folder, taken when somebody asks.

use super::{Metrics, gauge};
use crate::journal::{Position, Reader};

impl Metrics {
    /// Brings the series up to date that tell of the journal, and of how far the archive has followed what was said last.
    pub fn storage(&self, journal: &Reader, said: Option<Position>, archived: Option<Position>) {
        let (segments, bytes) = journal.size();
        self.journal_next_offset.set(gauge(journal.next_offset()));
        self.journal_segments.set(gauge(segments as u64));
        self.journal_bytes.set(gauge(bytes));
        let offset = |position: Option<Position>| position.map_or(0, |position| position.offset);
        self.archive_lag
            .set(gauge(offset(said).saturating_sub(offset(archived))));
    }
}
