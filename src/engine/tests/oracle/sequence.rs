//! *sequence*: steps in order, with anything in between.

use std::time::Duration;

use super::{
    history::{History, What},
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

/// Some first steps.
struct HalfDone {
    key: Key,
    steps: usize,
    first: Time,
    last: Time,
}

impl Sequence {
    /// The keys under which the newest notification completed one, as often as it did.
    pub fn completed(&self, history: &History, rule: &Rule, since: usize) -> Vec<(Key, Time)> {
        let mut half_done: Vec<HalfDone> = Vec::new();
        let mut completed = Vec::new();
        for entry in &history.entries[since..] {
            let heard = match &entry.what {
                What::Heard(heard) => heard,
                What::Closed(occurrence, _) => {
                    half_done.retain(|half| half.key.occurrence != Some(*occurrence));
                    continue;
                }
                _ => continue,
            };
            completed.clear();
            if heard.repeat {
                continue;
            }
            if self.unless.as_ref().is_some_and(|unless| holds(unless, heard)) {
                let parts = Parts::of(&rule.fields(), heard);
                half_done.retain(|half| !parts.agree_with(&half.key));
            }
            for half in &mut half_done {
                let is_next = matches::key(rule, &self.steps[half.steps], heard).as_ref() == Some(&half.key);
                let in_time = heard.at >= half.last && heard.at < half.first.plus(self.within);
                if is_next && in_time {
                    half.steps += 1;
                    half.last = heard.at;
                }
            }
            let is_complete = |half: &HalfDone| half.steps == self.steps.len();
            let done = half_done.iter().filter(|half| is_complete(half));
            completed.extend(done.map(|half| (half.key.clone(), half.last)));
            half_done.retain(|half| !is_complete(half));
            if let Some(key) = matches::key(rule, &self.steps[0], heard) {
                half_done.push(HalfDone {
                    key,
                    steps: 1,
                    first: heard.at,
                    last: heard.at,
                });
            }
        }
        completed
    }
}
