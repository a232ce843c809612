//! A group: the alerts that one mail to one receiver tells of. What it knows of each, and when it has something to tell. Who belongs to
//! it is absent, and so is making the mail.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{ended::Ended, reach::Watched};
use crate::{
    engine::{
        deadlines::Deadline,
        lifecycle::{AlertAge, Open, OpenAlert},
        outbox::{Because, IntentId},
    },
    model::{Alert, AlertId, Severity, Time},
    rules::{Escalation, GroupBy, Route, RuleSet},
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
    /// Index of the first route that led an alert here: the group's place in the order of mails, and nothing else.
    pub route: Option<u32>,
    /// Index of its receiver.
    pub receiver: u32,
    /// A hash of what it is, of its number and of the alert that it began with: its mails are a thread.
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
    /// Index of the route that it goes by: when it is told and told again, what holds it back, and who else is told. Where none leads here,
    /// that is the one whose receiver this one was told in addition to. `None`: no route takes the alert any more.
    pub route: Option<u32>,
    /// A route leads here.
    pub is_routed: bool,
    /// Why it was put here last. Whoever was told in addition stays, whether a route leads here or not.
    pub because: Because,
    /// What there is to tell of it.
    pub change: Option<Change>,
    pub told: Option<ToldOf>,
    /// To which receivers it was escalated, each as often as it was.
    pub escalated: Vec<CompactString>,
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
    pub fn new(route: Option<u32>, because: Because, change: Change) -> Self {
        Self {
            route,
            is_routed: because == Because::Routed,
            because,
            change: Some(change),
            told: None,
            escalated: Vec::new(),
            leaves: false,
        }
    }

    /// The alert is put here once more: by a route, or to be told of in addition, which is a reason to stay.
    pub fn join_again(&mut self, again: Self) {
        self.leaves = false;
        if again.is_routed {
            (self.route, self.is_routed) = (again.route, true);
        } else {
            (self.because, self.change) = (again.because, again.change);
        }
    }

    /// Whether it is listed among what burns, if a mail leaves, its route's schedules apart.
    pub fn is_shown(&self, alert: &Alert) -> bool {
        !self.leaves && !is_held(alert) && (self.change.is_some() || alert.acknowledgement.is_none())
    }

    /// Takes note of a mail that tells of it, which may be the first that does.
    pub fn tell(&mut self, at: Time, severity: Severity, is_first: bool) {
        self.change = None;
        let before = self.told.filter(|_| !is_first);
        self.told = Some(ToldOf {
            first: before.map_or(at, |told| told.first),
            last: at,
            mails: before.map_or(0, |told| told.mails).saturating_add(1),
            severity,
        });
    }

    /// The route that it goes by.
    pub fn route<'r>(&self, rules: &'r RuleSet) -> Option<&'r Route> {
        rules.routes.get(self.route? as usize)
    }

    /// Whether its route is among those.
    pub fn is_closed(&self, closed: &BTreeSet<u32>) -> bool {
        self.route.is_some_and(|route| closed.contains(&route))
    }

    /// When it is told again though nothing has changed.
    fn repeat_at(&self, rules: &RuleSet) -> Option<Time> {
        let told = self.told?;
        let after = self.route(rules)?.repeat.after(told.mails)?;
        Some(told.last.plus(after))
    }

    /// The next escalation, and when it is due: the first of its route whose receiver was not told by one, whichever routes it went by before.
    /// Only where a route leads are there any, lest those who were told in addition escalate in turn.
    pub fn escalates_at<'r>(&self, rules: &'r RuleSet) -> Option<(Time, &'r Escalation)> {
        let told = self.told.filter(|_| self.is_routed)?;
        let escalations = &self.route(rules)?.escalate;
        let is_left = |(place, escalation): &(usize, &Escalation)| {
            let to_same = escalations[..=*place]
                .iter()
                .filter(|other| other.receiver == escalation.receiver);
            let name = &rules.receivers[escalation.receiver].name;
            to_same.count() > self.escalated.iter().filter(|told| *told == name).count()
        };
        let (_, escalation) = escalations.iter().enumerate().find(is_left)?;
        Some((told.first.plus(escalation.after), escalation))
    }
}

/// Whether the mail about an alert is held back, whichever group it is in.
pub(super) fn is_held(alert: &Alert) -> bool {
    !alert.silenced_by.is_empty() || alert.inhibited_by.is_some()
}

impl Group {
    /// Its place among what happens at one instant: by the order of routes, then of receivers, then of groups.
    pub fn rank(&self, no: GroupNo) -> u64 {
        let route = self.route.map_or(0x7fff, |route| route.min(0x7fff));
        u64::from(route) << 47 | u64::from(self.receiver.min(0x7fff)) << 32 | u64::from(no.0)
    }

    /// When a mail about a change leaves by the pace of that route, if nothing holds it back.
    pub fn due(&self, change: Change, route: Option<u32>, rules: &RuleSet) -> Time {
        if change.at_once {
            return change.at;
        }
        let Some(route) = route.and_then(|route| rules.routes.get(route as usize)) else {
            return change.at;
        };
        let due = change.at.plus(route.group_wait);
        match self.told_at {
            Some(told_at) => due.max(told_at.plus(route.group_interval)),
            None => due,
        }
    }

    /// Whether nothing is left to be told.
    pub fn is_over(&self) -> bool {
        self.members.is_empty() && self.ended.is_empty() && self.watched.is_empty()
    }

    /// The routes are others from now on.
    pub fn forget_routes(&mut self) {
        self.route = None;
        for member in self.members.values_mut() {
            member.route = None;
        }
    }

    /// The routes of its alerts whose schedules hold mail back at that time.
    pub fn closed_routes(&self, rules: &RuleSet, at: Time) -> BTreeSet<u32> {
        let of_members = self.members.values().filter_map(|member| member.route);
        let mut routes: BTreeSet<u32> = of_members.chain(self.ended.routes()).collect();
        routes.retain(|route| {
            let route = rules.routes.get(*route as usize);
            route.is_some_and(|route| rules.is_held(route, at))
        });
        routes
    }

    /// When there is next something to tell of an alert that burns, schedules apart.
    pub fn next_of_burning(&self, member: &Member, alert: &Alert, rules: &RuleSet, is_owed: bool) -> Option<Time> {
        if member.leaves || is_held(alert) {
            return None;
        }
        let escalation = member.escalates_at(rules).map(|(at, _)| at);
        let escalation = escalation.filter(|_| alert.acknowledgement.is_none() && !is_owed);
        self.next_mail_of(member, alert, rules)
            .into_iter()
            .chain(escalation)
            .min()
    }

    /// When there is next a mail due because of an alert that burns and is not held back, schedules apart.
    fn next_mail_of(&self, member: &Member, alert: &Alert, rules: &RuleSet) -> Option<Time> {
        let change = member.change.map(|change| self.due(change, member.route, rules));
        let repeat = member.repeat_at(rules).filter(|_| alert.acknowledgement.is_none());
        change.into_iter().chain(repeat).min()
    }

    /// Whether a mail is due because of the alerts that burn and whose routes are not closed.
    pub fn tells_of_burning(&self, rules: &RuleSet, open: &Open, now: Time, closed: &BTreeSet<u32>) -> bool {
        self.members.iter().any(|(age, member)| {
            let Some(OpenAlert { alert, .. }) = open.get(age) else {
                return false;
            };
            !member.leaves
                && !is_held(alert)
                && !member.is_closed(closed)
                && self.next_mail_of(member, alert, rules).is_some_and(|at| at <= now)
        })
    }

    /// When there is next an end to tell.
    pub fn next_of_ended(&self, rules: &RuleSet) -> Option<Time> {
        let changes = self.ended.changes();
        changes.map(|(change, route)| self.due(change, route, rules)).min()
    }
}
