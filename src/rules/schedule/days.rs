//! The days on which a schedule opens.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

/// Days of the week and single dates, but for some dates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Days {
    /// Whether each day of the week is one of them, from Monday on.
    pub weekdays: [bool; 7],
    /// Dates that are among them, whatever day of the week they are.
    pub dates: BTreeSet<Date>,
    /// Dates that are not among them in any case.
    pub except: BTreeSet<Date>,
}

impl Days {
    /// The days of the week, in its order, as they are written.
    pub const WEEKDAYS: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// Whether that day is one of them.
    pub fn contains(&self, day: Date) -> bool {
        (self.has_weekday(day.weekday()) || self.dates.contains(&day)) && !self.except.contains(&day)
    }

    /// The last date that it names; afterwards every week is like the one before.
    pub fn last_date(&self) -> Option<Date> {
        self.dates.last().max(self.except.last()).copied()
    }

    /// Whether there is any day among them.
    pub fn is_empty(&self) -> bool {
        !self.weekdays.contains(&true) && self.dates.is_subset(&self.except)
    }

    fn has_weekday(&self, weekday: Weekday) -> bool {
        let place = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or_default();
        self.weekdays[place]
    }
}
