//! All that has happened, in order. The oracle keeps nothing else: whatever it wants to know, it reads out of this from the beginning.

use std::rc::Rc;

use super::{key::Key, rule::Rule, schedule::Schedule};
use crate::{
    model::{AlertEventKind, Party, Payload, ResolveReason, Time},
    rules::facts::MeetingFacts,
};

#[derive(Debug)]
pub(super) struct History {
    pub entries: Vec<Entry>,
    pub now: Time,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub at: Time,
    pub what: What,
}

/// What was put in, and what the oracle concluded from it.
#[derive(Debug)]
pub(super) enum What {
    /// The service was started.
    Started,
    /// These rules hold from here on.
    Loaded(Vec<Rc<Rule>>),
    /// A notification was accepted.
    Heard(Box<Heard>),
    /// Something fell due.
    Due,
    /// An occurrence closed; what had no end was over before that time.
    Closed(u64, Time),
    /// What should have followed under this key did not.
    Missed(Name),
    /// A match of an alert that is open, with the time at which it counts.
    Matched(Name, Time),
    /// Something was told of an alert.
    Told(Told),
    /// A schedule opened or closed; one that did both while the service was down opened.
    Turned { schedule: Schedule, is_open: bool },
}

/// A notification, with what followed from all that was accepted before it.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub sequence: u64,
    pub payload: Payload,
    pub source: String,
    pub received: Time,
    /// When it counts.
    pub at: Time,
    /// When it happened, for the question what is newer.
    pub order: Time,
    /// The sequence of the notification that opened its occurrence.
    pub occurrence: u64,
    /// Its occurrence had closed before it came.
    pub over: bool,
    /// It says what its last one said.
    pub repeat: bool,
    /// It tells of something older than what is known.
    pub late: bool,
    pub previous: Option<Payload>,
    /// The meeting after it.
    pub meeting: MeetingFacts,
    /// The participants after it, in the order in which they were first heard of.
    pub participants: Vec<Party>,
}

impl Heard {
    /// Whether it changes what is known.
    pub fn is_news(&self) -> bool {
        !self.over && !self.repeat && !self.late
    }
}

/// What was told of an alert.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub name: Name,
    pub kind: AlertEventKind,
    /// When a firing counts.
    pub at: Option<Time>,
    pub reason: Option<ResolveReason>,
    pub is_critical: bool,
}

/// A rule in force.
#[derive(Debug)]
pub(super) struct InForce {
    pub rule: Rc<Rule>,
    /// The place in the history from which on it has been, meaning what it means.
    pub loaded: usize,
    /// The place from which on it sees; `None`: its schedule is closed.
    pub sees: Option<usize>,
}

/// Which alert: one at a time is open under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub rule: &'static str,
    pub key: Key,
}

impl History {
    pub fn push(&mut self, what: What) {
        self.entries.push(Entry { at: self.now, what });
    }

    /// The notifications, with their places in the history.
    pub fn heard(&self) -> impl DoubleEndedIterator<Item = (usize, &Heard)> {
        self.entries
            .iter()
            .enumerate()
            .filter_map(|(i, entry)| match &entry.what {
                What::Heard(heard) => Some((i, heard.as_ref())),
                _ => None,
            })
    }

    /// What was said in an occurrence while it was open.
    pub fn heard_in(&self, occurrence: u64) -> Vec<&Heard> {
        let all = self.heard().map(|(_, heard)| heard);
        all.filter(|heard| heard.occurrence == occurrence && !heard.over)
            .collect()
    }

    /// The place of what brought about what stands there.
    pub fn cause(&self, place: usize) -> usize {
        let is_cause =
            |entry: &Entry| matches!(entry.what, What::Heard(_) | What::Loaded(_) | What::Started | What::Due);
        self.entries[..=place].iter().rposition(is_cause).unwrap_or(place)
    }

    /// When an occurrence closed, if it has, and before when it was over, if it had no end.
    pub fn closed(&self, occurrence: u64) -> Option<(Time, Time)> {
        self.entries.iter().find_map(|entry| match entry.what {
            What::Closed(closed, over) if closed == occurrence => Some((entry.at, over)),
            _ => None,
        })
    }

    /// The occurrences that are open, in the order of their opening.
    pub fn open_occurrences(&self) -> Vec<u64> {
        let mut open: Vec<u64> = self.heard().map(|(_, heard)| heard.occurrence).collect();
        open.sort_unstable();
        open.dedup();
        open.retain(|occurrence| self.closed(*occurrence).is_none());
        open
    }

    /// The rules that see, each with the place in the history from which on it does.
    pub fn rules(&self) -> Vec<(Rc<Rule>, usize)> {
        let in_force = self.in_force().into_iter();
        in_force
            .filter_map(|in_force| Some((in_force.rule, in_force.sees?)))
            .collect()
    }

    pub fn in_force(&self) -> Vec<InForce> {
        let loads: Vec<(usize, &Vec<Rc<Rule>>)> = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(i, entry)| match &entry.what {
                What::Loaded(rules) => Some((i, rules)),
                _ => None,
            })
            .collect();
        let Some((_, last)) = loads.last() else {
            return Vec::new();
        };
        let enabled = last.iter().filter(|rule| rule.enabled);
        let in_force = enabled.map(|rule| {
            let same = loads
                .iter()
                .rev()
                .take_while(|(_, rules)| rules.iter().any(|earlier| earlier.means_the_same(rule)));
            let (loaded, _) = *same.last().expect("the last set has it");
            InForce {
                rule: Rc::clone(rule),
                loaded,
                sees: self.sees(rule, loaded),
            }
        });
        in_force.collect()
    }

    fn sees(&self, rule: &Rule, loaded: usize) -> Option<usize> {
        let Some(during) = rule.during else { return Some(loaded) };
        let mut sees = during.is_open(self.entries[loaded].at).then_some(loaded);
        for (place, entry) in self.entries.iter().enumerate().skip(loaded) {
            if let What::Turned { schedule, is_open } = entry.what
                && schedule == during
            {
                sees = is_open.then_some(place);
            }
        }
        sees
    }

    /// When a schedule was last looked at, and whether it was open.
    pub fn stands(&self, schedule: Schedule) -> (Time, bool) {
        let is_look = |entry: &&Entry| match entry.what {
            What::Loaded(_) => true,
            What::Turned { schedule: turned, .. } => turned == schedule,
            _ => false,
        };
        let at = self.entries.iter().rfind(is_look).expect("rules were loaded").at;
        (at, schedule.is_open(at))
    }
}
