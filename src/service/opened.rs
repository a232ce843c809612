//! What a start makes of the data folder before anything runs: its logs, open, and the state that follows from them. It reads for as long
//! as the journal after the last snapshot is, so it belongs on a thread that may block.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    StartError,
    recovery::{Recovered, Recovery, Skips, awaited},
};
use crate::{
    engine::{Engine, SEMANTICS},
    journal::{EventLog, Journal, Options},
};

/// A data folder whose state is made.
pub(super) struct Opened {
    pub journal: Journal,
    pub events: EventLog,
    pub recovery: Recovery,
    pub engine: Engine,
}

impl Opened {
    /// Opens a folder, or makes it, and makes its state anew. Ends early when it is given up.
    pub fn new(data: &Path, given_up: &CancellationToken) -> Result<Self, StartError> {
        let options = Options {
            semantics: SEMANTICS,
            ..Options::default()
        };
        let opened = Journal::open(data, options)?;
        let (journal, mut events) = (opened.journal, opened.events);
        let (store, head) = (journal.identity().store, journal.next_offset());
        let recovery = Recovery {
            store,
            journal: journal.reader(),
            events: events.reader(),
            snapshots: opened.snapshots,
            skips: Arc::new(Mutex::new(Skips::before(head))),
        };
        let Recovered { engine, missing, .. } =
            recovery.replay_from(opened.snapshot.as_ref(), head, &|| awaited(given_up))?;
        if !missing.is_empty() {
            warn!(
                records = missing.len(),
                "the event log was cut short; what it lacks was decided again"
            );
            events.append(&missing)?;
        }
        info!(%store, offset = head, rules = engine.rules().rules.len(), "the state is made");
        Ok(Self {
            journal,
            events,
            recovery,
            engine,
        })
    }
}
