//! The archive's thread: follows the event log, so that questions about the past never touch the deciding thread.

use std::{
    fs,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::watch;
use tracing::{info, warn};

use super::Fatal;
use crate::{
    archive::{ArchiveError, ArchiveWriter},
    clock,
    engine::StoreId,
    journal::{EventReader, EventRecord, JournalError, Position},
};

/// How many records go into one transaction at most.
const BATCH: usize = 1000;

/// How often old alerts are taken out.
const TRIM_EVERY: Duration = Duration::from_hours(1);

/// How long to wait before a full disk is tried again.
const NO_ROOM: Duration = Duration::from_millis(500);

/// Why the archive cannot follow.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The archive itself.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The event log that it follows.
    #[error(transparent)]
    Events(#[from] JournalError),
}

/// The thread that follows.
pub(super) struct Follower {
    bell: SyncSender<()>,
    thread: JoinHandle<()>,
    /// How far it got.
    pub reached: watch::Receiver<Option<Position>>,
}

impl Follower {
    /// Opens the archive, made anew where it is damaged, and follows the event log from where it was.
    pub fn start(
        path: &Path,
        store: StoreId,
        events: EventReader,
        retention: Duration,
        fatal: Fatal,
    ) -> Result<Self, FollowError> {
        let mut writer = open(path, store)?;
        let (reached, watch) = watch::channel(writer.position());
        let (bell, rung) = sync_channel(1);
        let thread = thread::spawn(move || {
            if let Err(cause) = follow(&mut writer, &events, retention, &rung, &reached) {
                fatal.report(cause.into());
            }
        });
        Ok(Self {
            bell,
            thread,
            reached: watch,
        })
    }

    /// The bell that tells it that more was said; ringing twice is as good as once.
    pub fn bell(&self) -> SyncSender<()> {
        self.bell.clone()
    }

    /// Waits for it to take in what was said; every other bell must be gone.
    pub fn stop(self) {
        drop(self.bell);
        // A panic there has been reported by the runtime, and the archive can be made anew.
        let _ = self.thread.join();
    }
}

fn open(path: &Path, store: StoreId) -> Result<ArchiveWriter, ArchiveError> {
    match ArchiveWriter::open(path, &store.to_string()) {
        Err(cause @ ArchiveError::Damaged { .. }) => {
            warn!(%cause, "the archive is damaged; it is set aside and made anew from the event log");
            for suffix in ["", "-wal", "-shm"] {
                let from = format!("{}{suffix}", path.display());
                // What is not there needs no setting aside; what cannot be moved makes the next opening fail.
                let _ = fs::rename(&from, format!("{from}.damaged"));
            }
            ArchiveWriter::open(path, &store.to_string())
        }
        opened => opened,
    }
}

fn follow(
    writer: &mut ArchiveWriter,
    events: &EventReader,
    retention: Duration,
    rung: &Receiver<()>,
    reached: &watch::Sender<Option<Position>>,
) -> Result<(), FollowError> {
    // What was trimmed from the event log before the archive had it is lost to the archive alone.
    let earliest = events.earliest()?;
    let from = writer
        .position()
        .filter(|position| earliest.is_none_or(|earliest| *position >= earliest));
    let mut log = events.after(from)?;
    let mut stop = false;
    loop {
        loop {
            let batch: Vec<EventRecord> = log.by_ref().take(BATCH).collect::<Result<_, _>>()?;
            let Some(last) = batch.last() else {
                break;
            };
            if !apply(writer, &batch, rung)? {
                return Ok(());
            }
            reached.send_replace(Some(last.position));
        }
        if stop {
            return Ok(());
        }
        match rung.recv_timeout(TRIM_EVERY) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => match writer.trim(clock::wall().minus(retention)) {
                Ok(removed) => info!(removed, "old alerts were taken out of the archive"),
                Err(cause) if cause.is_disk_full() => warn!(%cause, "old alerts stay in the archive for now"),
                Err(cause) => return Err(cause.into()),
            },
            Err(RecvTimeoutError::Disconnected) => stop = true,
        }
    }
}

/// Takes records, waiting for room while the disk is full; false: the service stops before there is any, and the next start takes them.
fn apply(writer: &mut ArchiveWriter, batch: &[EventRecord], rung: &Receiver<()>) -> Result<bool, ArchiveError> {
    loop {
        match writer.apply(batch) {
            Err(cause) if cause.is_disk_full() => warn!(%cause, "the archive has no room; waiting for it"),
            applied => return applied.map(|()| true),
        }
        if let Err(RecvTimeoutError::Disconnected) = rung.recv_timeout(NO_ROOM) {
            return Ok(false);
        }
    }
}
