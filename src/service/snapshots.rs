//! Snapshots, made beside the deciding engine: the newest one and the inputs since give the next, and what those inputs say again is
//! compared with what was said. So each snapshot is also a proof that storage reads back and that decisions repeat.

use std::{sync::Arc, thread, time::Duration};

use tokio::{sync::watch, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{
    Fatal,
    handle::{Handle, Keep},
    recovery::{Recovered, Recovery, RecoveryError, awaited},
};
use crate::{
    engine::SEMANTICS,
    journal::{JournalError, SnapshotHeader},
};

/// How often one is made, if anything has happened.
const EVERY: Duration = Duration::from_mins(5);

/// How many inputs there are between two at most.
const INPUTS: u64 = 500_000;

/// The maker is woken each time that so many more inputs have been decided upon.
const STRIDE: u64 = INPUTS / 50;

/// So many notifications wait in a peak: more than are decided upon in a few milliseconds.
pub(super) const PEAK: usize = 2048;

/// How many inputs may come while one waits for a peak to pass. A start has those to make up for, too.
const PATIENCE: u64 = 2 * INPUTS;

/// How often is looked whether the peak has passed.
const LOOK: Duration = Duration::from_millis(10);

/// How many snapshots a start may fall back through: the journal is kept from the oldest of them on.
const FALLBACKS: usize = 3;

/// How much of the journal and of the event log is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retention {
    pub age: Duration,
    /// Of the journal, in bytes.
    pub bytes: u64,
}

/// Whether the maker is to be woken when what has been decided upon grows like this.
pub(super) fn is_news(before: u64, now: u64) -> bool {
    now / STRIDE > before / STRIDE
}

/// Makes snapshots until told to stop, and trims what they make needless.
pub(super) async fn run(
    recovery: Recovery,
    handle: Handle,
    mut decided: watch::Receiver<u64>,
    keep: Retention,
    fatal: Fatal,
    stop: CancellationToken,
) {
    let recovery = Arc::new(recovery);
    let mut made = *decided.borrow();
    let mut timer = tokio::time::interval(EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer.tick().await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
            reached = decided.wait_for(|decided| *decided >= made + INPUTS) => if reached.is_err() { return },
        }
        let until = *decided.borrow();
        if until == made {
            continue;
        }
        // What the snapshot claims to follow must be durable before the snapshot is.
        let synced = tokio::select! {
            () = stop.cancelled() => return,
            synced = handle.sync_events() => synced,
        };
        if synced.is_err() {
            return;
        }
        made = until;
        let recovery = Arc::clone(&recovery);
        let peak = Peak {
            handle: handle.clone(),
            decided: decided.clone(),
            ends_at: until + PATIENCE,
        };
        let given_up = stop.clone();
        let making = tokio::task::spawn_blocking(move || {
            make(&recovery, until, keep, &|| {
                peak.wait_out(&given_up);
                awaited(&given_up)
            })
        });
        let made = tokio::select! {
            // The end of the service makes one of its own.
            () = stop.cancelled() => return,
            made = making => made,
        };
        let keep = match made {
            Ok(Ok(keep)) => keep,
            Ok(Err(cause)) if cause.is_divergence() => return fatal.report(cause.into()),
            Ok(Err(cause)) => {
                error!(%cause, "no snapshot could be made; the next attempt is in {EVERY:?}");
                continue;
            }
            Err(cause) => return fatal.report(cause.into()),
        };
        if let Some(keep) = keep
            && handle.trim(keep).await.is_err()
        {
            return;
        }
    }
}

/// A peak of notifications, which the maker leaves the processors to: snapshots can wait, and callers do.
pub(super) struct Peak {
    pub handle: Handle,
    pub decided: watch::Receiver<u64>,
    /// The offset at which what comes is no peak any more, but how things are.
    pub ends_at: u64,
}

impl Peak {
    pub fn lasts(&self) -> bool {
        self.handle.waiting() >= PEAK && *self.decided.borrow() < self.ends_at
    }

    fn wait_out(&self, given_up: &CancellationToken) {
        while self.lasts() && !given_up.is_cancelled() {
            thread::sleep(LOOK);
        }
    }
}

/// Makes one, as long as `go_on` lets it; tells what is to be kept, if there are as many as a start may have to fall back through.
pub(super) fn make(
    recovery: &Recovery,
    until: u64,
    keep: Retention,
    go_on: &impl Fn() -> Result<(), RecoveryError>,
) -> Result<Option<Keep>, RecoveryError> {
    let recovered = recovery.until(until, go_on)?;
    write(recovery, until, &recovered)?;
    let snapshots = recovery.snapshots.list()?;
    let oldest = snapshots.len().checked_sub(FALLBACKS).map(|oldest| snapshots[oldest]);
    Ok(oldest.map(|oldest| Keep {
        // By the service's time: the machine's clock may be far off.
        since: recovered.engine.now().minus(keep.age).min(oldest.time),
        bytes: keep.bytes,
        from: oldest.offset,
    }))
}

/// Writes the state before an offset, which ends a frame, and removes the snapshots that are not needed any more.
pub(super) fn write(recovery: &Recovery, offset: u64, recovered: &Recovered) -> Result<(), JournalError> {
    let Some(last_hash) = recovered.last_hash else {
        return Ok(());
    };
    let engine = &recovered.engine;
    let header = SnapshotHeader {
        offset,
        last_hash,
        time: engine.now(),
        event_sequence: engine.next_event() - 1,
        last_event: recovered.last_event,
        semantics: SEMANTICS,
    };
    recovery.snapshots.write(&header, &engine.snapshot())?;
    recovery.snapshots.prune(recovery.journal.earliest())?;
    info!(offset, "the state is in a snapshot");
    Ok(())
}
