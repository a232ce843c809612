//! What can be asked about who is told: the mails that wait, the groups, the silences.

use std::collections::BTreeMap;

use super::{Engine, outbox::Waiting};
use crate::model::{Silence, SilenceState, Time};

impl Engine {
    /// How many mails have no final outcome yet, and the date of the oldest.
    pub fn outbox(&self) -> (usize, Option<Time>) {
        self.state.alerts.outbox()
    }

    /// The mails that have no final outcome yet, by the name of their receiver. Looks at each of them.
    pub fn waiting_mails(&self) -> BTreeMap<&str, Waiting> {
        self.state.alerts.told().outbox.waiting()
    }

    /// The silences that have not ended, by their ids.
    pub fn silences(&self) -> impl Iterator<Item = (&Silence, SilenceState)> {
        self.state.alerts.told().silences()
    }

    /// The silences that have ended within the last 7 days, the newest 1,000 of them, in the order of their ends.
    pub fn ended_silences(&self) -> impl Iterator<Item = (&Silence, SilenceState)> {
        self.state.alerts.told().ended_silences(self.state.now)
    }

    /// How many groups of alerts there are.
    pub fn group_count(&self) -> usize {
        self.state.alerts.told().group_count()
    }
}
