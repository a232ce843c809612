//! Questions about the past: asked of the archive as soon as it holds all that was durable when the call came.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::status::Refused;
use crate::{
    api,
    archive::{ArchiveError, ArchiveReader, ArchiveReaders},
    journal::Position,
    service::{Fanout, Handle},
};

/// How long the archive is waited for.
const CATCH_UP: Duration = Duration::from_secs(5);

/// The archive, with what tells how far it has to be. Cheap to clone.
#[derive(Clone)]
pub(super) struct Archived {
    pub handle: Handle,
    pub fanout: Arc<Fanout>,
    /// How far the archive got.
    pub reached: watch::Receiver<Option<Position>>,
    /// Who read it.
    pub readers: Arc<ArchiveReaders>,
}

impl Archived {
    /// Asks something, off the async workers.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&ArchiveReader) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, Refused> {
        self.catch_up().await?;
        let readers = Arc::clone(&self.readers);
        let answered = tokio::task::spawn_blocking(move || readers.ask(question));
        match answered.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(cause)) => {
                tracing::error!(%cause, "the archive cannot be read");
                Err(Refused::internal())
            }
            Err(_) => Err(Refused::internal()),
        }
    }

    /// The alert of an id that must be given and known.
    pub async fn alert(&self, id: String) -> Result<api::Alert, Refused> {
        if id.is_empty() {
            let advice = "an alert's id is required";
            return Err(Refused::invalid("id", "REQUIRED_FIELD_MISSING", advice));
        }
        let alert = self.ask(move |archive| archive.get_alert(&id)).await?;
        alert.ok_or_else(|| Refused::not_found("alert"))
    }

    /// Waits until the archive is there: a question goes through the queue behind all that was submitted. An archive that does not get
    /// there, because the disk is full say, is told of.
    async fn catch_up(&self) -> Result<(), Refused> {
        let fanout = Arc::clone(&self.fanout);
        let last = self.handle.query(move |_| fanout.last_record()).await?;
        let mut reached = self.reached.clone();
        match timeout(CATCH_UP, reached.wait_for(|reached| *reached >= last)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Refused::draining()),
            Err(_) => Err(Refused::archive_behind()),
        }
    }
}
