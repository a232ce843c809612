//! A mail as data: to whom, in which thread, and what it tells. Its bytes are a function of this alone, so that every attempt gives the
//! same ones; making them is absent, and so is deciding what is told.

use std::{fmt, ops, sync::Arc, time::Duration};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{
    engine::TimelineEntry,
    model::{Alert, AlertId, Language, Severity, Time},
};

/// A mail's identity: a hash of its thread, its number there and the recipient; the same on every attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IntentId(pub u128);

/// 32 hexadecimal digits.
impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A mail that must reach one recipient: all that its text is a function of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Identity; the Message-ID is made of it.
    pub id: IntentId,
    /// The first mail of its thread to this recipient; its own id if it is that one.
    pub root: IntentId,
    /// The last mail of its thread to this recipient before this one; `None`: it begins the thread.
    pub answers: Option<IntentId>,
    /// Its number in its thread, from 1.
    pub number: u32,
    /// Which template the text is made with.
    pub template: u16,
    /// The language that it is written in.
    pub language: Language,
    /// The receiver's name.
    pub receiver: CompactString,
    /// The address that it goes to: one of `to` or `cc`.
    pub recipient: String,
    /// Whom its header names as its recipients; each gets a mail of its own.
    pub to: Vec<String>,
    /// Whom its header names as those who get a copy; each gets a mail of its own.
    pub cc: Vec<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Whether personal data is shown in clear.
    pub clear: bool,
    /// The mail's date.
    pub date: Time,
    /// The worst severity that it tells of; info for a drill.
    pub severity: Severity,
    /// What it tells; the mails to other recipients of the receiver share it.
    pub told: Arc<Told>,
}

impl Intent {
    /// The template that new intents are told with.
    pub const TEMPLATE: u16 = 2;
}

/// What a mail tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// What is new in a group of alerts, and what still burns in it.
    Group(GroupNews),
    /// What was held back because the receiver gets only so many mails an hour, or had no room in the outbox.
    Digest(Digest),
    /// A new rule set ended these alerts, which the receiver had been told of. They stand under `resolved`.
    RulesChanged(AlertList),
    /// Nothing happened: somebody tries whether mail arrives.
    Drill {
        /// Who.
        by: CompactString,
    },
}

impl Told {
    /// The alerts, if it tells of any.
    pub fn alerts(&self) -> Option<&AlertList> {
        match self {
            Self::Group(news) => Some(&news.alerts),
            Self::Digest(digest) => Some(&digest.alerts),
            Self::RulesChanged(alerts) => Some(alerts),
            Self::Drill { .. } => None,
        }
    }
}

/// What is new in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupNews {
    /// What its alerts have in common: the names that the route groups by, with their values, not masked; empty if it does by none.
    pub common: Vec<(CompactString, CompactString)>,
    /// Why this receiver is told.
    pub because: Because,
    /// The alerts.
    pub alerts: AlertList,
    /// The alerts of the group that burn and are not told of.
    pub held: Held,
    /// What happened in the meeting, oldest first, where all alerts listed are about one that is open; the newest few.
    pub timeline: Vec<TimelineEntry>,
}

/// Why a receiver is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Because {
    /// A route leads there.
    Routed,
    /// Nobody has acknowledged the alerts for so long after the first mail.
    Escalated {
        /// So long.
        after: Duration,
    },
    /// This receiver, to whom it was to go, could not be reached.
    Unreached {
        /// Its name.
        receiver: CompactString,
    },
}

/// The alerts that a mail tells of: in each list the worst first, of one severity the oldest. At most [`Self::MOST`] are listed, and those
/// are the worst of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertList {
    /// First told by this mail, and burning; or, where ends are not told, over by now.
    pub fired: Vec<Alert>,
    /// First told by this mail as over.
    pub resolved: Vec<Alert>,
    /// Told before, and burning.
    pub open: Vec<Alert>,
    /// How many of the open ones stand first in their list because their severity has risen since they were last told.
    pub raised: usize,
    /// How many more there are of each kind that are not listed.
    pub more: Numbers,
    /// Which these are, as far as they are known: at most [`Self::MOST_UNLISTED`].
    pub unlisted: Vec<AlertId>,
}

/// How many alerts there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// First told, and burning.
    pub fired: u64,
    /// First told as over.
    pub resolved: u64,
    /// Told before, and burning.
    pub open: u64,
}

impl ops::AddAssign for Numbers {
    fn add_assign(&mut self, other: Self) {
        self.fired += other.fired;
        self.resolved += other.resolved;
        self.open += other.open;
    }
}

impl AlertList {
    /// How many alerts one mail lists.
    pub const MOST: usize = 50;

    /// Of how many more the record of a mail tells that it told of them.
    pub const MOST_UNLISTED: usize = 1_000;

    /// All that are listed: the fired ones, the resolved ones, the open ones.
    pub fn iter(&self) -> impl Iterator<Item = &Alert> {
        self.fired.iter().chain(&self.resolved).chain(&self.open)
    }

    /// Notes alerts that are told of without being listed, as many as the record of a mail tells.
    pub fn note_unlisted(known: &mut Vec<AlertId>, ids: impl IntoIterator<Item = AlertId>) {
        let room = Self::MOST_UNLISTED.saturating_sub(known.len());
        known.extend(ids.into_iter().take(room));
    }

    /// The alerts that it tells of, listed or not, as far as they are known.
    pub fn ids(&self) -> impl Iterator<Item = AlertId> {
        self.iter().map(|alert| alert.id).chain(self.unlisted.iter().copied())
    }

    /// How many there are of each kind, listed or not.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            fired: self.more.fired + self.fired.len() as u64,
            resolved: self.more.resolved + self.resolved.len() as u64,
            open: self.more.open + self.open.len() as u64,
        }
    }
}

/// How many alerts of a group burn and are not told of now, each counted once, by the first reason that holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// A silence holds their mail back.
    pub silenced: u64,
    /// Another alert holds their mail back.
    pub inhibited: u64,
    /// Somebody has taken them on.
    pub acknowledged: u64,
}

/// Mails that were held back, told as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Why this receiver is told.
    pub because: Because,
    /// When the first of them was held back.
    pub since: Time,
    /// How many were held back because the receiver gets only so many an hour.
    pub held_back: u64,
    /// How many were given up because too many waited.
    pub given_up: u64,
    /// How many alerts of each rule they told of, in the order of the rules' names.
    pub by_rule: Vec<(CompactString, Numbers)>,
    /// The alerts, as they are now.
    pub alerts: AlertList,
}
