//! Values as a receiver may see them: masked unless it is allowed to see personal data, and free of what would break a line.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    email::clean::one_line,
    model::{Alert, Personal, Time},
};

/// Longest value, in characters: a name, a key's value, a line of evidence.
pub(super) const MAX_VALUE: usize = 200;

/// `2026-11-22 10:00:05 UTC`, whole seconds.
pub(super) fn utc(time: Time) -> String {
    let at = civil(time);
    format!("{} {} UTC", at.date(), at.time())
}

/// `10:00:05`, in UTC.
pub(super) fn clock(time: Time) -> String {
    civil(time).time().to_string()
}

/// `10:00:05`, in UTC; on another day than that of the mail with its date.
pub(super) fn clock_on(day: Time, time: Time) -> String {
    let at = civil(time);
    if civil(day).date() == at.date() {
        at.time().to_string()
    } else {
        format!("{} {}", at.date(), at.time())
    }
}

/// A time by the calendar in UTC, in whole seconds. jiff's own times reach further than ours.
fn civil(time: Time) -> DateTime {
    Timestamp::from_second(time.to_parts().0).map_or(DateTime::MIN, |at| TimeZone::UTC.to_datetime(at))
}

/// Personal data, masked or clear.
pub(super) fn personal(value: &Personal, clear: bool) -> String {
    let text = if clear {
        value.clear().to_owned()
    } else {
        value.masked()
    };
    one_line(&text, MAX_VALUE / 4)
}

/// A key's value, or a group's: a rule may take a name, a number or a city as its key.
pub(super) fn value(name: &str, value: &str, clear: bool) -> String {
    match name {
        "name" | "phone" | "acm_phone" | "city" => personal(&Personal::new(value), clear),
        _ => one_line(value, MAX_VALUE),
    }
}

/// The meeting that an alert is about, if its key says so.
pub(super) fn meeting(alert: &Alert) -> Option<&str> {
    let (_, code) = alert.key.iter().find(|(name, _)| name == "billing_code")?;
    Some(code)
}

/// Whether a link may lead there: what a client would do with another scheme is not ours to risk.
pub(super) fn is_link(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_can_be_shown() {
        assert_eq!(utc(Time::from_nanos(1_999_999_999)), "1970-01-01 00:00:01 UTC");
        assert_eq!(utc(Time::MIN), "1677-09-21 00:12:43 UTC");
        assert_eq!(utc(Time::MAX), "2262-04-11 23:47:16 UTC");
        assert_eq!(clock(Time::MAX), "23:47:16");
        assert_eq!(clock_on(Time::MAX, Time::MAX), "23:47:16");
        let day_before = Time::MAX.minus(std::time::Duration::from_hours(24));
        assert_eq!(clock_on(Time::MAX, day_before), "2262-04-10 23:47:16");
    }

    #[test]
    fn only_the_web_is_linked_to() {
        assert!(is_link("https://a.example") && is_link("http://a.example"));
        assert!(!is_link("javascript:alert(1)") && !is_link("") && !is_link("ftp://a.example"));
    }
}
