//! A group: the alerts that one mail to one receiver tells of. What it knows of each, and when it has something to tell. Who belongs to
//! it is absent, and so is making the mail.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::reach::Watched;
use crate::{
    engine::{
        deadlines::Deadline,
        lifecycle::{AlertAge, Open, OpenAlert},
        meeting::Place,
        outbox::{AlertList, Because, IntentId},
    },
    model::{Alert, AlertId, Severity, Time},
    rules::{GroupBy, Route, RuleSet},
};

/// A group's number: they are counted as they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(in crate::engine) struct GroupNo(pub u32);

/// What makes two groups one: the receiver, and what its alerts have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct GroupName {
    pub receiver: CompactString,
    pub names: Vec<CompactString>,
    pub values: Vec<CompactString>,
    /// Where each alert is a group of its own: the alert.
    pub alone: Option<AlertId>,
}

impl GroupName {
    /// The group that a route puts an alert into, for that receiver.
    pub fn of(route: &Route, receiver: &str, alert: &Alert) -> Self {
        let receiver = receiver.into();
        match &route.group_by {
            GroupBy::Each => Self {
                receiver,
                names: Vec::new(),
                values: Vec::new(),
                alone: Some(alert.id),
            },
            GroupBy::Names(names) => Self {
                receiver,
                values: names.iter().map(|name| alert.value(name).into()).collect(),
                names: names.clone(),
                alone: None,
            },
        }
    }
}

/// A group.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub name: GroupName,
    /// Index of the route that set it up; of several, the first. `None`: no route leads here any more.
    pub route: Option<u32>,
    /// Index of its receiver.
    pub receiver: u32,
    /// A hash of what it is and of the alert that it began with: its mails are a thread.
    pub thread: u128,
    pub members: BTreeMap<AlertAge, Member>,
    pub ended: Ended,
    /// When the last mail about it left.
    pub told_at: Option<Time>,
    /// How many mails there were, each to all recipients.
    pub notices: u32,
    /// By recipient.
    pub threads: BTreeMap<String, Thread>,
    /// The mails that the fallback is told of if they do not arrive.
    pub watched: Vec<Watched>,
    /// When it is looked at next.
    pub turn: Option<Deadline>,
}

/// What a group knows of an alert that is open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Member {
    /// Why it is in the group.
    pub because: Because,
    /// What there is to tell of it.
    pub change: Option<Change>,
    pub told: Option<ToldOf>,
    /// How many escalations of its route have been due.
    pub escalated: u32,
    /// No route leads here any more: it stays to be told of its end alone.
    pub leaves: bool,
}

/// Something to tell: a firing, or a raised severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Change {
    pub at: Time,
    /// It waits for nothing.
    pub at_once: bool,
}

/// The mails that told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToldOf {
    pub first: Time,
    pub last: Time,
    pub mails: u32,
    /// As it was told last.
    pub severity: Severity,
}

/// The alerts of a group that are over and to be told so.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ended {
    /// As many as a mail lists.
    pub listed: Vec<EndedAlert>,
    /// How many more there are.
    pub more: u64,
    /// When the first of these ended.
    pub first: Option<Change>,
}

/// An alert that is over and to be told so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct EndedAlert {
    pub age: AlertAge,
    pub alert: Alert,
    /// The occurrence of a meeting that it was about, if it was about one.
    pub place: Option<Place>,
    /// Its firing was told; else it is an event, which is told in any case.
    pub was_told: bool,
    pub change: Change,
}

/// The mails about a group to one recipient.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Thread {
    pub root: IntentId,
    pub last: IntentId,
    /// One of them arrived.
    pub reached: bool,
}

impl Member {
    /// One that has not been told of.
    pub const fn new(because: Because, change: Change) -> Self {
        Self {
            because,
            change: Some(change),
            told: None,
            escalated: 0,
            leaves: false,
        }
    }

    /// Whether it is listed among what burns, if a mail leaves.
    pub fn is_shown(&self, alert: &Alert) -> bool {
        !self.leaves && !is_held(alert) && (self.change.is_some() || alert.acknowledgement.is_none())
    }

    /// Takes note of a mail that tells of it.
    pub fn tell(&mut self, at: Time, severity: Severity) {
        self.change = None;
        let before = self.told;
        self.told = Some(ToldOf {
            first: before.map_or(at, |told| told.first),
            last: at,
            mails: before.map_or(0, |told| told.mails).saturating_add(1),
            severity,
        });
    }

    /// When it is told again though nothing has changed.
    fn repeat_at(&self, route: &Route) -> Option<Time> {
        let told = self.told?;
        route.repeat.after(told.mails).map(|after| told.last.plus(after))
    }

    /// When the next escalation is due.
    pub fn escalates_at(&self, route: &Route) -> Option<Time> {
        let step = route.escalate.get(usize::try_from(self.escalated).ok()?)?;
        (self.because == Because::Routed).then(|| self.told.map(|told| told.first.plus(step.after)))?
    }
}

/// Whether the mail about an alert is held back, whichever group it is in.
pub(super) fn is_held(alert: &Alert) -> bool {
    !alert.silenced_by.is_empty() || alert.inhibited_by.is_some()
}

impl Group {
    /// The route that sets its pace.
    pub fn route<'r>(&self, rules: &'r RuleSet) -> Option<&'r Route> {
        rules.routes.get(usize::try_from(self.route?).ok()?)
    }

    /// Its place among what happens at one instant: by the order of routes, then of receivers, then of groups.
    pub fn rank(&self, no: GroupNo) -> u64 {
        let route = self.route.map_or(0x7fff, |route| route.min(0x7fff));
        u64::from(route) << 47 | u64::from(self.receiver.min(0x7fff)) << 32 | u64::from(no.0)
    }

    /// When a mail about a change leaves, if nothing holds it back.
    pub fn due(&self, change: Change, rules: &RuleSet) -> Time {
        if change.at_once {
            return change.at;
        }
        let Some(route) = self.route(rules) else {
            return change.at;
        };
        let due = change.at.plus(route.group_wait);
        match self.told_at {
            Some(told_at) => due.max(told_at.plus(route.group_interval)),
            None => due,
        }
    }

    /// Whether a route leads an alert here.
    pub fn is_routed(&self) -> bool {
        let mut members = self.members.values();
        members.any(|member| member.because == Because::Routed && !member.leaves)
    }

    /// Whether nothing is left to be told.
    pub fn is_over(&self) -> bool {
        self.members.is_empty() && self.ended.is_empty() && self.watched.is_empty()
    }

    /// When there is next something to tell of the alerts that burn, schedules apart.
    pub fn next_of_burning(&self, rules: &RuleSet, open: &Open) -> Option<Time> {
        let route = self.route(rules);
        let of_member = |(age, member): (&AlertAge, &Member)| {
            let OpenAlert { alert, .. } = open.get(age)?;
            if member.leaves || is_held(alert) {
                return None;
            }
            let change = member.change.map(|change| self.due(change, rules));
            let goes_on = alert.acknowledgement.is_none();
            let repeat = route.filter(|_| goes_on).and_then(|route| member.repeat_at(route));
            let escalation = route.filter(|_| goes_on).and_then(|route| member.escalates_at(route));
            [change, repeat, escalation].into_iter().flatten().min()
        };
        self.members.iter().filter_map(of_member).min()
    }

    /// Whether a mail is due because of the alerts that burn.
    pub fn tells_of_burning(&self, rules: &RuleSet, open: &Open, now: Time) -> bool {
        let route = self.route(rules);
        self.members.iter().any(|(age, member)| {
            let Some(OpenAlert { alert, .. }) = open.get(age) else {
                return false;
            };
            let is_due = |at: Option<Time>| at.is_some_and(|at| at <= now);
            let repeat = route.filter(|_| alert.acknowledgement.is_none());
            !member.leaves
                && !is_held(alert)
                && (is_due(member.change.map(|change| self.due(change, rules)))
                    || is_due(repeat.and_then(|route| member.repeat_at(route))))
        })
    }

    /// When there is next an end to tell; those of untold alerts count where that is not held back.
    pub fn next_of_ended(&self, rules: &RuleSet, with_untold: bool) -> Option<Time> {
        let listed = self.ended.listed.iter();
        let listed = listed.filter(|ended| with_untold || ended.was_told);
        let changes = listed.map(|ended| ended.change).chain(self.ended.first);
        changes.map(|change| self.due(change, rules)).min()
    }
}

impl Ended {
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.more == 0
    }

    /// Takes in an alert that is over.
    pub fn add(&mut self, ended: EndedAlert) {
        if self.listed.len() < AlertList::MOST {
            self.listed.push(ended);
        } else {
            self.more += 1;
            self.first.get_or_insert(ended.change);
        }
    }
}
