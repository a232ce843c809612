//! What can be asked about who is told: the mails that wait, the groups, the silences.

use super::Engine;
use crate::model::{Silence, SilenceState, Time};

impl Engine {
    /// How many mails have no final outcome yet, and the date of the oldest.
    pub fn outbox(&self) -> (usize, Option<Time>) {
        self.state.alerts.outbox()
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
