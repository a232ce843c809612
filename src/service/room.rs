//! Whether storage takes more. The journal and the event log each say so from their own thread; while either does not, notifications are
//! refused. Making room is absent: that is an operator's.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::sync::watch;
use tracing::{error, info};

use crate::journal::AppendError;

/// How long to wait before a full disk is tried again.
pub(super) const NO_ROOM: Duration = Duration::from_millis(500);

/// A log that has room, or has not.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// Of what was decided upon.
    Journal,
    /// Of what was said.
    Events,
}

/// What the logs say.
#[derive(Debug)]
pub(super) struct Room {
    lacking: [AtomicBool; 2],
    /// Whether nothing lacks room, for those who wait for a change.
    told: watch::Sender<bool>,
}

impl Room {
    /// Room everywhere.
    pub fn new() -> Self {
        Self {
            lacking: [AtomicBool::new(false), AtomicBool::new(false)],
            told: watch::Sender::new(true),
        }
    }

    /// Whether that log had room when it was last tried.
    pub fn has(&self, of: Of) -> bool {
        !self.lacking[of as usize].load(Ordering::Acquire)
    }

    /// Tells when room is lost, and when it is there again.
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.told.subscribe()
    }

    /// A log was written to, or made ready.
    pub fn found(&self, of: Of) {
        if self.lacking[of as usize].swap(false, Ordering::AcqRel) {
            info!("{} has room again", name(of));
            self.tell();
        }
    }

    /// A log had no room.
    pub fn missed(&self, of: Of, cause: &AppendError) {
        if !self.lacking[of as usize].swap(true, Ordering::AcqRel) {
            error!(%cause, "{} has no room; notifications are refused until it has", name(of));
            self.tell();
        }
    }

    fn tell(&self) {
        self.told.send_if_modified(|told| {
            let has_room = self.has(Of::Journal) && self.has(Of::Events);
            std::mem::replace(told, has_room) != has_room
        });
    }
}

fn name(of: Of) -> &'static str {
    match of {
        Of::Journal => "the journal",
        Of::Events => "the event log",
    }
}
