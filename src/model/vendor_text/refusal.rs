//! What the caller is told about a text that cannot be read: the reason, the key and the place, never a value.

use std::fmt;

use super::super::malformed::Reason;

/// Why a text is refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// What is wrong.
    pub reason: Reason,
    /// The vendor's key that it concerns, if it concerns one.
    pub key: Option<&'static str>,
    /// The place: characters from 1, a byte-order mark counted. `None` where something is missing.
    pub column: Option<usize>,
    /// What may have been meant.
    pub hint: Option<Hint>,
}

/// What may have been meant by a text that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The missing key stands there in other letter case.
    LetterCase,
    /// The text has the keys of a "conf".
    LooksLikeConf,
    /// The text has the keys of a "party".
    LooksLikeParty,
    /// The time would be plausible in seconds; milliseconds are expected.
    LooksLikeSeconds,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = self.key {
            write!(f, "{key}: ")?;
        }
        write!(f, "{}", self.reason)?;
        if let Some(column) = self.column {
            write!(f, ", at column {column}")?;
        }
        match (self.hint, self.key) {
            (Some(Hint::LetterCase), Some(key)) => write!(f, "; did you mean {key}? Letter case counts"),
            (Some(Hint::LooksLikeConf), _) => f.write_str("; looks like conf"),
            (Some(Hint::LooksLikeParty), _) => f.write_str("; looks like party"),
            (Some(Hint::LooksLikeSeconds), _) => f.write_str("; milliseconds expected, looks like seconds"),
            (Some(Hint::LetterCase) | None, _) => Ok(()),
        }
    }
}
