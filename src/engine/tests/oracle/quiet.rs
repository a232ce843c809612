//! *quiet*: nothing of the kind for so long.

use std::time::Duration;

use super::{
    history::{History, What},
    key::{Key, Parts},
    matches::holds,
    rule::{Rule, Text},
};
use crate::model::{AlertEventKind, Time};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quiet {
    pub of: Text,
    pub for_: Duration,
}

/// What is known of a key.
pub(super) struct Silence {
    pub key: Key,
    /// When the last of the kind was heard of, or the service was started after it.
    pub since: Time,
    /// The place in the history that decided it.
    pub place: usize,
    /// It has been quiet for long enough.
    pub is_quiet: bool,
}

impl Quiet {
    /// What is known of every key, from what the rule has heard since it was loaded.
    pub fn silences(&self, history: &History, rule: &Rule, loaded: usize) -> Vec<Silence> {
        let mut silences: Vec<Silence> = Vec::new();
        let mut sees = rule
            .during
            .is_none_or(|during| during.is_open(history.entries[loaded].at));
        for (place, entry) in history.entries.iter().enumerate().skip(loaded) {
            match &entry.what {
                What::Turned { schedule, is_open } if rule.during == Some(*schedule) => {
                    sees = *is_open;
                    for silence in &mut silences {
                        (silence.since, silence.place, silence.is_quiet) = (entry.at, place, false);
                    }
                }
                What::Heard(heard) if sees && holds(&self.of, heard) => {
                    let key = Parts::of(&rule.fields(), heard).whole();
                    let is_over = |key: &Key| heard.over && key.occurrence.is_some();
                    if let Some(key) = key.filter(|key| !is_over(key)) {
                        self.hear(&mut silences, key, heard.at, place, entry.at);
                    }
                }
                What::Started => {
                    for silence in silences.iter_mut().filter(|silence| !silence.is_quiet) {
                        (silence.since, silence.place) = (entry.at, place);
                    }
                }
                What::Closed(occurrence, _) => silences.retain(|silence| silence.key.occurrence != Some(*occurrence)),
                What::Told(told) if told.kind == AlertEventKind::Fired => {
                    for silence in &mut silences {
                        silence.is_quiet |= rule.name(silence.key.clone()) == told.name;
                    }
                }
                _ => {}
            }
        }
        silences
    }

    /// Hears one of the kind. What is older than the last tells nothing, nor does what is told so late that it has been quiet since.
    fn hear(&self, silences: &mut Vec<Silence>, key: Key, at: Time, place: usize, now: Time) {
        let Some(silence) = silences.iter_mut().find(|silence| silence.key == key) else {
            return silences.push(Silence {
                key,
                since: at,
                place,
                is_quiet: false,
            });
        };
        if at > silence.since {
            (silence.since, silence.place) = (at, place);
            silence.is_quiet &= at.plus(self.for_) <= now;
        }
    }
}
