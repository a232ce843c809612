//! The life of alerts: one at a time for a rule and a key.

use std::time::Duration;

use super::history::{History, Name, What};
use crate::model::{AlertEventKind, ResolveReason, Time};

/// Further matches are told at most so often.
const UPDATES: Duration = Duration::from_secs(10);

/// An alert that is open.
#[derive(Debug)]
pub(super) struct Open {
    pub name: Name,
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
            What::Told(name, AlertEventKind::Fired, at, _) => open.push(Open {
                name: name.clone(),
                occurrences: 1,
                last: (at.expect("a firing is a match"), place),
                told: entry.at,
                untold: None,
            }),
            What::Told(name, AlertEventKind::Resolved, ..) => open.retain(|open| open.name != *name),
            What::Told(name, AlertEventKind::Updated, ..) => {
                for open in open.iter_mut().filter(|open| open.name == *name) {
                    (open.told, open.untold) = (entry.at, None);
                }
            }
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
pub(super) fn matched(history: &mut History, name: Name, at: Time) {
    if open(history, &name).is_some() {
        history.push(What::Matched(name.clone(), at));
        let update = open(history, &name).and_then(|open| open.update());
        if update.is_some_and(|(due, _)| due <= history.now) {
            updated(history, name);
        }
        return;
    }
    history.push(What::Told(name.clone(), AlertEventKind::Fired, Some(at), None));
    if name
        .key
        .occurrence
        .is_some_and(|occurrence| history.closed(occurrence).is_some())
    {
        resolve(history, name, ResolveReason::MeetingClosed);
    }
}

pub(super) fn updated(history: &mut History, name: Name) {
    history.push(What::Told(name, AlertEventKind::Updated, None, None));
}

pub(super) fn resolve(history: &mut History, name: Name, reason: ResolveReason) {
    if open(history, &name).is_some() {
        history.push(What::Told(name, AlertEventKind::Resolved, None, Some(reason)));
    }
}

/// Ends every alert of which that is true, the oldest first.
pub(super) fn resolve_all(history: &mut History, reason: ResolveReason, ends: impl Fn(&Name) -> bool) {
    for open in all_open(history) {
        if ends(&open.name) {
            resolve(history, open.name, reason);
        }
    }
}
