//! What a lane sends next: attempts out of the queue, made into mails. A lane may look at the next one before it takes it, to tell the
//! relay of it, and gives it back where it cannot take it soon: another lane may.

use std::sync::Arc;

use super::{
    Sender,
    dkim::Signer,
    message::{ComposeError, Mail, compose},
    queue::{MailQueue, Taken},
};
use crate::{
    engine::outbox::Intent,
    metrics::{MailMetrics, UnderWay},
};

/// How mails are made.
#[derive(Clone)]
pub(super) struct Composer {
    pub from: Sender,
    pub console: Option<String>,
    pub signer: Option<Arc<Signer>>,
}

impl Composer {
    fn mail(&self, intent: &Intent) -> Result<Mail, ComposeError> {
        let mut mail = compose(intent, &self.from, self.console.as_deref())?;
        if let Some(signer) = &self.signer {
            mail.bytes = signer.sign(&mail.bytes, intent.date)?;
        }
        Ok(mail)
    }
}

/// An attempt with its mail, or why there is none.
pub(super) struct Prepared {
    pub taken: Taken,
    pub mail: Result<Mail, ComposeError>,
    pub under_way: UnderWay,
}

/// The next mails of one lane.
pub(super) struct Upcoming {
    queue: MailQueue,
    composer: Composer,
    metrics: MailMetrics,
    seen: Option<Prepared>,
}

impl Upcoming {
    pub(super) fn new(queue: MailQueue, composer: Composer, metrics: MailMetrics) -> Self {
        Self {
            queue,
            composer,
            metrics,
            seen: None,
        }
    }

    /// The next one, as soon as there is one.
    pub(super) async fn take(&mut self) -> Option<Prepared> {
        match self.seen.take() {
            Some(seen) => Some(seen),
            None => Some(self.prepare(self.queue.take().await?)),
        }
    }

    /// The next one, if there is one; it is also the one that [`Self::take`] gives next.
    pub(super) fn look(&mut self) -> Option<&Prepared> {
        if self.seen.is_none() {
            self.seen = self.queue.take_waiting().map(|taken| self.prepare(taken));
        }
        self.seen.as_ref()
    }

    /// Gives the one that was looked at, if there is one, back to whoever is free.
    pub(super) fn give_back(&mut self) {
        if let Some(Prepared { taken, .. }) = self.seen.take() {
            self.queue.put_back(taken);
        }
    }

    fn prepare(&self, taken: Taken) -> Prepared {
        Prepared {
            mail: self.composer.mail(&taken.attempt.intent),
            taken,
            under_way: self.metrics.under_way(),
        }
    }
}
