//! What a group has to tell: the lists of a mail, and the mark that each alert in them was told.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    ended::Ended,
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
    /// Those that are over.
    pub over: Ended,
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

/// An alert that there is to tell.
pub(super) struct Item<'a> {
    pub age: AlertAge,
    pub kind: Kind,
    /// Its severity has risen since it was last told.
    pub has_risen: bool,
    pub alert: &'a Alert,
}

impl AlertList {
    /// The worst of these, and the number of the others. Of one severity what is new comes before what is not, and the older first.
    pub(super) fn of(mut items: Vec<Item<'_>>) -> Self {
        let is_old = |item: &Item<'_>| item.kind == Kind::Open && !item.has_risen;
        items.sort_by_key(|item| (Reverse(item.alert.severity), is_old(item), item.age));
        let room = items.len().min(Self::MOST);
        let (listed, others) = items.split_at_mut(room);
        // Those that have risen stand first among the open ones.
        listed.sort_by_key(|item| Reverse(item.has_risen));
        let mut list = Self {
            raised: listed.iter().filter(|item| item.has_risen).count(),
            ..Self::default()
        };
        for item in &*listed {
            list.list(item.kind).push(item.alert.clone());
        }
        for item in &*others {
            *list.more.of(item.kind) += 1;
        }
        Self::note_unlisted(&mut list.unlisted, others.iter().map(|item| item.alert.id));
        if listed.len() > WHOLE {
            for alert in list.fired.iter_mut().chain(&mut list.resolved).chain(&mut list.open) {
                alert.evidence.clear();
            }
        }
        list
    }

    const fn list(&mut self, kind: Kind) -> &mut Vec<Alert> {
        match kind {
            Kind::Fired => &mut self.fired,
            Kind::Resolved => &mut self.resolved,
            Kind::Open => &mut self.open,
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
        let over = std::mem::take(&mut self.ended);
        let mut items = Vec::new();
        let mut because = Because::Routed;
        for (age, member, alert) in self.burning(open) {
            if member.is_closed(closed) || !member.is_shown(alert) {
                continue;
            }
            let told = member.told.filter(|_| !is_owed(age));
            items.push(Item {
                age,
                kind: if told.is_some() { Kind::Open } else { Kind::Fired },
                has_risen: told.is_some_and(|told| alert.severity > told.severity),
                alert,
            });
            if member.because != Because::Routed && member.change.is_some() {
                because = member.because.clone();
            }
        }
        let burning: Vec<_> = items.iter().map(|item| (item.age, item.kind)).collect();
        // Where ends are not told, an event that nobody was told of is told all the same.
        let kind = Kind::of_ended(send_resolved);
        items.extend(over.items(kind));
        let listed = items.iter().map(|item| item.alert.severity);
        let severity = listed.chain(over.more.values().map(|more| more.severity)).max();
        let mut alerts = AlertList::of(items);
        for more in over.more.values() {
            *alerts.more.of(kind) += more.count;
            AlertList::note_unlisted(&mut alerts.unlisted, more.ids.iter().copied());
        }
        let news = News {
            alerts,
            held: self.held(open),
            because,
            severity: severity.unwrap_or(Severity::Info),
            needs_reach: burning.is_empty() && over.are_told(),
            burning,
            over,
        };
        for (age, kind) in &news.burning {
            if let (Some(member), Some(OpenAlert { alert, .. })) = (self.members.get_mut(age), open.get(age)) {
                member.tell(now, alert.severity, *kind == Kind::Fired);
            }
        }
        news
    }

    /// The alerts that burn, the oldest first.
    fn burning<'a>(&'a self, open: &'a Open) -> impl Iterator<Item = (AlertAge, &'a Member, &'a Alert)> {
        let members = self.members.iter();
        members.filter_map(|(age, member)| Some((*age, member, &open.get(age)?.alert)))
    }

    fn held(&self, open: &Open) -> Held {
        let mut held = Held::default();
        for (_, member, alert) in self.burning(open) {
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
}

impl News {
    /// The alerts that it tells of.
    pub fn ages(&self) -> impl Iterator<Item = AlertAge> + '_ {
        let burning = self.burning.iter().map(|(age, _)| *age);
        burning.chain(self.over.listed.iter().map(|over| over.age))
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.alerts.numbers() == Numbers::default()
    }
}
