//! The archive's thread: follows the event log, so that questions about the past never touch the deciding thread. The archive can be made
//! again from the event log, so whatever is wrong with it ends nothing else.

#[cfg(test)]
mod tests;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tracing::{debug, info, warn};

use super::{Fatal, named, room::NO_ROOM};
use crate::{
    archive::{ArchiveError, ArchiveWriter},
    engine::StoreId,
    journal::{EventReader, EventRecord, JournalError, Position},
    model::Time,
};

/// How many records go into one transaction at most.
const BATCH: usize = 1000;

/// How often old alerts are taken out.
const TRIM_EVERY: Duration = Duration::from_hours(1);

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
    /// Opens the archive, made anew where it is damaged, and follows the event log from where it was. `now` is the time that the engine has
    /// reached.
    pub fn start(
        path: &Path,
        store: StoreId,
        events: EventReader,
        retention: Duration,
        now: Time,
        fatal: Fatal,
    ) -> Result<Self, FollowError> {
        let writer = open(path, store)?;
        let (reached, watch) = watch::channel(writer.position());
        let (bell, rung) = sync_channel(1);
        let mut following = Following {
            path: path.to_owned(),
            store,
            events,
            retention,
            rung,
            reached,
            last: now,
            next_trim: Instant::now(),
        };
        let panicked = fatal.clone();
        let thread = named("archive", panicked, move || {
            if let Err(cause) = following.run(writer) {
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
        // A panic there has been reported, and the archive can be made anew.
        let _ = self.thread.join();
    }
}

fn open(path: &Path, store: StoreId) -> Result<ArchiveWriter, ArchiveError> {
    match ArchiveWriter::open(path, &store.to_string()) {
        Err(cause @ ArchiveError::Damaged { .. }) => {
            set_aside(path, &cause);
            ArchiveWriter::open(path, &store.to_string())
        }
        opened => opened,
    }
}

fn set_aside(path: &Path, cause: &ArchiveError) {
    warn!(%cause, "the archive is damaged; it is set aside and made anew from the event log");
    for suffix in ["", "-wal", "-shm"] {
        let from = format!("{}{suffix}", path.display());
        // What is not there needs no setting aside; what cannot be moved makes the next opening fail.
        let _ = fs::rename(&from, format!("{from}.damaged"));
    }
}

/// What the thread has.
struct Following {
    path: PathBuf,
    store: StoreId,
    events: EventReader,
    retention: Duration,
    rung: Receiver<()>,
    reached: watch::Sender<Option<Position>>,
    /// The engine's time at the start, or when the last thing was said that the archive was given since.
    last: Time,
    next_trim: Instant,
}

impl Following {
    /// Follows until the service stops; an archive that turns out to be damaged is made anew.
    fn run(&mut self, mut writer: ArchiveWriter) -> Result<(), FollowError> {
        loop {
            match self.follow(writer) {
                Err(FollowError::Archive(cause @ ArchiveError::Damaged { .. })) => set_aside(&self.path, &cause),
                ended => return ended,
            }
            writer = loop {
                match open(&self.path, self.store) {
                    Ok(writer) => break writer,
                    Err(cause) => warn!(%cause, "the archive cannot be made anew for now"),
                }
                if self.pause_ends_it() {
                    return Ok(());
                }
            };
            self.reached.send_replace(writer.position());
        }
    }

    /// Takes what was said and what is being said. The archive is closed when this returns.
    fn follow(&mut self, mut writer: ArchiveWriter) -> Result<(), FollowError> {
        // What was trimmed from the event log before the archive had it is lost to the archive alone.
        let earliest = self.events.earliest()?;
        let from = writer
            .position()
            .filter(|position| earliest.is_none_or(|earliest| *position >= earliest));
        let mut log = self.events.after(from)?;
        let mut stop = false;
        loop {
            loop {
                let batch: Vec<EventRecord> = log.by_ref().take(BATCH).collect::<Result<_, _>>()?;
                let Some(last) = batch.last() else {
                    break;
                };
                if !self.apply(&mut writer, &batch)? {
                    return Ok(());
                }
                self.last = self.last.max(last.time);
                self.reached.send_replace(Some(last.position));
            }
            if stop {
                return Ok(());
            }
            let rung = self
                .rung
                .recv_timeout(self.next_trim.saturating_duration_since(Instant::now()));
            stop = rung == Err(RecvTimeoutError::Disconnected);
            if self.next_trim <= Instant::now() {
                self.next_trim = Instant::now() + TRIM_EVERY;
                self.trim(&mut writer)?;
            }
        }
    }

    /// Takes records, trying again until the archive takes them; false: the service stops before, and the next start takes them.
    fn apply(&self, writer: &mut ArchiveWriter, batch: &[EventRecord]) -> Result<bool, ArchiveError> {
        let mut is_told = false;
        loop {
            match writer.apply(batch) {
                Ok(()) => return Ok(true),
                Err(cause @ ArchiveError::Damaged { .. }) => return Err(cause),
                Err(cause) if is_told => debug!(%cause, "the archive still takes nothing"),
                Err(cause) => {
                    warn!(%cause, source = cause.source(), "the archive takes nothing for now; it is tried again");
                    is_told = true;
                }
            }
            if self.pause_ends_it() {
                return Ok(false);
            }
        }
    }

    /// Takes out what is older than is kept, by the service's time: the machine's clock may be far off.
    fn trim(&self, writer: &mut ArchiveWriter) -> Result<(), ArchiveError> {
        match writer.trim(self.last.minus(self.retention)) {
            Ok(0) => {}
            Ok(removed) => info!(removed, "old alerts were taken out of the archive"),
            Err(cause @ ArchiveError::Damaged { .. }) => return Err(cause),
            Err(cause) => warn!(%cause, "old alerts stay in the archive for now"),
        }
        Ok(())
    }

    /// Waits before something is tried again; true: the service stops.
    fn pause_ends_it(&self) -> bool {
        self.rung.recv_timeout(NO_ROOM) == Err(RecvTimeoutError::Disconnected)
    }
}
