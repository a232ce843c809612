//! Everything that may change what the service does.

use std::{sync::Arc, time::Duration};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::outbox::IntentId;
use crate::{
    model::{AlertId, Notification, SilenceId, Time, WeeklyTimes},
    rules::{RuleSet, RuleSource},
};

/// One entry of the journal. Its time is its frame's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Input {
    /// A notification was taken in.
    Notification(Notification),
    /// A deadline may have passed: nothing but time.
    Tick,
    /// The process started: what was under way outside is unknown, and these settings hold from here on.
    Start(Settings),
    /// These rules hold from here on.
    Rules(NewRules),
    /// An attempt to send a mail ended.
    Mail(MailOutcome),
    /// An input made the engine fail; it is left out whenever the journal is read again.
    Skip {
        /// Its offset.
        offset: u64,
        /// The rule that was at work, if one was. At the second failure within an hour it is set aside.
        rule: Option<CompactString>,
    },
    /// Somebody wants the mail of some alerts held back for a time.
    Silence(NewSilence),
    /// A silence ends now, whenever it was to.
    ExpireSilence(SilenceId),
    /// Somebody takes an alert on.
    Acknowledge {
        /// Which.
        alert: AlertId,
        /// Who.
        who: CompactString,
        /// Why, or what is being done; may be empty.
        why: String,
    },
    /// Somebody ends an alert.
    Resolve {
        /// Which.
        alert: AlertId,
    },
    /// Somebody tries whether mail reaches a receiver.
    Drill {
        /// The receiver's name.
        receiver: CompactString,
        /// Who.
        by: CompactString,
    },
}

/// A silence as it is asked for. It has been checked: its filter compiles, its schedule can be read, and it ends after it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSilence {
    /// CEL over the alert.
    pub filter: String,
    /// When it begins; at once, if that has passed.
    pub starts_at: Time,
    /// When it ends.
    pub ends_at: Time,
    /// Between these, when it holds mail back; `None`: all the time.
    pub schedule: Option<WeeklyTimes>,
    /// Who makes it.
    pub author: CompactString,
    /// Why; may be empty.
    pub comment: String,
}

/// A rule set to put in force. Only its text is journaled; the compiled form is its function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewRules {
    /// The text. It compiles: it was checked before it was journaled.
    pub source: Arc<RuleSource>,
    /// The compiled form, where somebody has made it already.
    #[serde(skip)]
    pub compiled: Option<Arc<RuleSet>>,
}

/// What the engine reads of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How far back `occurred_at` may lie before it is ignored.
    pub lateness: Duration,
    /// How long an ended meeting stays open for what comes late.
    pub grace: Duration,
    /// How long a meeting stays open without a word.
    pub meeting_idle: Duration,
    /// For how long after the last word a second start is a repeat.
    pub restart_gap: Duration,
    /// How long an id is remembered at most.
    pub id_horizon: Duration,
    /// How many ids of one source are remembered at most.
    pub ids_per_source: u32,
    /// How many participants one meeting holds at most.
    pub participants_per_meeting: u32,
    /// How many meetings are open at once at most.
    pub meetings: u32,
    /// How many alerts of one rule are open at once at most.
    pub alerts_per_rule: u32,
    /// How many keys one rule keeps state for at most, held states apart.
    pub keys_per_rule: u32,
    /// How many keys all rules keep state for at most.
    pub keys: u32,
    /// How many mails wait at most.
    pub outbox: u32,
    /// How many groups of alerts there are at once at most.
    pub groups: u32,
    /// How many silences there are at once at most, those that have not begun included.
    pub silences: u32,
    /// By how many hundredths the time until a further attempt at a mail is made longer or shorter at most, so that many do not come at
    /// once.
    pub retry_spread: u32,
}

impl Settings {
    /// How many keys each of so many rules keeps state for at most. No rule takes another's place: rules that could are refused at
    /// load, and those that were loaded under wider bounds share what there is.
    pub fn keys_of_a_rule(&self, rules: u32) -> usize {
        self.keys_per_rule.min(self.keys / rules.max(1)).max(1) as usize
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lateness: Duration::from_mins(10),
            grace: Duration::from_secs(20),
            meeting_idle: Duration::from_hours(24),
            restart_gap: Duration::from_mins(10),
            id_horizon: Duration::from_hours(24),
            ids_per_source: 1_000_000,
            participants_per_meeting: 5_000,
            meetings: 200_000,
            alerts_per_rule: 10_000,
            keys_per_rule: 20_000,
            keys: 2_000_000,
            outbox: 100_000,
            groups: 100_000,
            silences: 1_000,
            retry_spread: 20,
        }
    }
}

/// How an attempt to send a mail ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailOutcome {
    /// Which mail.
    pub intent: IntentId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How.
    pub result: MailResult,
}

/// How an attempt to send a mail ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailResult {
    /// The server took it, with this answer; or the file with this name was written.
    Sent(String),
    /// Not now: a 4xx answer, a time-out, no connection. To be tried again.
    Deferred(String),
    /// Never: a 5xx answer to this recipient.
    Refused(String),
}
