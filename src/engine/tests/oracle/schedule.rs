//! Times of day, in UTC, at which rules look.

use std::time::Duration;

use crate::model::Time;

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    pub name: &'static str,
    /// From and to, in minutes of the day.
    pub times: &'static [(i64, i64)],
}

pub(super) const SCHEDULES: [Schedule; 3] = [
    Schedule {
        name: "now-and-then",
        times: &[(480, 481), (482, 490), (500, 1430)],
    },
    Schedule {
        name: "soon",
        times: &[(481, 960)],
    },
    Schedule {
        name: "over-midnight",
        times: &[(1200, 1440), (0, 483)],
    },
];

impl Schedule {
    pub fn is_open(self, at: Time) -> bool {
        let nanos = at.as_nanos().rem_euclid(DAY);
        let mut times = self.times.iter();
        times.any(|(from, to)| nanos >= from * MINUTE && nanos < to * MINUTE)
    }

    /// When it next opens or closes: at a full minute.
    pub fn turns_after(self, at: Time) -> Time {
        let full = Time::from_nanos(at.as_nanos().div_euclid(MINUTE) * MINUTE);
        let minutes = (1..).map(|minutes| full.plus(Duration::from_mins(minutes)));
        let mut turns = minutes.skip_while(|minute| self.is_open(*minute) == self.is_open(at));
        turns.next().expect("it is not always open")
    }
}
