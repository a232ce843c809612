//! Silences: times for which the mail of some alerts is held back. When they begin and end, and what that does, is the engine's.

use std::{fmt, str::FromStr};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::Time;

/// A silence's identity: a hash of the store and of the input that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SilenceId(pub u128);

/// 32 hexadecimal digits.
impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no silence's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a silence's id is 32 hexadecimal digits")]
pub struct NoSilenceId;

impl FromStr for SilenceId {
    type Err = NoSilenceId;

    fn from_str(text: &str) -> Result<Self, NoSilenceId> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_id.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or(NoSilenceId)
    }
}

/// A time for which the mail of the alerts that a filter takes is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Identity.
    pub id: SilenceId,
    /// CEL over the alert.
    pub filter: String,
    /// When it begins.
    pub starts_at: Time,
    /// When it ends; later than it begins.
    pub ends_at: Time,
    /// Who made it.
    pub author: CompactString,
    /// Why; may be empty.
    pub comment: String,
}
