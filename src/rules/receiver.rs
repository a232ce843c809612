//! Somebody who is told of alerts by mail.

use compact_str::CompactString;

use crate::model::Language;

/// Somebody who is told of alerts by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Unique name.
    pub name: CompactString,
    /// Addresses; each gets a mail of its own. Checked to be well-formed.
    pub to: Vec<String>,
    /// Addresses that get a copy, which is a mail of its own too.
    pub cc: Vec<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Whether personal data is shown in clear.
    pub clear: bool,
    /// Whether the end of an alert is told.
    pub send_resolved: bool,
    /// How many mails it gets within any hour at most, those about critical alerts aside; `None`: any number.
    pub max_per_hour: Option<u32>,
    /// The language that it is told in.
    pub language: Language,
    /// Index of the receiver that is told where this one cannot be reached.
    pub fallback: Option<usize>,
}
