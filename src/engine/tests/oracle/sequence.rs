//! *sequence*: steps in order, with anything in between. The order is that of the times, at one instant that of acceptance; so what comes
//! late can complete a match of what happened after it. `unless` ends what was known, when it came, to have begun by then.

use std::time::Duration;

use super::{
    history::{Heard, History},
    key::{Key, Parts},
    matches::{self, holds},
    rule::{Rule, Text},
};
use crate::model::Time;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sequence {
    pub steps: Vec<Text>,
    pub within: Duration,
    pub unless: Option<Text>,
}

/// A match: the sequence of its first step, and the times of its first and last.
struct Complete {
    begun: u64,
    first: Time,
    last: Time,
}

impl Sequence {
    /// When the newest notification completes matches, and when the one of them that began last was complete.
    pub fn completes(&self, history: &History, rule: &Rule, since: usize, newest: &Heard) -> Option<(Key, Time)> {
        let key = self
            .key(rule, newest)
            .filter(|key| key.occurrence.is_none() || !newest.over)?;
        let seen = history
            .heard()
            .filter(|(place, _)| *place > since)
            .map(|(_, heard)| heard);
        let mut heard: Vec<&Heard> = seen
            .filter(|heard| !heard.repeat && self.concerns(rule, heard, &key))
            .collect();
        let after = self.complete(&heard);
        heard.retain(|heard| heard.sequence != newest.sequence);
        let before = self.complete(&heard);
        let is_new = |new: &&Complete| before.iter().all(|old| old.begun != new.begun);
        let new = after.iter().filter(is_new).max_by_key(|new| (new.first, new.begun))?;
        Some((key, new.last))
    }

    fn concerns(&self, rule: &Rule, heard: &Heard, key: &Key) -> bool {
        match self.is_ended_by(heard) {
            true => Parts::of(&rule.fields(), heard).agree_with(key),
            false => self.key(rule, heard).as_ref() == Some(key),
        }
    }

    /// The key under which it is a step. What ends what is half done is none.
    fn key(&self, rule: &Rule, heard: &Heard) -> Option<Key> {
        let is_step = self.steps.iter().find(|step| holds(step, heard));
        let step = is_step.filter(|_| !self.is_ended_by(heard))?;
        matches::key(rule, step, heard)
    }

    fn is_ended_by(&self, heard: &Heard) -> bool {
        self.unless.as_ref().is_some_and(|unless| holds(unless, heard))
    }

    /// All matches there are: from each first step on, each further step is the next notification that is it.
    fn complete(&self, heard: &[&Heard]) -> Vec<Complete> {
        let (ends, mut heard): (Vec<&Heard>, Vec<&Heard>) = heard.iter().partition(|heard| self.is_ended_by(heard));
        heard.sort_by_key(|heard| (heard.at, heard.sequence));
        let from = |(place, first): (usize, &&Heard)| {
            let is_ended_by = |end: &&Heard| end.sequence > first.sequence && end.at >= first.at;
            if ends.iter().any(is_ended_by) {
                return None;
            }
            let mut steps = 0;
            for next in &heard[place..] {
                if next.at >= first.at.plus(self.within) {
                    return None;
                }
                if holds(&self.steps[steps], next) {
                    steps += 1;
                } else if steps == 0 {
                    return None;
                }
                if steps == self.steps.len() {
                    return Some(Complete {
                        begun: first.sequence,
                        first: first.at,
                        last: next.at,
                    });
                }
            }
            None
        };
        heard.iter().enumerate().filter_map(from).collect()
    }
}
