//! Alerts and what happens to them.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{Payload, SilenceId, Time};

/// How bad an alert is; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look soon.
    #[default]
    Warning,
    /// Worth waking somebody.
    Critical,
}

impl Severity {
    /// All, from the least to the worst.
    pub const ALL: [Severity; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// As rule files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The rule's name of the alerts that mail to a receiver has been waiting for too long, which no rule file made. Their key is the receiver.
pub const MAIL_WAITING: &str = "mail-waiting";

/// A firing's identity: a hash of the store, the rule, the key and the input that fired it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertId(pub u128);

/// 32 hexadecimal digits.
impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no alert's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an alert's id is 32 hexadecimal digits")]
pub struct NoAlertId;

impl FromStr for AlertId {
    type Err = NoAlertId;

    fn from_str(text: &str) -> Result<Self, NoAlertId> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_id.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or(NoAlertId)
    }
}

/// Names and values, in the order of the names.
pub type Labels = BTreeMap<CompactString, CompactString>;

/// A text that was filled in from notifications, with personal data masked and in clear.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FilledText {
    /// As everyone may see it.
    pub masked: String,
    /// As receivers see it that are allowed to; `None` where nothing in it is personal.
    pub clear: Option<String>,
}

impl FilledText {
    /// The text for a receiver that is, or is not, allowed to see personal data.
    pub fn shown(&self, clear: bool) -> &str {
        match &self.clear {
            Some(text) if clear => text,
            _ => &self.masked,
        }
    }
}

impl fmt::Debug for FilledText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.masked.fmt(f)
    }
}

/// Why an alert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResolveReason {
    /// The state that the rule watches no longer holds.
    Condition,
    /// The rule's `resolve.when` held.
    Match,
    /// The rule's `resolve.after` passed without a further match.
    Timeout,
    /// The meeting that it was about closed.
    MeetingClosed,
    /// An operator ended it.
    Operator,
    /// The rule's meaning was changed.
    RuleChanged,
    /// The rule was removed or switched off.
    RuleRemoved,
    /// The schedule outside of which the rule sees nothing has closed.
    OffSchedule,
    /// The engine failed on the rule again and again.
    RuleFailed,
    /// The rule reached its bound of open alerts and this one had been idle the longest.
    Evicted,
}

impl ResolveReason {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Condition => "the state has ended",
            Self::Match => "`resolve.when` held",
            Self::Timeout => "no further match",
            Self::MeetingClosed => "the meeting has closed",
            Self::Operator => "an operator ended it",
            Self::RuleChanged => "the rule was changed",
            Self::RuleRemoved => "the rule was removed",
            Self::OffSchedule => "the rule's schedule has closed",
            Self::RuleFailed => "the engine failed on the rule",
            Self::Evicted => "too many",
        }
    }
}

impl fmt::Display for ResolveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether an alert still burns, with what is known only then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlertState {
    /// Open.
    Firing,
    /// Over.
    Resolved {
        /// When.
        at: Time,
        /// Why.
        reason: ResolveReason,
    },
}

/// A notification that an alert rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its place in the order of acceptance.
    pub sequence: u64,
    /// When it counted.
    pub occurred_at: Time,
    /// When it was received.
    pub received_at: Time,
    /// Who sent it.
    pub source: CompactString,
    /// What it said.
    pub payload: Payload,
}

/// One firing of a rule for one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Identity of this firing.
    pub id: AlertId,
    /// The rule's name.
    pub rule: CompactString,
    /// How bad; never lowered while it burns.
    pub severity: Severity,
    /// Whether it still burns.
    pub state: AlertState,
    /// The rule's constant labels.
    pub labels: Labels,
    /// What it is about, by name, in the order of the rule's key.
    pub key: Vec<(CompactString, CompactString)>,
    /// One line, fixed at the firing.
    pub summary: FilledText,
    /// More, fixed at the firing; may be empty.
    pub description: FilledText,
    /// What to do about it; may be empty.
    pub runbook_url: String,
    /// When it fired.
    pub started_at: Time,
    /// When it last matched.
    pub last_seen_at: Time,
    /// How many times it matched, the first included.
    pub occurrences: u64,
    /// What it rests on, newest first.
    pub evidence: Vec<Arc<Evidence>>,
    /// Who has taken it on; `None`: nobody.
    pub acknowledgement: Option<Acknowledgement>,
    /// The silences that hold its mail back, in the order of their ids.
    pub silenced_by: Vec<SilenceId>,
    /// The oldest alert that holds its mail back, if one does.
    pub inhibited_by: Option<AlertId>,
}

impl Alert {
    /// The value of a name that alerts are grouped by or compared with: `rule`, `severity`, else a part of the key, else a label; empty
    /// where it has none of that name.
    pub fn value(&self, name: &str) -> &str {
        match name {
            "rule" => &self.rule,
            "severity" => self.severity.name(),
            _ => {
                let part = self.key.iter().find(|(known, _)| known == name).map(|(_, value)| value);
                part.or_else(|| self.labels.get(name)).map_or("", CompactString::as_str)
            }
        }
    }
}

/// Somebody's word that an alert is being seen to; it holds until the alert ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who, as the caller is known to the service.
    pub who: CompactString,
    /// Why, or what is being done; may be empty.
    pub why: String,
    /// When.
    pub at: Time,
}

/// The rule and the key, as alerts are written everywhere: `port-full{billing_code="33333"}`.
impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{", self.rule)?;
        for (i, (name, value)) in self.key.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlertEventKind {
    /// It opened.
    Fired,
    /// It matched again, or its severity was raised.
    Updated,
    /// Nobody took it on in time, and another receiver is told.
    Escalated,
    /// Somebody took it on.
    Acknowledged,
    /// A silence holds its mail back.
    Silenced,
    /// No silence holds its mail back any more.
    Unsilenced,
    /// Another alert holds its mail back.
    Inhibited,
    /// No alert holds its mail back any more.
    Uninhibited,
    /// It ended.
    Resolved,
}

impl AlertEventKind {
    /// All, in the order of their numbers on the wire.
    pub const ALL: [Self; 9] = [
        Self::Fired,
        Self::Updated,
        Self::Escalated,
        Self::Acknowledged,
        Self::Silenced,
        Self::Unsilenced,
        Self::Inhibited,
        Self::Uninhibited,
        Self::Resolved,
    ];

    /// As rule files and logs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Updated => "updated",
            Self::Escalated => "escalated",
            Self::Acknowledged => "acknowledged",
            Self::Silenced => "silenced",
            Self::Unsilenced => "unsilenced",
            Self::Inhibited => "inhibited",
            Self::Uninhibited => "uninhibited",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for AlertEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that happened to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEvent {
    /// Dense and increasing over all alert events.
    pub sequence: u64,
    /// What happened.
    pub kind: AlertEventKind,
    /// When, by the engine's time.
    pub at: Time,
    /// The alert after it.
    pub alert: Alert,
}
