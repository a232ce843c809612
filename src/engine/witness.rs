//! The last notification that counted, kept for an alert that fires by the mere passing of time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{events::Shown, meeting::Place};
use crate::{
    model::Evidence,
    rules::facts::{AtHand, Facts, MeetingFacts, Previous},
};

/// A notification, and its meeting as far as it was known then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Witness {
    /// The occurrence that it belongs to.
    pub place: Place,
    pub evidence: Arc<Evidence>,
    /// For when nothing newer is known of the meeting.
    pub meeting: MeetingFacts,
}

impl Witness {
    pub fn of(shown: &Shown<'_>) -> Self {
        Self {
            place: shown.place,
            evidence: shown.received.evidence(),
            meeting: *shown.facts.meeting,
        }
    }

    /// What texts see of it and of what is known of its meeting now.
    pub fn facts<'a>(&'a self, meeting: &'a MeetingFacts) -> Facts<'a> {
        Facts {
            at_hand: AtHand::of(&self.evidence.payload),
            previous: Previous::Nothing,
            meeting,
            source: &self.evidence.source,
            occurred_at: self.evidence.occurred_at,
            received_at: self.evidence.received_at,
        }
    }
}
