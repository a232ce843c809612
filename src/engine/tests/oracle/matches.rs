//! *each*, *count* and *ratio*: what a notification makes of those before it.

use std::time::Duration;

use super::{
    history::{Heard, History},
    key::{Key, Parts},
    rule::{Rule, Text},
};
use crate::rules::facts::{AtHand, Facts, Previous, Said};
use crate::model::Payload;

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

/// What has counted under a key up to and including the newest notification.
fn counted<'h>(history: &'h History, rule: &Rule, since: usize, when: &Text, of: &Key) -> Vec<&'h Heard> {
    let seen = history.heard().filter(|(place, _)| *place > since);
    seen.map(|(_, heard)| heard)
        .filter(|heard| key(rule, when, heard).as_ref() == Some(of))
        .collect()
}

/// Those of them that happened in (end - within, end].
fn window<'h>(counted: &[&'h Heard], end: &Heard, within: Duration) -> Vec<&'h Heard> {
    let is_in = |heard: &&&Heard| heard.at > end.at.minus(within) && heard.at <= end.at;
    counted.iter().filter(is_in).copied().collect()
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Count {
    pub when: Text,
    pub at_least: usize,
    pub within: Duration,
    pub distinct: Option<(&'static str, usize)>,
}

impl Count {
    /// Whether the newest notification completes a window that ends with it or with a later one.
    pub fn matches(&self, history: &History, rule: &Rule, since: usize, newest: &Heard) -> Option<Key> {
        let key = key(rule, &self.when, newest)?;
        let counted = counted(history, rule, since, &self.when, &key);
        let completes = |end: &&Heard| {
            let window = window(&counted, end, self.within);
            window.iter().any(|heard| heard.sequence == newest.sequence)
                && window.len() >= self.at_least
                && self.distinct.is_none_or(|(field, at_least)| values(&window, field) >= at_least)
        };
        counted.iter().any(|end| completes(end)).then_some(key)
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
    /// Whether the share is reached in the window that ends with the newest notification.
    pub fn matches(&self, history: &History, rule: &Rule, since: usize, newest: &Heard) -> Option<Key> {
        let key = key(rule, &self.of, newest)?;
        let samples = window(&counted(history, rule, since, &self.of, &key), newest, self.within);
        let hits = samples.iter().filter(|heard| holds(&self.when, heard)).count();
        let is_reached = samples.len() >= self.min_samples && hits * 100 >= self.at_least * samples.len();
        is_reached.then_some(key)
    }
}
