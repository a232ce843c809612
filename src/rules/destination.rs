//! Where an alert would go, when, and why: what the engine would do with it, told without an engine. Silences and inhibition are absent,
//! since they depend on what else there is.

use std::time::Duration;

use compact_str::CompactString;

use super::{GroupBy, Receiver, Route, RuleSet};
use crate::model::{Alert, Time};

/// How often a schedule is asked for its next turn before it counts as never open again.
const TURNS: usize = 1000;

/// A receiver that an alert would go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination<'r> {
    /// The routes on the way, topmost first, by their indices; the last one takes it.
    pub way: Vec<usize>,
    /// Who is told.
    pub receiver: &'r Receiver,
    /// What all alerts of its group have in common.
    pub group: Vec<(CompactString, CompactString)>,
    /// When the first mail about it leaves, if it begins a group; `None`: never, by the route's schedules.
    pub first_mail: Option<Time>,
}

/// A mail about an alert that goes on and that nobody takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// How long after the alert began.
    pub after: Duration,
    /// Index of the receiver.
    pub receiver: usize,
}

impl Route {
    /// The first so many mails about an alert that begins a group, goes on, and is not acknowledged, schedules apart. None without a
    /// receiver.
    pub fn first_mails(&self, count: usize) -> Vec<Due> {
        let Some(receiver) = self.receiver else {
            return Vec::new();
        };
        let mut mails = Vec::new();
        let mut add = |receiver: usize, first: Duration| {
            let mut after = first;
            for told in (1u32..).take(count) {
                mails.push(Due { after, receiver });
                match self.repeat.after(told) {
                    Some(repeat) => after += repeat,
                    None => break,
                }
            }
        };
        add(receiver, self.group_wait);
        for escalation in &self.escalate {
            add(escalation.receiver, self.group_wait + escalation.after);
        }
        mails.sort();
        mails.truncate(count);
        mails
    }
}

impl RuleSet {
    /// Where an alert that fires at that time would go, in the order of the routes.
    pub fn destinations(&self, alert: &Alert, at: Time) -> Vec<Destination<'_>> {
        let taken_by = self.routes_of(alert);
        let destination = |place: usize| {
            let route = &self.routes[place];
            Some(Destination {
                way: self.way_to(place),
                receiver: &self.receivers[route.receiver?],
                group: match &route.group_by {
                    GroupBy::Each => vec![("alert".into(), alert.id.to_string().into())],
                    GroupBy::Names(names) => {
                        let values = names.iter().map(|name| alert.value(name).into());
                        names.iter().cloned().zip(values).collect()
                    }
                },
                first_mail: self.leaves_at(route, at.plus(route.group_wait)),
            })
        };
        taken_by.into_iter().filter_map(destination).collect()
    }

    /// A route with all above it, topmost first.
    fn way_to(&self, place: usize) -> Vec<usize> {
        (0..=place).filter(|above| self.routes[*above].end > place).collect()
    }

    /// The first time from that one on at which no schedule holds a route's mail back.
    fn leaves_at(&self, route: &Route, from: Time) -> Option<Time> {
        let mut at = from;
        for _ in 0..TURNS {
            if !self.is_held(route, at) {
                return Some(at);
            }
            at = self.next_turn(route, at)?;
        }
        None
    }
}
