//! A notification as the engine takes it in: numbered, and with the time that it counts at.

use std::{cell::OnceCell, sync::Arc};

use super::{counts::Counts, input::Settings};
use crate::{
    model::{Evidence, Notification, Time},
    rules::facts::{AtHand, Facts, MeetingFacts, Previous},
};

/// A notification with the times that it counts at.
pub(super) struct Received<'a> {
    pub sequence: u64,
    pub notification: &'a Notification,
    /// When it counts.
    pub at: Time,
    /// Where it stands in the order of what happened: an older one never overwrites newer state.
    pub order: Time,
    pub received_at: Time,
    /// Made when it is first asked for.
    evidence: OnceCell<Arc<Evidence>>,
}

impl<'n> Received<'n> {
    /// Dates a notification that is received now: it counts at its `occurred_at`, unless that lies in the future or is too long ago.
    pub fn new(
        now: Time,
        sequence: u64,
        notification: &'n Notification,
        settings: &Settings,
        counts: &mut Counts,
    ) -> Self {
        let order = notification.occurred_at.unwrap_or(now).min(now);
        let at = match notification.occurred_at {
            Some(at) if at > now => {
                counts.early += 1;
                now
            }
            Some(at) if at < now.minus(settings.lateness) => {
                counts.late += 1;
                now
            }
            Some(at) => at,
            None => now,
        };
        Self {
            sequence,
            notification,
            at,
            order,
            received_at: now,
            evidence: OnceCell::new(),
        }
    }

    /// What is kept of it to show why an alert fired.
    pub fn evidence(&self) -> Arc<Evidence> {
        let evidence = || Evidence {
            sequence: self.sequence,
            occurred_at: self.at,
            received_at: self.received_at,
            source: self.notification.source.clone(),
            payload: self.notification.payload.clone(),
        };
        Arc::clone(self.evidence.get_or_init(|| Arc::new(evidence())))
    }

    /// What expressions see of it.
    pub fn facts<'a>(&'a self, previous: Previous<'a>, meeting: &'a MeetingFacts) -> Facts<'a> {
        Facts {
            at_hand: AtHand::of(&self.notification.payload),
            previous,
            meeting,
            source: &self.notification.source,
            occurred_at: self.at,
            received_at: self.received_at,
        }
    }
}
