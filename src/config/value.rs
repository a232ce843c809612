//! How single values are read and written: durations, sizes and counts with their ranges, addresses, log levels. The ranges stand beside
//! the fields, as arguments of these functions, so that the reader can name a bad value's place.

use std::{fmt, net::SocketAddr, time::Duration};

use jiff::{Span, SpanRelativeTo, SpanRound, Unit};
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use tracing_subscriber::EnvFilter;

/// Reads a duration such as `10m`, `1h30m` or `30d`, from `MIN` to `MAX` seconds.
pub(super) fn duration<'de, const MIN: u64, const MAX: u64, D: Deserializer<'de>>(
    from: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let (min, max) = (Duration::from_secs(MIN), Duration::from_secs(MAX));
    parse_duration(&text)
        .filter(|duration| (min..=max).contains(duration))
        .ok_or_else(|| {
            D::Error::custom(format_args!(
                "expected a duration with its unit, from {} to {}, such as 90s, 10m or 30d",
                Friendly(min),
                Friendly(max)
            ))
        })
}

/// A duration with its unit; a day has 24 hours. `None` for anything else, a negative one included.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(duration).ok()
}

pub(super) fn write_duration<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&Friendly(*duration))
}

/// A duration as people write it: `30d`, `1h 30m`.
struct Friendly(Duration);

impl fmt::Display for Friendly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = SpanRound::new().largest(Unit::Day).days_are_24_hours();
        match Span::try_from(self.0).and_then(|span| span.round(days)) {
            Ok(span) => write!(f, "{span:#}"),
            Err(_) => write!(f, "{}s", self.0.as_secs()),
        }
    }
}

/// Reads a whole number from `MIN` to `MAX`.
pub(super) fn count<'de, const MIN: u32, const MAX: u32, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let text = String::deserialize(from)?;
    text.replace('_', "")
        .parse()
        .ok()
        .filter(|count| (MIN..=MAX).contains(count))
        .ok_or_else(|| D::Error::custom(format_args!("expected a whole number from {MIN} to {MAX}")))
}

const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// Reads a size in bytes such as `64KiB`, `1MiB` or `1000`, from `MIN` to `MAX` bytes.
pub(super) fn size<'de, const MIN: u64, const MAX: u64, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    parse_size(&text)
        .filter(|bytes| (MIN..=MAX).contains(bytes))
        .ok_or_else(|| {
            D::Error::custom(format_args!(
                "expected a size in bytes, from {} to {}, such as 64KiB or 1MiB",
                Bytes(MIN),
                Bytes(MAX)
            ))
        })
}

fn parse_size(text: &str) -> Option<u64> {
    for (unit, bytes) in UNITS {
        if let Some(number) = text.strip_suffix(unit) {
            return number.trim_end().parse::<u64>().ok()?.checked_mul(bytes);
        }
    }
    text.parse().ok()
}

pub(super) fn write_size<S: Serializer>(bytes: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&Bytes(*bytes))
}

/// A size in the largest unit that divides it.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS
            .into_iter()
            .find(|(_, bytes)| self.0 >= *bytes && self.0.is_multiple_of(*bytes))
        {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => self.0.fmt(f),
        }
    }
}

/// Reads an address with its port. A name is refused: what it resolves to would decide who can connect.
pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    String::deserialize(from)?
        .parse()
        .map_err(|_| D::Error::custom("expected an IP address and a port, such as 127.0.0.1:7400 or [::1]:7400"))
}

/// Reads a level or directives.
pub(super) fn level<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    parse_level(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// The text itself, if it is a level or directives.
pub(super) fn parse_level(text: &str) -> Result<String, &'static str> {
    match EnvFilter::builder().parse(text) {
        Ok(_) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("expected error, warn, info, debug or trace, or directives such as info,bellwether::engine=debug"),
    }
}
