//! Whether what a receiver is told has reached anybody there: asked of each recipient, and for ten minutes, after which it counts as stuck.
//! What whoever stands in is told then is absent: it is `reach`'s for the mails about groups, and `digest`'s for digests.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    engine::{
        deadlines::{Deadline, Timer},
        outbox::Finished,
        step::Step,
    },
    model::Time,
    rules::Receiver,
};

/// How long a mail may be on its way before those who stand in for the receiver are told.
const STUCK: Duration = Duration::from_mins(10);

/// What has left for all recipients of a receiver, and has reached none of them yet.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OnTheWay {
    /// To how many it still is.
    recipients: usize,
    /// When it counts as stuck.
    stuck: Deadline,
}

/// Whom it has reached.
pub(super) enum Reach {
    /// Nobody so far, but somebody may still get it.
    Open,
    /// One of them at least.
    Somebody,
    /// Nobody, and nobody will get it.
    Nobody,
}

impl OnTheWay {
    /// Something leaves now; `None`: nobody stands in for the receiver, so that nobody asks.
    pub fn new(step: &mut Step<'_>, receiver: &Receiver, stuck: Timer) -> Option<Self> {
        receiver.fallback.map(|_| Self {
            recipients: receiver.to.len() + receiver.cc.len(),
            stuck: step.deadlines.set(step.now.plus(STUCK), stuck),
        })
    }

    /// The mail to one recipient has arrived, or failed for good. Where that is not [`Reach::Open`], nothing is left to ask.
    pub fn ended(&mut self, step: &mut Step<'_>, finished: &Finished) -> Reach {
        self.recipients = self.recipients.saturating_sub(1);
        if !finished.delivered && self.recipients > 0 {
            return Reach::Open;
        }
        self.forget(step);
        match finished.delivered {
            true => Reach::Somebody,
            false => Reach::Nobody,
        }
    }

    /// Whether it has been on its way for too long.
    pub fn is_stuck(&self, now: Time) -> bool {
        self.stuck.at() <= now
    }

    /// Nobody asks any more.
    pub fn forget(&self, step: &mut Step<'_>) {
        step.deadlines.cancel(self.stuck);
    }
}
