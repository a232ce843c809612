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
    /// It is older than the lateness bound, and has been counted as late.
    pub is_too_late: bool,
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
        let is_early = notification.occurred_at.is_some_and(|at| at > now);
        let is_too_late = order < now.minus(settings.lateness);
        counts.early += u64::from(is_early);
        counts.late += u64::from(is_too_late);
        Self {
            sequence,
            notification,
            at: if is_too_late { now } else { order },
            order,
            received_at: now,
            is_too_late,
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
