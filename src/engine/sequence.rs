//! *sequence*: steps in order, whatever else lies between. Each first step begins a match of its own, and each further step is the next
//! notification that fulfils it. Their order is that of their times, at one instant that of acceptance: what comes late takes its place
//! among the steps that came lately.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    events::Shown,
    keyed::{self, State},
    lifecycle::{Alerts, EVIDENCE},
    step::Step,
};
use crate::{
    model::{Evidence, Time},
    rules::Sequence,
};

/// How many half-done matches are kept for a key; beyond, the oldest goes.
const HALF_DONE: usize = 64;

/// How many notifications are remembered for what comes late, and how many for evidence; beyond, the oldest goes.
const RECENT: usize = 64;

/// What has been done of a sequence for one key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    /// In the order in which they began.
    half_done: VecDeque<Run>,
    /// What came lately, by (time, acceptance).
    recent: VecDeque<Event>,
    /// The steps that were taken lately, by acceptance.
    evidence: VecDeque<Arc<Evidence>>,
}

/// The steps that were taken; at least one.
type Run = Vec<Taken>;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Taken {
    at: Time,
    sequence: u64,
}

/// What a notification is to a sequence.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Event {
    taken: Taken,
    /// The steps that it fulfils, a bit each; at least one.
    steps: u32,
}

impl Event {
    fn of(sequence: &Sequence, shown: &Shown<'_>) -> Self {
        let fulfilled = (0..).zip(&sequence.steps).filter(|(_, step)| shown.holds(step));
        Self {
            taken: Taken {
                at: shown.received.at,
                sequence: shown.received.sequence,
            },
            steps: fulfilled.fold(0, |steps, (place, _)| steps | 1 << place),
        }
    }

    fn fulfils(&self, step: usize) -> bool {
        self.steps & (1 << step) != 0
    }
}

/// Takes a step with a notification, or ends what is half done.
pub(super) fn show(step: &mut Step<'_>, alerts: &mut Alerts, rule: u32, sequence: &Sequence, shown: &Shown<'_>) {
    if sequence.unless.as_ref().is_some_and(|unless| shown.holds(unless)) {
        return end(step, rule, shown);
    }
    let event = Event::of(sequence, shown);
    if event.steps == 0 {
        return;
    }
    let Some(key) = shown.key(step, rule) else {
        return;
    };
    // Also of a later step with which nothing is half done: the first one may be on its way, and have happened before.
    let place = keyed::touch(step, alerts, rule, &key, |_, _| State::Sequence(Progress::new()));
    let heard = step.now.minus(step.settings.lateness);
    let Some(State::Sequence(progress)) = step.keyed.get_mut(place) else {
        return;
    };
    let before = progress.half_done();
    progress.forget(heard, sequence.within);
    let done = progress.take(event, sequence, || shown.received.evidence());
    progress.remember(event);
    step.counts.sequences_evicted += progress.bound();
    let pending = &mut step.counts.rules[rule as usize].pending;
    *pending = *pending + progress.half_done() - before;
    if let Some(run) = done {
        let evidence = progress.evidence_of(&run);
        let at = run.last().map_or(event.taken.at, |last| last.at);
        alerts.matched(step, shown.matched(rule, key, at, evidence));
    }
}

/// Ends what was half done by then. It is not remembered: a first step that comes later is not ended by it.
fn end(step: &mut Step<'_>, rule: u32, shown: &Shown<'_>) {
    let key = &step.rules.rules[rule as usize].key;
    for place in step.keyed.agreeing(rule, key, shown.place, shown.facts) {
        if let Some(State::Sequence(progress)) = step.keyed.get_mut(place) {
            let before = progress.half_done();
            progress.half_done.retain(|run| run[0].at > shown.received.at);
            step.counts.rules[rule as usize].pending -= before - progress.half_done();
        }
    }
}

impl Progress {
    /// Of a key with which most often one step is taken, and no more.
    fn new() -> Self {
        Self {
            half_done: VecDeque::new(),
            recent: VecDeque::with_capacity(1),
            evidence: VecDeque::new(),
        }
    }

    /// How many matches are half done.
    pub fn half_done(&self) -> u64 {
        self.half_done.len() as u64
    }

    /// Goes on with each match of which this is the next step, and begins another with a first step. Of those that it completes, the one
    /// that began last is handed back.
    fn take(&mut self, event: Event, sequence: &Sequence, evidence: impl FnOnce() -> Arc<Evidence>) -> Option<Run> {
        let mut done = None;
        let mut is_taken = false;
        let mut half_done = std::mem::take(&mut self.half_done);
        if event.fulfils(0) {
            add(&mut half_done, Run::new());
        }
        half_done.retain_mut(|run| {
            if let Some(longer) = self.longer(run, event, sequence) {
                is_taken = true;
                *run = longer;
            }
            let is_done = run.len() == sequence.steps.len();
            if is_done {
                done = Some(std::mem::take(run));
            }
            !is_done
        });
        self.half_done = half_done;
        if is_taken {
            add(&mut self.evidence, evidence());
        }
        done
    }

    /// The match with this as its next step, or in place of a later one, if it is that; and then with those that came before it but
    /// happened later.
    fn longer(&self, run: &Run, event: Event, sequence: &Sequence) -> Option<Run> {
        let before = run.partition_point(|taken| taken.at <= event.taken.at);
        if before == 0 && !run.is_empty() {
            return None;
        }
        if !is_next(&run[..before], event, sequence) {
            return None;
        }
        let mut longer = Run::with_capacity(sequence.steps.len());
        longer.extend_from_slice(&run[..before]);
        longer.push(event.taken);
        let later = self.recent.partition_point(|known| known.taken.at <= event.taken.at);
        for known in self.recent.range(later..) {
            if longer.len() == sequence.steps.len() {
                break;
            }
            if is_next(&longer, *known, sequence) {
                longer.push(known.taken);
            }
        }
        (longer.len() >= run.len()).then_some(longer)
    }

    /// Remembers an event for what comes late.
    fn remember(&mut self, event: Event) {
        let place = self.recent.partition_point(|known| known.taken.at <= event.taken.at);
        self.recent.insert(place, event);
    }

    /// Forgets what nothing that still may come can go on with or come before: nothing is heard of earlier than that.
    fn forget(&mut self, heard: Time, within: Duration) {
        self.half_done.retain(|run| run[0].at.plus(within) > heard);
        self.recent.retain(|event| event.taken.at > heard);
        let begun = heard.minus(within);
        self.evidence.retain(|evidence| evidence.occurred_at > begun);
    }

    /// Forgets the oldest of what is too much, and tells how many matches were half done.
    fn bound(&mut self) -> u64 {
        let evicted = self.half_done.len().saturating_sub(HALF_DONE);
        self.half_done.drain(..evicted);
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
        self.evidence.drain(..self.evidence.len().saturating_sub(RECENT));
        evicted as u64
    }

    /// The steps of a match, the last one first, as far as an alert shows them and they are known.
    fn evidence_of(&self, run: &Run) -> Vec<Arc<Evidence>> {
        let of = |taken: &Taken| self.evidence.iter().find(|known| known.sequence == taken.sequence);
        run.iter().rev().filter_map(of).take(EVIDENCE).cloned().collect()
    }
}

/// Adds one to a list that most often gets no further one.
fn add<T>(list: &mut VecDeque<T>, one: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push_back(one);
}

/// Whether that is the next step of a match, and comes in time.
fn is_next(run: &[Taken], event: Event, sequence: &Sequence) -> bool {
    let opens = event.taken.at.minus(sequence.within);
    event.fulfils(run.len()) && run.first().is_none_or(|first| first.at > opens)
}
