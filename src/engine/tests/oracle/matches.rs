//! *each*, *count* and *ratio*: what a notification makes of those before it.

use std::time::Duration;

use super::{
    history::{Heard, History},
    key::{Key, Parts},
    rule::{Rule, Text},
};
use crate::{
    model::{Payload, Time},
    rules::facts::{AtHand, Facts, Previous, Said},
};

/// Whether an expression holds for a notification.
pub(super) fn holds(text: &Text, heard: &Heard) -> bool {
    let at_hand = match &heard.payload {
        Payload::Conf(conf) => AtHand::Conf(conf),
        Payload::Party(party) => AtHand::Party(party),
    };
    let previous = match &heard.previous {
        None => Previous::Nothing,
        Some(Payload::Conf(conf)) => Previous::Conf(conf.status),
        Some(Payload::Party(party)) => Previous::Party {
            known: party,
            said: Said::of(party),
        },
    };
    text.holds(&Facts {
        at_hand,
        previous,
        meeting: &heard.meeting,
        source: &heard.source,
        occurred_at: heard.at,
        received_at: heard.received,
    })
}

/// The key under which a notification counts as a match of that expression.
pub(super) fn key(rule: &Rule, when: &Text, heard: &Heard) -> Option<Key> {
    let counts = !heard.repeat && holds(when, heard);
    counts.then(|| Parts::of(&rule.fields(), heard).whole()).flatten()
}

/// What has counted under a key up to and including the newest notification. Once a meeting has closed, each counts by itself.
fn counted<'h>(history: &'h History, rule: &Rule, since: usize, when: &Text, of: &Key) -> Vec<&'h Heard> {
    let seen = history.heard().filter(|(place, _)| *place > since);
    let mut counted: Vec<&Heard> = seen
        .map(|(_, heard)| heard)
        .filter(|heard| key(rule, when, heard).as_ref() == Some(of))
        .collect();
    let newest = counted.last().copied();
    if of.occurrence.is_some() && newest.is_some_and(|newest| newest.over) {
        counted.retain(|heard| Some(heard.sequence) == newest.map(|newest| newest.sequence));
    }
    counted
}

/// The last moment at which what happened in (moment - within, moment] is enough, the newest notification among it.
fn match_around(
    history: &History,
    rule: &Rule,
    since: usize,
    when: &Text,
    within: Duration,
    newest: &Heard,
    is_enough: impl Fn(&[&Heard]) -> bool,
) -> Option<(Key, Time)> {
    let key = key(rule, when, newest)?;
    let counted = counted(history, rule, since, when, &key);
    let moments = counted.iter().map(|heard| heard.at);
    let matches = moments.filter(|moment| {
        let is_in = |at: Time| at > moment.minus(within) && at <= *moment;
        let window: Vec<&Heard> = counted.iter().copied().filter(|heard| is_in(heard.at)).collect();
        is_in(newest.at) && is_enough(&window)
    });
    Some((key, matches.max()?))
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Count {
    pub when: Text,
    pub at_least: usize,
    pub within: Duration,
    pub distinct: Option<(&'static str, usize)>,
}

impl Count {
    pub fn matches(&self, history: &History, rule: &Rule, since: usize, newest: &Heard) -> Option<(Key, Time)> {
        match_around(history, rule, since, &self.when, self.within, newest, |window| {
            window.len() >= self.at_least
                && self
                    .distinct
                    .is_none_or(|(field, at_least)| values(window, field) >= at_least)
        })
    }
}

/// How many different values of a field there are.
fn values(window: &[&Heard], field: &'static str) -> usize {
    let mut values: Vec<_> = window
        .iter()
        .filter_map(|heard| Parts::of(&[field], heard).whole())
        .map(|key| key.parts)
        .collect();
    values.sort_unstable();
    values.dedup();
    values.len()
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ratio {
    pub when: Text,
    pub of: Text,
    /// In hundredths.
    pub at_least: usize,
    pub within: Duration,
    pub min_samples: usize,
}

impl Ratio {
    pub fn matches(&self, history: &History, rule: &Rule, since: usize, newest: &Heard) -> Option<(Key, Time)> {
        match_around(history, rule, since, &self.of, self.within, newest, |samples| {
            let hits = samples.iter().filter(|heard| holds(&self.when, heard)).count();
            samples.len() >= self.min_samples && hits * 100 >= self.at_least * samples.len()
        })
    }
}
