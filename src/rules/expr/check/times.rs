//! Times, durations and their parts on the calendar.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Checker, Mistake, Value};
use crate::rules::{
    expr::{
        syntax::Node,
        tree::{Arithmetic, CalendarPart, Number},
        vocabulary::Type,
    },
    zone,
};

impl Checker<'_> {
    pub(super) fn timestamp(&mut self, node: &Node) -> Option<Value> {
        let text = self.literal(node, "the argument of timestamp()")?;
        let Some(nanos) = instant(&text) else {
            let mistake = Mistake::new(
                node.span.clone(),
                format!("`{text}` is no time between the years 1678 and 2262"),
            );
            self.report(mistake.advise("write it as in timestamp('2026-01-05T08:00:00Z')"));
            return None;
        };
        Some(Value::Number(Number::Const(nanos), Type::Timestamp))
    }

    pub(super) fn duration(&mut self, node: &Node) -> Option<Value> {
        let text = self.literal(node, "the argument of duration()")?;
        let Some(nanos) = length(&text) else {
            let mistake = Mistake::new(node.span.clone(), format!("`{text}` is no duration"));
            self.report(mistake.advise("write it as in duration('1m30s'): h, m, s, ms, us, ns"));
            return None;
        };
        Some(Value::Number(Number::Const(nanos), Type::Duration))
    }

    /// A part of a time in a zone, or the whole of a duration in a unit.
    pub(super) fn calendar(
        &mut self,
        node: &Node,
        name: &str,
        part: CalendarPart,
        of: &Node,
        zone: Option<&Node>,
    ) -> Option<Value> {
        let value = self.value(of);
        let is_zoned = zone.is_some();
        let zone = zone.map_or(Some(TimeZone::UTC), |zone| self.zone(zone));
        let number = match value? {
            Value::Number(number, Type::Timestamp) => Number::Calendar(part, Box::new((number, zone?))),
            Value::Number(number, Type::Duration) if !is_zoned => {
                let Some(unit) = unit(part) else {
                    let mistake = Mistake::new(node.span.clone(), format!("a duration has no {name}"));
                    self.report(
                        mistake.advise("compare it: d > duration('5m'), or use getHours, getMinutes, getSeconds"),
                    );
                    return None;
                };
                Number::Arithmetic(Arithmetic::Divide, Box::new((number, Number::Const(unit))))
            }
            other => {
                let message = format!("`{}` is {}, not a time", self.source(of), other.kind());
                self.mistake(of, message);
                return None;
            }
        };
        Some(Value::Number(number, Type::Int))
    }

    fn zone(&mut self, node: &Node) -> Option<TimeZone> {
        let name = self.literal(node, "the time zone")?;
        let zone = zone::named(&name);
        if zone.is_none() {
            let mistake = Mistake::new(node.span.clone(), format!("`{name}` is no time zone"));
            self.report(mistake.advise("write a name such as 'Asia/Shanghai', or an offset such as '+08:00'"));
        }
        zone
    }
}

pub(super) fn calendar_part(name: &str) -> Option<CalendarPart> {
    Some(match name {
        "getFullYear" => CalendarPart::FullYear,
        "getMonth" => CalendarPart::Month,
        "getDate" => CalendarPart::Date,
        "getDayOfMonth" => CalendarPart::DayOfMonth,
        "getDayOfWeek" => CalendarPart::DayOfWeek,
        "getDayOfYear" => CalendarPart::DayOfYear,
        "getHours" => CalendarPart::Hours,
        "getMinutes" => CalendarPart::Minutes,
        "getSeconds" => CalendarPart::Seconds,
        "getMilliseconds" => CalendarPart::Milliseconds,
        _ => return None,
    })
}

/// The nanoseconds in a unit of which a duration can be so many. Milliseconds are absent: implementations of CEL differ on whether they
/// are all of them or those beyond the second.
fn unit(part: CalendarPart) -> Option<i64> {
    match part {
        CalendarPart::Hours => Some(3_600_000_000_000),
        CalendarPart::Minutes => Some(60_000_000_000),
        CalendarPart::Seconds => Some(1_000_000_000),
        _ => None,
    }
}

/// The nanoseconds since 1970 of a time as RFC 3339 has it; jiff reads shorter and longer forms, too, which other readers of CEL do not.
fn instant(text: &str) -> Option<i64> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let rest = shape.strip_prefix("0000-00-00T00:00:00")?;
    let zone = match rest.strip_prefix(".0") {
        Some(fraction) => fraction.trim_start_matches('0'),
        None => rest,
    };
    if !["Z", "+00:00", "-00:00"].contains(&zone) {
        return None;
    }
    i64::try_from(text.parse::<Timestamp>().ok()?.as_nanosecond()).ok()
}

/// The nanoseconds of a duration as CEL has it: `1m30s`, `-1.5h`, `0`.
fn length(text: &str) -> Option<i64> {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    let mut sum = (!rest.is_empty()).then_some(SignedDuration::ZERO)?;
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let unit = rest.find(|c| !is_number(c))?;
        let end = rest[unit..].find(is_number).map_or(rest.len(), |next| unit + next);
        if !["h", "m", "s", "ms", "us", "ns"].contains(&&rest[unit..end]) {
            return None;
        }
        sum = sum.checked_add(rest[..end].parse().ok()?)?;
        rest = &rest[end..];
    }
    let sum = if text.starts_with('-') { -sum } else { sum };
    i64::try_from(sum.as_nanos()).ok()
}
