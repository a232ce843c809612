//! Silences: times for which the mail of some alerts is held back. When they begin and end, and what that does, is the engine's.

use std::fmt;

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
