//! Durations as rule files write them: `90s`, `1m30s`, `500ms`, `2d`. Stricter than jiff's friendly format, which reads them: what
//! could be meant in two ways is refused with advice.

use std::time::Duration;

use jiff::{
    SignedDuration, SpanRelativeTo,
    fmt::friendly::{Spacing, SpanParser, SpanPrinter},
};
use thiserror::Error;

/// The longest duration that a rule may name.
pub const LONGEST: Duration = Duration::from_hours(30 * 24);

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurationError {
    /// A bare number.
    #[error("the unit is missing")]
    NoUnit {
        /// The number.
        number: String,
    },
    /// Less than nothing.
    #[error("a duration cannot be negative")]
    Negative,
    /// More than [`LONGEST`].
    #[error("longer than 30 days")]
    TooLong,
    /// Not in the form that rule files use.
    #[error("not a duration")]
    Unreadable {
        /// What was probably meant.
        meant: Option<String>,
    },
}

impl DurationError {
    /// What to write instead.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::NoUnit { number } => Some(format!("write `{number}s` or `{number}m`")),
            Self::Unreadable { meant: Some(meant) } => Some(format!("did you mean `{meant}`?")),
            Self::Unreadable { meant: None } => Some("write it like `90s`, `1m30s`, `500ms` or `2d`".to_owned()),
            Self::Negative | Self::TooLong => None,
        }
    }
}

/// Reads a duration of at most [`LONGEST`]; `0s` is one.
///
/// # Errors
///
/// A missing unit, a sign, blanks, long names of units and fractions.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    if text.starts_with('-') {
        return Err(DurationError::Negative);
    }
    if text.parse::<f64>().is_ok() {
        return Err(DurationError::NoUnit {
            number: text.to_owned(),
        });
    }
    let read = SpanParser::new().parse_span(text).ok();
    let read = read.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    match read.and_then(|signed| Duration::try_from(signed).ok()) {
        Some(duration) if duration > LONGEST => Err(DurationError::TooLong),
        Some(duration) if is_strict(text) => Ok(duration),
        duration => Err(DurationError::Unreadable {
            meant: duration.map(written),
        }),
    }
}

/// A duration as rule files write it.
pub fn written(duration: Duration) -> String {
    let signed = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    SpanPrinter::new().spacing(Spacing::None).duration_to_string(&signed)
}

/// Whether it is nothing but whole numbers, each with the short name of a unit.
fn is_strict(text: &str) -> bool {
    let units = text.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty());
    text.starts_with(|c: char| c.is_ascii_digit())
        && units.into_iter().all(|unit| ["d", "h", "m", "s", "ms"].contains(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_can_be_meant_in_one_way_only() {
        for (text, seconds) in [
            ("0s", 0.0),
            ("90s", 90.0),
            ("1m30s", 90.0),
            ("500ms", 0.5),
            ("24h", 86_400.0),
            ("30d", 2_592_000.0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_with_advice() {
        for (text, message, advice) in [
            ("5", "the unit is missing", Some("write `5s` or `5m`")),
            ("-5s", "a duration cannot be negative", None),
            ("5 min", "not a duration", Some("did you mean `5m`?")),
            ("1.5h", "not a duration", Some("did you mean `1h30m`?")),
            ("1m 30s", "not a duration", Some("did you mean `1m30s`?")),
            ("1 week", "not a duration", None),
            ("100000h", "longer than 30 days", None),
            (
                "soon",
                "not a duration",
                Some("write it like `90s`, `1m30s`, `500ms` or `2d`"),
            ),
            (
                "",
                "not a duration",
                Some("write it like `90s`, `1m30s`, `500ms` or `2d`"),
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
            if let Some(advice) = advice {
                assert_eq!(error.advice().as_deref(), Some(advice), "{text}");
            }
        }
    }
}
