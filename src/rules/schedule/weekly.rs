//! The schedule of a silence: times of the week, given with the silence itself, so that no reload changes it. Dates are absent: a silence
//! has a beginning and an end of its own.

use super::{Days, Schedule, Window, written};
use crate::{model::WeeklyTimes, rules::expr::Mistake};

/// A part of times of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeeklyPart {
    /// Their zone.
    TimeZone,
    /// One of the entries for days of the week, by its place.
    Weekdays(usize),
    /// One of the entries for times of the day, by its place.
    Times(usize),
}

impl Schedule {
    /// The schedule that times of the week are; it has no name.
    ///
    /// # Errors
    ///
    /// Every mistake in them, with the part that it is in: one at least.
    pub fn weekly(times: &WeeklyTimes) -> Result<Self, Vec<(WeeklyPart, Mistake)>> {
        let mut all = Vec::new();
        let mut within = |part, mistakes: Vec<Mistake>| all.extend(mistakes.into_iter().map(|mistake| (part, mistake)));

        let mut mistakes = Vec::new();
        let zone = written::time_zone(&times.time_zone, &mut mistakes);
        within(WeeklyPart::TimeZone, mistakes);
        let mut weekdays = [times.weekdays.is_empty(); 7];
        for (place, text) in times.weekdays.iter().enumerate() {
            let mut mistakes = Vec::new();
            for (day, is_named) in written::weekdays(text, &mut mistakes).into_iter().flatten().enumerate() {
                weekdays[day] |= is_named;
            }
            within(WeeklyPart::Weekdays(place), mistakes);
        }
        let mut windows = Vec::new();
        for (place, text) in times.times.iter().enumerate() {
            let mut mistakes = Vec::new();
            windows.extend(written::window(text, &mut mistakes));
            within(WeeklyPart::Times(place), mistakes);
        }
        if times.times.is_empty() {
            windows.push(Window::WHOLE_DAY);
        }
        windows.sort_unstable();

        match zone.filter(|_| all.is_empty()) {
            Some(zone) => Ok(Self {
                name: "".into(),
                zone,
                days: Days {
                    weekdays,
                    ..Days::default()
                },
                windows,
            }),
            None => Err(all),
        }
    }
}
