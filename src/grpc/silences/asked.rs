//! A silence as it is asked for, checked field by field. Whether it can be made now is absent: that is the engine's to say.

use std::time::Duration;

use crate::{
    api::{self, CreateSilenceRequest},
    clock,
    engine::input::NewSilence,
    grpc::{acts, filter, from_proto, status::Refused},
    model::{Time, WeeklyTimes},
    rules::schedule::{Schedule, WeeklyPart},
};

/// How long a silence lasts at most: one that nobody remembers hides what it was not made for.
const LONGEST: Duration = Duration::from_hours(90 * 24);

/// How many entries a schedule has for weekdays, and for times.
const MOST_ENTRIES: usize = 24;

/// The longest name of a time zone, in bytes.
const LONGEST_ZONE: usize = 64;

/// Reads the request for a silence.
pub(super) fn new_silence(request: CreateSilenceRequest) -> Result<NewSilence, Refused> {
    if filter::compile(&request.filter)?.is_none() {
        return Err(required("filter", "a filter is required; true takes all alerts"));
    }
    let ends_at = request
        .ends_at
        .ok_or_else(|| required("ends_at", "when it ends is required"))?;
    let ends_at = from_proto::timestamp(ends_at, "ends_at")?;
    let starts_at = match request.starts_at {
        Some(starts_at) => from_proto::timestamp(starts_at, "starts_at")?,
        None => Time::MIN,
    };
    if ends_at <= starts_at {
        return Err(over("must come after starts_at"));
    }
    if ends_at > starts_at.max(clock::wall()).plus(LONGEST) {
        return Err(over(
            "must come within 90 days of its beginning; for longer, a route has `mute`",
        ));
    }
    Ok(NewSilence {
        filter: request.filter,
        starts_at,
        ends_at,
        schedule: request.schedule.map(schedule).transpose()?,
        author: acts::name(request.author, "author")?.into(),
        comment: acts::comment(request.comment)?,
    })
}

fn schedule(asked: api::WeeklyTimes) -> Result<WeeklyTimes, Refused> {
    let api::WeeklyTimes {
        time_zone,
        weekdays,
        times,
    } = asked;
    if time_zone.is_empty() {
        return Err(required("schedule.time_zone", "a time zone is required"));
    }
    if time_zone.len() > LONGEST_ZONE {
        let advice = format!("{LONGEST_ZONE} bytes at most");
        return Err(Refused::invalid("schedule.time_zone", "VALUE_TOO_LONG", advice));
    }
    if weekdays.is_empty() && times.is_empty() {
        return Err(required("schedule.times", "weekdays, times or both are required"));
    }
    for (field, entries) in [("schedule.weekdays", &weekdays), ("schedule.times", &times)] {
        if entries.len() > MOST_ENTRIES {
            return Err(Refused::too_many_items(field, MOST_ENTRIES));
        }
    }
    let times = WeeklyTimes {
        time_zone,
        weekdays,
        times,
    };
    match Schedule::weekly(&times) {
        Ok(_) => Ok(times),
        Err(mistakes) => Err(mistakes.first().map_or_else(Refused::internal, |(part, mistake)| {
            unreadable(*part, mistake.advice.as_deref().unwrap_or_default())
        })),
    }
}

/// A part of a schedule that cannot be read; what was written is not told.
fn unreadable(part: WeeklyPart, advice: &str) -> Refused {
    let (field, what) = match part {
        WeeklyPart::TimeZone => ("schedule.time_zone".to_owned(), "no time zone"),
        WeeklyPart::Weekdays(place) => (format!("schedule.weekdays[{place}]"), "no days of the week"),
        WeeklyPart::Times(place) => (format!("schedule.times[{place}]"), "no times of the day"),
    };
    Refused::invalid(field, "BAD_SCHEDULE", format!("{what}; {advice}"))
}

fn required(field: &'static str, advice: &'static str) -> Refused {
    Refused::invalid(field, "REQUIRED_FIELD_MISSING", advice)
}

/// One that ends too early, or too late.
pub(super) fn over(advice: &'static str) -> Refused {
    Refused::invalid("ends_at", "OUT_OF_RANGE", advice)
}
