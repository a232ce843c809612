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
    /// Between these, when it holds mail back; `None`: all the time.
    pub schedule: Option<WeeklyTimes>,
    /// Who made it.
    pub author: CompactString,
    /// Why; may be empty.
    pub comment: String,
}

/// Times of the week, as they are written in rule files and as somebody wrote them; they have been read, and can be read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyTimes {
    /// `Asia/Shanghai`, `+08:00`
    pub time_zone: String,
    /// `mon`, `mon-fri`; every day if there are none.
    pub weekdays: Vec<String>,
    /// `09:00-18:00`, `22:00-06:00`; the whole day if there are none.
    pub times: Vec<String>,
}

/// Where a silence is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilenceState {
    /// It holds nothing back, and will from then on at the earliest.
    Pending {
        /// When that changes.
        until: Time,
    },
    /// It holds mail back.
    Active {
        /// When that changes, if nobody ends it before.
        until: Time,
    },
    /// It is over.
    Ended {
        /// Since then.
        at: Time,
    },
}
