//! What the single values of a notification must be like, whichever form it came in, and the reasons for refusing one that is not.
//!
//! Only what cannot be read is refused. What can be read but contradicts other notifications is deliberately not looked at: the bridge
//! may be right.

use std::{fmt, time::Duration};

use super::Time;

/// The longest value, in bytes. A longer one is refused, never cut.
pub const MAX_VALUE_BYTES: usize = 4096;

/// How far a `connectTime` may lie ahead of the receipt.
const MAX_AHEAD: Duration = Duration::from_hours(24);

/// 2000-01-01T00:00:00Z, long before the vendor's first call. Seconds that were taken for milliseconds fall before it.
const EARLIEST_CONNECT: Time = Time::from_nanos(946_684_800 * 1_000_000_000);

/// Why a notification is refused. Its [`name`](Reason::name) is the `ErrorInfo.reason` of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// What must be there is not.
    RequiredFieldMissing,
    /// The notification says neither "conf" nor "party" nor raw text.
    PayloadMissing,
    /// The type of a raw text is neither "conf" nor "party".
    UnknownType,
    /// What identifies something is empty or blank; taken as it is, it would join all strangers.
    EmptyValue,
    /// A value is longer than [`MAX_VALUE_BYTES`], or an id than 128 bytes.
    ValueTooLong,
    /// What identifies something holds a control or bidirectional character.
    ControlCharacter,
    /// A code or a time is not a decimal integer.
    NotAnInteger,
    /// A code does not fit 32 bits.
    OutOfInt32,
    /// A protobuf timestamp or duration whose parts are not valid.
    BadTimestamp,
    /// A `connectTime` before 2000 or more than 24 hours after the receipt.
    ImplausibleTime,
    /// The text does not begin with a brace.
    MissingBrace,
    /// A key stands without an equals sign.
    MissingEquals,
    /// What stands where a key is due cannot be one.
    BadKey,
    /// A key stands twice, be it with the same value.
    DuplicateKey,
    /// More unknown keys than are kept.
    TooManyFields,
    /// A comma without a pair before it.
    EmptyPair,
    /// A value without quotes is not just letters and digits.
    Unquoted,
    /// A quote inside a value may be its end or not.
    AmbiguousQuote,
    /// A quote or the brace is never closed.
    Unterminated,
    /// Something follows the closing brace.
    TrailingText,
}

impl Reason {
    /// As it stands in `ErrorInfo.reason`; part of the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequiredFieldMissing => "REQUIRED_FIELD_MISSING",
            Self::PayloadMissing => "PAYLOAD_MISSING",
            Self::UnknownType => "UNKNOWN_TYPE",
            Self::EmptyValue => "EMPTY_VALUE",
            Self::ValueTooLong => "VALUE_TOO_LONG",
            Self::ControlCharacter => "CONTROL_CHARACTER",
            Self::NotAnInteger => "NOT_AN_INTEGER",
            Self::OutOfInt32 => "OUT_OF_INT32",
            Self::BadTimestamp => "BAD_TIMESTAMP",
            Self::ImplausibleTime => "IMPLAUSIBLE_TIME",
            Self::MissingBrace => "MISSING_BRACE",
            Self::MissingEquals => "MISSING_EQUALS",
            Self::BadKey => "BAD_KEY",
            Self::DuplicateKey => "DUPLICATE_KEY",
            Self::TooManyFields => "TOO_MANY_FIELDS",
            Self::EmptyPair => "EMPTY_PAIR",
            Self::Unquoted => "UNQUOTED",
            Self::AmbiguousQuote => "AMBIGUOUS_QUOTE",
            Self::Unterminated => "UNTERMINATED",
            Self::TrailingText => "TRAILING_TEXT",
        }
    }
}

/// What is wrong and what would be right, in words.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RequiredFieldMissing => "required, but missing",
            Self::PayloadMissing => "one of conf, party and raw is required",
            Self::UnknownType => "must be \"conf\" or \"party\"",
            Self::EmptyValue => "must not be empty",
            Self::ValueTooLong => "too long: 4096 bytes are allowed, 128 for an id",
            Self::ControlCharacter => "must not hold control or bidirectional characters",
            Self::NotAnInteger => "must be a decimal integer",
            Self::OutOfInt32 => "must fit a 32-bit integer",
            Self::BadTimestamp => "not a valid protobuf timestamp or duration",
            Self::ImplausibleTime => "must lie between the year 2000 and 24 hours after the receipt",
            Self::MissingBrace => "the text must begin with a brace",
            Self::MissingEquals => "an equals sign is due after the key",
            Self::BadKey => "a key must consist of letters, digits, '_', '-' and '.'",
            Self::DuplicateKey => "the key stands twice",
            Self::TooManyFields => "at most 32 unknown keys, of 8192 bytes in all, are allowed",
            Self::EmptyPair => "a comma without a pair before it",
            Self::Unquoted => "a value of more than letters and digits must be quoted",
            Self::AmbiguousQuote => "this quote may end the value or belong to it",
            Self::Unterminated => "a quote or the brace is not closed",
            Self::TrailingText => "nothing may follow the closing brace",
        })
    }
}

/// Checks a value that identifies something: a billing code, a participant, a caller's id.
pub fn identifier(value: &str, max_bytes: usize) -> Result<(), Reason> {
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && value.len() <= max_bytes {
        // Nearly all are, and looking at bytes is quicker than at characters.
        Ok(())
    } else if value.trim().is_empty() {
        Err(Reason::EmptyValue)
    } else if value.len() > max_bytes {
        Err(Reason::ValueTooLong)
    } else if value.chars().any(is_hidden) {
        Err(Reason::ControlCharacter)
    } else {
        Ok(())
    }
}

/// Checks free text. It may hold anything, since an alert must not be lost over a name; whoever shows it neutralises it.
pub fn free_text(value: &str) -> Result<(), Reason> {
    if value.len() > MAX_VALUE_BYTES {
        Err(Reason::ValueTooLong)
    } else {
        Ok(())
    }
}

/// Checks the time at which a participant was connected.
pub fn connect_time(time: Time, received: Time) -> Result<(), Reason> {
    if (EARLIEST_CONNECT..=received.plus(MAX_AHEAD)).contains(&time) {
        Ok(())
    } else {
        Err(Reason::ImplausibleTime)
    }
}

/// A control character (C0, C1) or one that turns the direction of writing, with which one identifier can pass for another.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
