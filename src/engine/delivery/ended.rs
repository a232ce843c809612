//! The alerts of a group that are over and to be told so: as many as a mail lists, and of the others what decides how they are told.
//! Telling is absent: it is done at the group's turn.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::group::Change;
use crate::{
    engine::{lifecycle::AlertAge, meeting::Place, outbox::AlertList},
    model::{Alert, Severity},
};

/// The alerts of a group that are over and to be told so.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ended {
    /// As many as a mail lists.
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
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct More {
    pub count: u64,
    /// The worst.
    pub severity: Severity,
    /// The end of the first.
    pub first: Change,
}

impl Ended {
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.more.is_empty()
    }

    /// Takes in an alert that is over.
    pub fn add(&mut self, ended: EndedAlert) {
        if self.listed.len() < AlertList::MOST {
            return self.listed.push(ended);
        }
        let more = More {
            count: 1,
            severity: ended.alert.severity,
            first: ended.change,
        };
        self.add_more(ended.sort, more);
    }

    fn add_more(&mut self, sort: Sort, more: More) {
        let none = More { count: 0, ..more };
        let known = self.more.entry(sort).or_insert(none);
        known.count += more.count;
        known.severity = known.severity.max(more.severity);
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
