//! The alerts of a group that are over and to be told so: as many as a mail lists, and of the others what decides how they are told.
//! Telling is absent: it is done at the group's turn.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use super::{
    group::Change,
    news::{Item, Kind},
};
use crate::{
    engine::{lifecycle::AlertAge, meeting::Place, outbox::AlertList},
    model::{Alert, AlertId, Severity},
};

/// The alerts of a group that are over and to be told so.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Ended {
    /// As many as a mail lists, and the worst of all.
    pub listed: Vec<EndedAlert>,
    /// The others.
    pub more: BTreeMap<Sort, More>,
}

/// An alert that is over and to be told so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct EndedAlert {
    pub age: AlertAge,
    pub alert: Alert,
    /// The occurrence of a meeting that it was about, if it was about one.
    pub place: Option<Place>,
    pub sort: Sort,
    pub change: Change,
}

/// Whether an end is told, and by which pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Sort {
    /// Index of the route that the alert went by.
    pub route: Option<u32>,
    /// Its firing was told; else it is an event, which is told unless its route's schedules hold it back.
    pub was_told: bool,
}

/// Alerts of one sort that are not listed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct More {
    pub count: u64,
    /// The worst.
    pub severity: Severity,
    /// The end of the first.
    pub first: Change,
    /// As many of them as the record of a mail tells of.
    pub ids: Vec<AlertId>,
}

impl Ended {
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.more.is_empty()
    }

    /// One of them, and the route that it went by.
    pub fn first(&self) -> Option<(Option<u32>, AlertId)> {
        let listed = self.listed.iter().map(|ended| (ended.sort.route, ended.alert.id));
        let more = self
            .more
            .iter()
            .filter_map(|(sort, more)| Some((sort.route, *more.ids.first()?)));
        listed.chain(more).next()
    }

    /// Takes in an alert that is over.
    pub fn add(&mut self, ended: EndedAlert) {
        self.listed.push(ended);
        if self.listed.len() <= AlertList::MOST {
            return;
        }
        let worth = |(_, ended): &(usize, &EndedAlert)| (ended.alert.severity, Reverse(ended.age));
        let Some((least, _)) = self.listed.iter().enumerate().min_by_key(worth) else {
            return;
        };
        let ended = self.listed.remove(least);
        let more = More {
            count: 1,
            severity: ended.alert.severity,
            first: ended.change,
            ids: vec![ended.alert.id],
        };
        self.add_more(ended.sort, more);
    }

    /// Takes in all that somebody else was to be told of; it is told at once.
    pub fn take_over(&mut self, other: Self, change: Change) {
        for ended in other.listed {
            self.add(EndedAlert { change, ..ended });
        }
        for (sort, more) in other.more {
            self.add_more(sort, More { first: change, ..more });
        }
    }

    fn add_more(&mut self, sort: Sort, more: More) {
        let Some(known) = self.more.get_mut(&sort) else {
            self.more.insert(sort, more);
            return;
        };
        known.count += more.count;
        known.severity = known.severity.max(more.severity);
        if more.first.at < known.first.at {
            known.first = more.first;
        }
        AlertList::note_unlisted(&mut known.ids, more.ids);
    }

    /// Those listed, to be told as that.
    pub fn items(&self, kind: Kind) -> impl Iterator<Item = Item<'_>> {
        self.listed.iter().map(move |ended| Item {
            age: ended.age,
            kind,
            has_risen: false,
            alert: &ended.alert,
        })
    }

    /// Whether the firings of all of them were told.
    pub fn are_told(&self) -> bool {
        let listed = self.listed.iter().map(|ended| ended.sort);
        listed.chain(self.more.keys().copied()).all(|sort| sort.was_told)
    }

    /// Leaves out those that others tell of, as far as these are known.
    pub fn forget(&mut self, told: &Self) {
        let ids = |ended: &Self| -> BTreeSet<AlertId> {
            let listed = ended.listed.iter().map(|ended| ended.alert.id);
            listed
                .chain(ended.more.values().flat_map(|more| &more.ids).copied())
                .collect()
        };
        let told = ids(told);
        self.listed.retain(|ended| !told.contains(&ended.alert.id));
        for more in self.more.values_mut() {
            let known = more.ids.len();
            more.ids.retain(|id| !told.contains(id));
            more.count -= (known - more.ids.len()) as u64;
        }
        self.more.retain(|_, more| more.count > 0);
    }

    /// Those whose firings were not told.
    pub fn untold(&self) -> Self {
        let mut untold = self.clone();
        untold.listed.retain(|ended| !ended.sort.was_told);
        untold.more.retain(|sort, _| !sort.was_told);
        untold
    }

    /// What there is to tell: since when, and by the pace of which route.
    pub fn changes(&self) -> impl Iterator<Item = (Change, Option<u32>)> {
        let listed = self.listed.iter().map(|ended| (ended.change, ended.sort.route));
        listed.chain(self.more.iter().map(|(sort, more)| (more.first, sort.route)))
    }

    /// The routes that the alerts went by.
    pub fn routes(&self) -> impl Iterator<Item = u32> {
        let listed = self.listed.iter().map(|ended| ended.sort);
        listed.chain(self.more.keys().copied()).filter_map(|sort| sort.route)
    }

    /// Forgets those that nobody was told of and whose routes are among these: what ended while it was held back burns no more when the
    /// schedule opens.
    pub fn drop_untold(&mut self, closed: &BTreeSet<u32>) {
        let is_told = |sort: Sort| sort.was_told || sort.route.is_none_or(|route| !closed.contains(&route));
        self.listed.retain(|ended| is_told(ended.sort));
        self.more.retain(|sort, _| is_told(*sort));
    }

    /// Lets each go by the route that a new rule set has for it; those of which only the number is known go by that of the first listed.
    pub fn find_routes(&mut self, route_of: impl Fn(&Alert) -> Option<u32>) {
        for ended in &mut self.listed {
            ended.sort.route = route_of(&ended.alert);
        }
        let route = self.listed.first().and_then(|ended| ended.sort.route);
        for (sort, more) in std::mem::take(&mut self.more) {
            self.add_more(Sort { route, ..sort }, more);
        }
    }
}
