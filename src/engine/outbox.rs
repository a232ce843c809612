//! Mails on their way: what is to be said to whom, and when it is tried again. Rendering and sending are absent: they are `email`'s.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::input::MailResult;
use crate::model::{Alert, AlertEventKind, AlertId, Time};

/// A mail's identity: a hash of the alert, the number of the notice and the recipient; the same on every attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IntentId(pub u128);

/// 32 hexadecimal digits.
impl std::fmt::Display for IntentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A mail that must reach one recipient: all that its text is a function of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Identity; the Message-ID is made of it.
    pub id: IntentId,
    /// The first mail of the same thread (this alert, this recipient): itself, or the one that it answers.
    pub root: IntentId,
    /// Which template the text is made with.
    pub template: u16,
    /// What is told: a firing or an end.
    pub notice: AlertEventKind,
    /// The alert as it was then.
    pub alert: Alert,
    /// The receiver's name.
    pub receiver: CompactString,
    /// The address that it goes to.
    pub recipient: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Whether personal data is shown in clear.
    pub clear: bool,
    /// The mail's date.
    pub date: Time,
}

impl Intent {
    /// The template that new intents are told with.
    pub const TEMPLATE: u16 = 1;
}

/// One try at sending a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which try, from 1.
    pub number: u32,
    /// What is to be sent.
    pub intent: Intent,
}

/// How one attempt ended, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which mail.
    pub intent: IntentId,
    /// Which alert it told of.
    pub alert: AlertId,
    /// The receiver's name.
    pub receiver: CompactString,
    /// The address.
    pub recipient: String,
    /// Which try, from 1.
    pub attempt: u32,
    /// When its end was recorded.
    pub at: Time,
    /// How it ended.
    pub result: MailResult,
    /// When it is tried again; `None`: this was the last.
    pub retry_at: Option<Time>,
}
