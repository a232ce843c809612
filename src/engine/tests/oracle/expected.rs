//! *expected*: what should have followed. What both opens an expectation and meets it, or calls it off, opens none.

use std::time::Duration;

use super::{
    history::{Heard, History, What},
    key::{Key, Parts},
    matches::{self, holds},
    rule::{Rule, Text},
};
use crate::model::Time;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    pub after: Text,
    pub expect: Text,
    pub within: Duration,
    pub unless: Option<Text>,
}

impl Expected {
    /// The expectations that are open: their keys, and when and by which place in the history they were opened.
    pub fn open(&self, history: &History, rule: &Rule, since: usize) -> Vec<(Key, Time, usize)> {
        let mut open: Vec<(Key, Time, usize)> = Vec::new();
        for (place, entry) in history.entries.iter().enumerate().skip(since) {
            match &entry.what {
                What::Heard(heard) if !heard.repeat => {
                    if self.is_answered_by(heard) {
                        let parts = Parts::of(&rule.fields(), heard);
                        let in_time = |at: Time| at <= heard.at && heard.at < at.plus(self.within);
                        open.retain(|(key, at, _)| !(parts.agree_with(key) && in_time(*at)));
                    } else if let Some(key) = matches::key(rule, &self.after, heard)
                        && open.iter().all(|(open, ..)| *open != key)
                    {
                        open.push((key, heard.at, place));
                    }
                }
                What::Missed(name) if name.rule == rule.name => open.retain(|(key, ..)| *key != name.key),
                _ => {}
            }
        }
        open
    }

    fn is_answered_by(&self, heard: &Heard) -> bool {
        holds(&self.expect, heard) || self.unless.as_ref().is_some_and(|unless| holds(unless, heard))
    }
}
