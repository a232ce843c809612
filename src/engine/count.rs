//! *count*: so many notifications in a sliding window. Each one that is counted is weighed when it comes, in every window that holds it,
//! so that a late one can complete a window in the past.
//!
//! A window is bounded: beyond, what is left is the newest that are enough by themselves and, where they have to differ, the newest of
//! each value. So what comes in time is always counted exactly, and only what comes late may find too few beside it.

use std::ops::Range;

use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

use super::{
    events::Shown,
    key,
    keyed::{self, State},
    lifecycle::Alerts,
    newest::Newest,
    step::Step,
    window::Window,
};
use crate::{
    model::Time,
    rules::{Count, Varied},
};

/// A window holds at least so many before it forgets any.
const LEAST_BOUND: usize = 1024;

/// What a rule has counted of one key.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Counted {
    window: Window<Value>,
    newest: Newest,
}

/// In which of the values that have to differ a notification falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Value(Option<u64>);

impl Value {
    fn of(distinct: Option<&Varied>, shown: &Shown<'_>) -> Self {
        let value = distinct.and_then(|varied| key::value(varied.of, shown.facts));
        Self(value.map(|value| {
            let mut hash = [0; 8];
            hash.copy_from_slice(&blake3::hash(value.as_bytes()).as_bytes()[..8]);
            u64::from_be_bytes(hash)
        }))
    }
}

/// Counts a notification, if it is one of those.
pub(super) fn show(step: &mut Step<'_>, alerts: &mut Alerts, rule: u32, count: &Count, shown: &Shown<'_>) {
    if !shown.holds(&count.when) {
        return;
    }
    let Some(key) = shown.key(step, rule) else {
        return;
    };
    let place = keyed::touch(step, alerts, rule, &key, |_, _| State::Count(Counted::default()));
    let forgotten = step.now.minus(step.settings.lateness).minus(count.within);
    let Some(State::Count(counted)) = step.keyed.get_mut(place) else {
        return;
    };
    counted.newest.push(shown.received.evidence(), count.at_least);
    counted.window.forget(forgotten);
    let value = Value::of(count.distinct.as_ref(), shown);
    let entry = counted.window.insert(shown.received.at, value);
    let moment = counted.match_around(entry, count);
    step.counts.matches_forgotten += counted.bound(count);
    if let Some(moment) = moment {
        let evidence = counted.newest.take();
        alerts.matched(step, shown.matched(rule, key, moment, evidence));
    }
}

impl Counted {
    /// The last moment at which there are enough, that entry among them.
    fn match_around(&self, entry: usize, count: &Count) -> Option<Time> {
        let mut moment = None;
        for range in self.window.around(entry, count.within) {
            if range.len() < count.at_least as usize {
                continue;
            }
            let end = range.end;
            let varied = count.distinct.as_ref();
            if varied.is_none_or(|varied| self.is_varied(range, varied.at_least as usize)) {
                moment = self.window.get(end - 1).map(|(at, _)| *at);
            }
        }
        moment
    }

    /// Whether there are so many values in that part of the window. Looked for from its end: mostly the newest few have them.
    fn is_varied(&self, range: Range<usize>, enough: usize) -> bool {
        let mut values = HashSet::new();
        range.rev().any(|entry| {
            let value = self.window.get(entry).and_then(|(_, value)| value.0);
            value.is_some_and(|value| values.insert(value)) && values.len() >= enough
        })
    }

    /// Forgets what is too much, and tells how many that were.
    fn bound(&mut self, count: &Count) -> u64 {
        let enough = count.at_least as usize;
        let bound = LEAST_BOUND.max(4 * enough);
        if self.window.len() <= bound {
            return 0;
        }
        let (mut newest, mut kept) = (0, 0);
        let mut values = HashSet::new();
        let forgotten = self.window.retain_from_newest(|value| {
            newest += 1;
            let is_first = count.distinct.is_some() && values.insert(*value);
            let keep = (newest <= enough || is_first || count.distinct.is_none()) && kept < bound / 2;
            kept += usize::from(keep);
            keep
        });
        forgotten as u64
    }
}
