//! What a group has to tell: the lists of a mail, and the mark that each alert in them was told.

use std::collections::BTreeSet;

use super::{
    ended::{Ended, EndedAlert},
    group::{Group, Member, is_held},
};
use crate::{
    engine::{
        lifecycle::{AlertAge, Open, OpenAlert},
        outbox::{AlertList, Because, Held, Numbers},
    },
    model::{Alert, Severity, Time},
};

/// How many alerts a mail lists whole; where there are more, none comes with the notifications that it rests on.
const WHOLE: usize = 5;

/// What a mail about a group tells.
#[derive(Debug)]
pub(super) struct News {
    pub alerts: AlertList,
    pub held: Held,
    pub because: Because,
    /// The worst of all that it tells of, listed or not.
    pub severity: Severity,
    /// The alerts that burn, and as what each is told.
    pub burning: Vec<(AlertAge, Kind)>,
    /// Those that are over, as many as a mail lists.
    pub over: Vec<EndedAlert>,
    /// How many more are over.
    pub more_over: u64,
    /// Nothing in it is of use to a recipient whom no mail of the thread has reached.
    pub needs_reach: bool,
}

/// As what an alert is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Kind {
    Fired,
    Resolved,
    Open,
}

impl Kind {
    /// As what an alert is told that is over. Where ends are not told, those alone are that nobody was told of.
    pub const fn of_ended(send_resolved: bool) -> Self {
        if send_resolved { Self::Resolved } else { Self::Fired }
    }
}

impl Numbers {
    /// How many are told as that.
    pub(super) const fn of(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Fired => &mut self.fired,
            Kind::Resolved => &mut self.resolved,
            Kind::Open => &mut self.open,
        }
    }
}

impl AlertList {
    /// Adds an alert, or counts it where the list is full.
    pub(super) fn add(&mut self, kind: Kind, alert: &Alert) {
        let has_room = self.fired.len() + self.resolved.len() + self.open.len() < Self::MOST;
        if !has_room {
            *self.more.of(kind) += 1;
            return;
        }
        let list = match kind {
            Kind::Fired => &mut self.fired,
            Kind::Resolved => &mut self.resolved,
            Kind::Open => &mut self.open,
        };
        list.push(alert.clone());
    }

    /// Makes many alerts brief.
    pub(super) fn abridge(&mut self) {
        if self.fired.len() + self.resolved.len() + self.open.len() > WHOLE {
            for alert in self.fired.iter_mut().chain(&mut self.resolved).chain(&mut self.open) {
                alert.evidence.clear();
            }
        }
    }
}

impl Group {
    /// All that there is to tell now, marked as told; with nothing that burns and whose route is closed. What a digest owes the firing of has
    /// not been told yet.
    pub fn take_news(
        &mut self,
        open: &Open,
        now: Time,
        closed: &BTreeSet<u32>,
        send_resolved: bool,
        is_owed: impl Fn(AlertAge) -> bool,
    ) -> News {
        let mut news = News {
            alerts: AlertList::default(),
            held: Held::default(),
            because: Because::Routed,
            severity: Severity::Info,
            burning: Vec::new(),
            over: Vec::new(),
            more_over: 0,
            needs_reach: true,
        };
        let ended = std::mem::take(&mut self.ended);
        let burning = || {
            let of_member = |(age, member)| Some((age, member, &open.get(age)?.alert));
            self.members.iter().filter_map(of_member)
        };
        let shown = || burning().filter(|(_, member, alert)| !member.is_closed(closed) && member.is_shown(alert));
        let is_first = |age: AlertAge, member: &Member| member.told.is_none() || is_owed(age);
        for (age, member, alert) in shown().filter(|(age, member, _)| is_first(**age, member)) {
            news.tell(*age, Kind::Fired, alert, member);
        }
        news.tell_ended(ended, send_resolved);
        let (risen, rest): (Vec<_>, Vec<_>) = shown()
            .filter(|(age, member, _)| !is_first(**age, member))
            .partition(|(_, member, alert)| member.told.is_some_and(|told| alert.severity > told.severity));
        for (age, member, alert) in risen.iter().chain(&rest) {
            news.tell(**age, Kind::Open, alert, member);
        }
        news.alerts.raised = risen.len().min(news.alerts.open.len());
        news.held = held(burning());
        news.alerts.abridge();
        for (age, kind) in &news.burning {
            if let (Some(member), Some(OpenAlert { alert, .. })) = (self.members.get_mut(age), open.get(age)) {
                member.tell(now, alert.severity, *kind == Kind::Fired);
            }
        }
        news
    }
}

impl News {
    /// The alerts that it tells of.
    pub fn ages(&self) -> impl Iterator<Item = AlertAge> + '_ {
        let burning = self.burning.iter().map(|(age, _)| *age);
        burning.chain(self.over.iter().map(|over| over.age))
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.alerts.numbers() == Numbers::default()
    }

    fn tell(&mut self, age: AlertAge, kind: Kind, alert: &Alert, member: &Member) {
        self.alerts.add(kind, alert);
        self.severity = self.severity.max(alert.severity);
        self.burning.push((age, kind));
        self.needs_reach = false;
        if member.because != Because::Routed && member.change.is_some() {
            self.because = member.because.clone();
        }
    }

    /// Tells of what is over. Where ends are not told, an event that nobody was told of is told all the same.
    fn tell_ended(&mut self, ended: Ended, send_resolved: bool) {
        let kind = Kind::of_ended(send_resolved);
        for ended in &ended.listed {
            self.alerts.add(kind, &ended.alert);
            self.severity = self.severity.max(ended.alert.severity);
            self.needs_reach &= ended.sort.was_told;
        }
        for (sort, more) in &ended.more {
            self.more_over += more.count;
            self.severity = self.severity.max(more.severity);
            self.needs_reach &= sort.was_told;
        }
        *self.alerts.more.of(kind) += self.more_over;
        self.over = ended.listed;
    }
}

fn held<'a>(burning: impl Iterator<Item = (&'a AlertAge, &'a Member, &'a Alert)>) -> Held {
    let mut held = Held::default();
    for (_, member, alert) in burning {
        if member.leaves {
            continue;
        }
        if !alert.silenced_by.is_empty() {
            held.silenced += 1;
        } else if is_held(alert) {
            held.inhibited += 1;
        } else if !member.is_shown(alert) {
            held.acknowledged += 1;
        }
    }
    held
}
