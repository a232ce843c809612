//! When a schedule is open: times of the day, on days of the week or dates, in a time zone. A pure function of the instant: zones come
//! from the database that is compiled in. Who heeds a schedule is absent, and so is how it is written.
//!
//! A time of day means the first moment at which the zone's clock shows that time or a later one. So a time that the clock skips in
//! spring is the moment of the skip, one that it shows twice in autumn is its first, and two schedules that hand over at one time of day
//! do so without a gap and without an overlap, whatever the clock does.

mod days;
mod weekly;
pub mod written;

use std::ops::Range;

use blake3::Hasher;
use compact_str::CompactString;
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time as Clock},
    tz::{AmbiguousOffset, TimeZone},
};

use crate::model::Time;

pub use self::{days::Days, weekly::WeeklyPart};

/// For how many days after all that its dates say a schedule is looked at for a change: several turns of the week, so that a change that
/// falls into an hour which the clock skips is found a week later.
const HORIZON: i64 = 28;

/// How far from the day that the clock shows an opening that reaches an instant may begin: it may last over midnight, and where the clock
/// is put back over midnight, or the date line moves, the day itself is off by one.
const REACH: i64 = 2;

/// As the clock counts them, on a day on which it is not changed.
pub const MINUTES_A_DAY: u16 = 24 * 60;

/// Times at which something holds.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Unique name; empty for that of a silence.
    pub name: CompactString,
    /// The zone whose clock it goes by.
    pub zone: TimeZone,
    /// The days on which its windows begin.
    pub days: Days,
    /// Its times on each of these days; they may overlap.
    pub windows: Vec<Window>,
}

/// A part of a day, in minutes after its midnight; it may reach into the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    start: u16,
    end: u16,
}

impl Window {
    /// From one time of day, in minutes after midnight, to the next time that the clock shows the other; `None` if both are the same.
    pub const fn new(start: u16, end: u16) -> Option<Self> {
        let start = start % MINUTES_A_DAY;
        if start < end {
            Some(Self { start, end })
        } else if start > end {
            let end = end + MINUTES_A_DAY;
            Some(Self { start, end })
        } else {
            None
        }
    }

    /// From midnight to midnight.
    pub const WHOLE_DAY: Self = Self {
        start: 0,
        end: MINUTES_A_DAY,
    };
}

impl Schedule {
    /// Whether it is open at that instant. It is at the one at which it opens, and no longer at the one at which it closes.
    pub fn contains(&self, at: Time) -> bool {
        let day = self.day(at);
        let (first, last) = (day.saturating_sub(REACH.days()), day.saturating_add(REACH.days()));
        self.openings(first, last).any(|open| open.contains(&at))
    }

    /// The first instant after that one at which it opens or closes; `None`: it never does again.
    pub fn next_change(&self, at: Time) -> Option<Time> {
        let day = self.day(at);
        let end = self.days.last_date().map_or(day, |last| last.max(day));
        let end = end.saturating_add(HORIZON.days());
        let mut open_until: Option<Time> = None;
        for open in self.openings(day.saturating_sub(REACH.days()), end) {
            match open_until {
                None if open.end <= at => {}
                None if open.start > at => return Some(open.start),
                None => open_until = Some(open.end),
                Some(until) if open.start > until => return Some(until),
                Some(until) => open_until = Some(until.max(open.end)),
            }
        }
        // What lasts as long as has been looked at lasts for ever.
        open_until.filter(|until| self.day(*until) < end)
    }

    /// Whether it is open at any time from the one to before the other.
    pub fn is_open_within(&self, span: Range<Time>) -> bool {
        let opens_later = || self.next_change(span.start).is_some_and(|at| at < span.end);
        self.contains(span.start) || opens_later()
    }

    /// Adds what decides when it is open to a digest; its name does not.
    pub fn digest(&self, hasher: &mut Hasher) {
        let zone = self
            .zone
            .iana_name()
            .map_or_else(|| self.zone.to_offset(Timestamp::UNIX_EPOCH).to_string(), str::to_owned);
        hasher.update(format!("{zone};{:?};", self.days).as_bytes());
        for Window { start, end } in &self.windows {
            hasher.update(format!("{start}-{end};").as_bytes());
        }
    }

    /// When it is open, by windows that begin on these days, in the order of their beginnings. A window that the clock skips is not there.
    fn openings(&self, first: Date, last: Date) -> impl Iterator<Item = Range<Time>> {
        let days = first.series(1.day()).take_while(move |day| *day <= last);
        days.filter(|day| self.days.contains(*day))
            .flat_map(|day| self.windows.iter().map(move |window| (day, window)))
            .filter_map(|(day, window)| Some(self.moment(day, window.start)?..self.moment(day, window.end)?))
            .filter(|open| !open.is_empty())
    }

    /// The first moment at which the clock shows so many minutes after that day's midnight, or more.
    fn moment(&self, day: Date, minutes: u16) -> Option<Time> {
        let day = day.checked_add(i64::from(minutes / MINUTES_A_DAY).days()).ok()?;
        let minutes = i64::from(minutes % MINUTES_A_DAY);
        let shown = day.to_datetime(Clock::midnight().checked_add(minutes.minutes()).ok()?);
        let moment = match self.zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(shown).ok()?,
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(shown).ok()?,
            // With the offset that comes after the skip, the time lies before it.
            AmbiguousOffset::Gap { after, .. } => {
                let before = after.to_timestamp(shown).ok()?;
                self.zone.following(before).next()?.timestamp()
            }
        };
        i64::try_from(moment.as_nanosecond()).ok().map(Time::from_nanos)
    }

    /// The day that the clock shows.
    fn day(&self, at: Time) -> Date {
        let timestamp = Timestamp::from_nanosecond(at.as_nanos().into());
        timestamp.map_or(Date::ZERO, |timestamp| self.zone.to_datetime(timestamp).date())
    }
}

#[cfg(test)]
mod tests;
