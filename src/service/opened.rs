//! What a start makes of the data folder before anything runs: its logs, open, and the state that follows from them. It reads for as long
//! as the journal after the last snapshot is, so it belongs on a thread that may block.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

use super::{
    StartError,
    recovery::{Recovered, Recovery, Skips, awaited},
};
use crate::{
    engine::{Engine, SEMANTICS},
    journal::{EventLog, Journal, Options},
};

/// A data folder that is being opened, on a thread of its own. Dropped, it is given up, and left as a crash would leave it.
#[derive(Debug)]
pub struct Opening {
    folder: PathBuf,
    opening: JoinHandle<Result<Opened, StartError>>,
    _awaited: DropGuard,
}

impl Opening {
    /// Begins to open a folder, or to make it, and to make its state anew; on the current tokio runtime.
    pub fn begin(folder: PathBuf) -> Self {
        let given_up = CancellationToken::new();
        Self {
            opening: spawn_blocking({
                let (folder, given_up) = (folder.clone(), given_up.clone());
                move || Opened::new(&folder, &given_up)
            }),
            folder,
            _awaited: given_up.drop_guard(),
        }
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until it is open.
    pub(super) async fn opened(&mut self) -> Result<Opened, StartError> {
        (&mut self.opening).await.map_err(|_| StartError::Stopped)?
    }
}

/// A data folder whose state is made.
#[derive(Debug)]
pub(super) struct Opened {
    pub journal: Journal,
    pub events: EventLog,
    pub recovery: Recovery,
    pub engine: Engine,
}

impl Opened {
    /// Opens a folder, or makes it, and makes its state anew. Ends early when it is given up.
    fn new(data: &Path, given_up: &CancellationToken) -> Result<Self, StartError> {
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
