//! The life of alerts: one at a time for a rule and a key.

use std::time::Duration;

use super::history::{History, Name, Told, What};
use crate::model::{AlertEventKind, ResolveReason, Time};

/// Further matches are told at most so often.
const UPDATES: Duration = Duration::from_secs(10);

/// An alert that is open.
#[derive(Debug)]
pub(super) struct Open {
    pub name: Name,
    pub is_critical: bool,
    pub occurrences: u64,
    /// When the last match counts, and its place.
    pub last: (Time, usize),
    /// When something was last told of it.
    told: Time,
    /// The place of the first match that was not told.
    untold: Option<usize>,
}

impl Open {
    /// When its further matches are to be told, and the place that decided it.
    pub fn update(&self) -> Option<(Time, usize)> {
        Some((self.told.plus(UPDATES), self.untold?))
    }
}

/// The open alerts, oldest first.
pub(super) fn all_open(history: &History) -> Vec<Open> {
    let mut open: Vec<Open> = Vec::new();
    for (place, entry) in history.entries.iter().enumerate() {
        match &entry.what {
            What::Told(told) => match told.kind {
                AlertEventKind::Fired => open.push(Open {
                    name: told.name.clone(),
                    is_critical: told.is_critical,
                    occurrences: 1,
                    last: (told.at.expect("a firing is a match"), place),
                    told: entry.at,
                    untold: None,
                }),
                AlertEventKind::Resolved => open.retain(|open| open.name != told.name),
                AlertEventKind::Updated => {
                    for open in open.iter_mut().filter(|open| open.name == told.name) {
                        (open.told, open.untold, open.is_critical) = (entry.at, None, told.is_critical);
                    }
                }
                other => unreachable!("no rule makes an alert {other}"),
            },
            What::Matched(name, at) => {
                for open in open.iter_mut().filter(|open| open.name == *name) {
                    open.occurrences += 1;
                    if *at > open.last.0 {
                        open.last = (*at, place);
                    }
                    open.untold.get_or_insert(place);
                }
            }
            _ => {}
        }
    }
    open
}

fn open(history: &History, name: &Name) -> Option<Open> {
    all_open(history).into_iter().find(|open| open.name == *name)
}

/// The rule matched, at the time at which that counts.
pub(super) fn matched(history: &mut History, name: Name, at: Time, is_critical: bool) {
    if open(history, &name).is_some() {
        history.push(What::Matched(name.clone(), at));
        return again(history, name, is_critical);
    }
    tell(history, &name, AlertEventKind::Fired, Some(at), None, is_critical);
    if name
        .key
        .occurrence
        .is_some_and(|occurrence| history.closed(occurrence).is_some())
    {
        resolve(history, name, ResolveReason::MeetingClosed);
    }
}

/// What goes on may have become worse, or there may be matches to be told.
pub(super) fn again(history: &mut History, name: Name, is_critical: bool) {
    let Some(open) = open(history, &name) else { return };
    let is_due = open.update().is_some_and(|(due, _)| due <= history.now);
    if is_due || (is_critical && !open.is_critical) {
        let is_critical = is_critical || open.is_critical;
        tell(history, &name, AlertEventKind::Updated, None, None, is_critical);
    }
}

pub(super) fn resolve(history: &mut History, name: Name, reason: ResolveReason) {
    if let Some(open) = open(history, &name) {
        tell(
            history,
            &name,
            AlertEventKind::Resolved,
            None,
            Some(reason),
            open.is_critical,
        );
    }
}

fn tell(
    history: &mut History,
    name: &Name,
    kind: AlertEventKind,
    at: Option<Time>,
    reason: Option<ResolveReason>,
    is_critical: bool,
) {
    history.push(What::Told(Told {
        name: name.clone(),
        kind,
        at,
        reason,
        is_critical,
    }));
}

/// Ends every alert of which that is true, the oldest first.
pub(super) fn resolve_all(history: &mut History, reason: ResolveReason, ends: impl Fn(&Name) -> bool) {
    for open in all_open(history) {
        if ends(&open.name) {
            resolve(history, open.name, reason);
        }
    }
}
