//! Routes: which receivers an alert goes to, in which company and how often; and which alerts hold others back. Doing it is absent: that
//! is the engine's.

use std::{collections::BTreeSet, time::Duration};

use compact_str::CompactString;

use super::{RuleSet, diagnostic::Span, expr::Expr, facts::AlertFacts};
use crate::model::{Alert, Time};

/// A way from an alert to a receiver. What is not written of it is that of the route above it.
#[derive(Debug)]
pub struct Route {
    /// Where it stands.
    pub place: Span,
    /// Over the alert; `None` takes all.
    pub filter: Option<Expr>,
    /// Index of the receiver; `None`: what it takes is not told. Only the topmost route can be without.
    pub receiver: Option<usize>,
    /// What the alerts told of in one mail have in common.
    pub group_by: GroupBy,
    /// How long after its first alert, or a change, a mail about a group leaves.
    pub group_wait: Duration,
    /// The least time between two mails about a group that are due to a change.
    pub group_interval: Duration,
    /// When what burns is told again.
    pub repeat: Repeat,
    /// Who else is told while nobody has acknowledged an alert, in the order of the times.
    pub escalate: Vec<Escalation>,
    /// Indices of the schedules while which nothing is told but the end of what was told.
    pub mute: Vec<usize>,
    /// Index of the schedule outside of which nothing is told but the end of what was told.
    pub during: Option<usize>,
    /// Whether the routes after it are asked too where it takes an alert.
    pub continues: bool,
    /// Index of the first route that does not stand below it, nor before it.
    pub end: usize,
}

/// What the alerts told of in one mail have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// The values of these names ([`Alert::value`]); none: one mail for all.
    Names(Vec<CompactString>),
    /// Nothing: a mail tells of one alert.
    Each,
}

/// After how long what burns is told again: after the first mail the first of these times, and so on; the last one stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat(Vec<Duration>);

impl Repeat {
    /// These times, one after the other; never if there is none.
    pub const fn new(times: Vec<Duration>) -> Self {
        Self(times)
    }

    /// How long after the mail of that number, from 1, that told of an alert it is told again; `None`: never.
    pub fn after(&self, told: u32) -> Option<Duration> {
        let last = self.0.len().checked_sub(1)?;
        let place = usize::try_from(told.saturating_sub(1)).unwrap_or(last);
        self.0.get(place.min(last)).copied()
    }
}

/// Somebody who is told of an alert that nobody has acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// How long after the first mail about it.
    pub after: Duration,
    /// Index of the receiver.
    pub receiver: usize,
}

/// Alerts that hold others back.
#[derive(Debug)]
pub struct Inhibition {
    /// Those that do.
    pub source: Expr,
    /// Those that are held back.
    pub target: Expr,
    /// Names whose values ([`Alert::value`]) both must share.
    pub equal: Vec<CompactString>,
}

/// The routes that take an alert, in their order. A route takes what it matches and what none below it takes.
pub(super) fn taken_by(routes: &[Route], facts: &AlertFacts<'_>) -> Vec<usize> {
    let mut taken_by = Vec::new();
    if !routes.is_empty() {
        descend(routes, 0, facts, &mut taken_by);
    }
    taken_by
}

/// Whether an alert is taken by that route or one below it.
fn descend(routes: &[Route], place: usize, facts: &AlertFacts<'_>, taken_by: &mut Vec<usize>) -> bool {
    let route = &routes[place];
    if route.filter.as_ref().is_some_and(|filter| !filter.matches_alert(facts)) {
        return false;
    }
    let before = taken_by.len();
    let mut below = place + 1;
    while below < route.end {
        if descend(routes, below, facts, taken_by) && !routes[below].continues {
            break;
        }
        below = routes[below].end;
    }
    if taken_by.len() == before && route.receiver.is_some() {
        taken_by.push(place);
    }
    taken_by.len() > before
}

impl RuleSet {
    /// The routes by which an alert is told, in their order. Whoever several routes lead to is told by the first.
    pub fn routes_of(&self, alert: &Alert) -> Vec<usize> {
        let mut told = BTreeSet::new();
        let mut routes = taken_by(&self.routes, &AlertFacts::of(alert));
        routes.retain(|route| told.insert(self.routes[*route].receiver));
        routes
    }

    /// Whether the schedules of a route hold its mail back at that time.
    pub fn is_held(&self, route: &Route, at: Time) -> bool {
        route.mute.iter().any(|mute| self.schedules[*mute].contains(at))
            || route.during.is_some_and(|during| !self.schedules[during].contains(at))
    }

    /// The first instant after that one at which a schedule of a route opens or closes; `None`: none ever does.
    pub fn next_turn(&self, route: &Route, at: Time) -> Option<Time> {
        let schedules = route.mute.iter().chain(&route.during);
        schedules
            .filter_map(|schedule| self.schedules[*schedule].next_change(at))
            .min()
    }
}
