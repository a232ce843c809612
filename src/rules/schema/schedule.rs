//! The shape of schedules.

use schemars::JsonSchema;

use super::OneOrMore;

/// Times at which something holds.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Schedule {
    /// The zone whose clock it goes by: `Europe/Berlin`.
    time_zone: String,
    /// Days of the week, or spans of them: `mon-fri`.
    weekdays: Option<OneOrMore>,
    /// Dates, or spans of them: `2026-12-24`.
    dates: Option<OneOrMore>,
    /// Dates on which it does not hold.
    except: Option<OneOrMore>,
    /// Times of the day: `09:00-17:30`.
    times: Option<OneOrMore>,
}

/// Times of the week at which a silence holds.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct WeeklyTimes {
    /// The zone whose clock they go by: `Europe/Berlin`.
    time_zone: String,
    /// Days of the week, or spans of them: `mon-fri`; every day if not given.
    weekdays: Option<OneOrMore>,
    /// Times of the day: `22:00-06:00`; the whole day if not given.
    times: Option<OneOrMore>,
}
