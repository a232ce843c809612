//! The story: what a bridge reports in one hour, the same every time. Ordinary meetings, which must set off nothing, and between them
//! the incidents that operators know best. Those that take more than a demo's meetings are absent, such as rates of calls, and so is the
//! sending.

mod incidents;
mod meeting;
mod people;

use std::{collections::BTreeSet, time::Duration};

use self::meeting::Meeting;
use crate::model::Payload;

/// How long the story is.
pub(super) const LENGTH: Duration = Duration::from_hours(1);

/// How many meetings go as they should.
const ORDINARY: u32 = 30;

/// Something that the bridge reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// How far into the hour.
    pub(super) at: Duration,
    /// What it says.
    pub(super) payload: Payload,
}

/// All that the bridge reports, in its order.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) reports: Vec<Report>,
}

impl Story {
    /// How many meetings the first so many reports are of.
    pub(super) fn meetings(&self, reports: usize) -> usize {
        let reports = self.reports.iter().take(reports);
        let codes: BTreeSet<_> = reports.map(|report| report.payload.billing_code()).collect();
        codes.len()
    }
}

/// The hour.
pub(super) fn hour() -> Story {
    let mut dice = Dice(20_260_105);
    let mut meetings: Vec<Meeting> = (0..ORDINARY).map(|number| ordinary(number, &mut dice)).collect();
    meetings.extend(incidents::all(&mut dice));
    let mut reports: Vec<Report> = meetings.into_iter().flat_map(Meeting::into_reports).collect();
    // Stable: what one meeting reports in one second stays in its order.
    reports.sort_by_key(|report| report.at);
    Story { reports }
}

/// A meeting that goes as it should, somewhere in the hour.
fn ordinary(number: u32, dice: &mut Dice) -> Meeting {
    let begins = dice.roll(34 * 60);
    let ends = begins + 480 + dice.roll(1_000);
    let clients = [3, 4, 5, 6, 8][number as usize % 5];
    let mut meeting = Meeting::begin(810_400 + number, begins, clients, dice);
    meeting.talk(begins + 120, ends - 60, dice);
    meeting.close(ends)
}

/// What looks like chance, and is the same every time.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_is_in_order_within_its_length_and_the_same_every_time() {
        let Story { reports } = hour();
        assert!(reports.is_sorted_by_key(|report| report.at));
        assert!(reports.last().unwrap().at < LENGTH);
        assert_eq!(reports, hour().reports);
    }
}
