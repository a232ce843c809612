//! What rules keep for each key, states that are held apart: those live with their meeting or participant. Each rule has a bounded
//! number of keys, and the longest idle one makes room; the keys of an occurrence end with it. What a condition keeps is its own.

mod keys;

use std::{collections::BTreeSet, ops::RangeInclusive};

use serde::{Deserialize, Serialize};

use self::keys::{Entry, Keys};
use super::{
    count::Counted,
    deadlines::{Deadline, Deadlines, Timer},
    expected::Expectation,
    key::{self, KeyOf},
    lifecycle::Alerts,
    meeting::Place,
    quiet::QuietState,
    ratio::Sampled,
    sequence::Progress,
    step::Step,
};
use crate::{
    model::{ResolveReason, Time},
    rules::{
        Condition, Key,
        facts::{Facts, MeetingFacts},
    },
};

/// Where the state of a key is kept; used again when the key is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct KeyPlace {
    pub rule: u32,
    slot: u32,
}

impl KeyPlace {
    /// The same place after its rule has got another index.
    pub const fn under(self, rule: u32) -> Self {
        Self { rule, ..self }
    }
}

/// The keys of all rules.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Keyed {
    /// By rule; shorter than the rule set until they are needed.
    rules: Vec<Keys>,
    /// Those that end with an occurrence.
    by_occurrence: BTreeSet<(Place, KeyPlace)>,
}

/// What a condition keeps for a key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum State {
    Count(Counted),
    Expected(Expectation),
    Sequence(Progress),
    Ratio(Sampled),
    Quiet(QuietState),
}

impl State {
    /// What it waits for.
    pub fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::Count(_) | Self::Sequence(_) | Self::Ratio(_) => None,
            Self::Expected(expectation) => Some(expectation.deadline),
            Self::Quiet(state) => state.deadline(),
        }
    }

    /// How much it waits for.
    fn pending(&self) -> u64 {
        match self {
            Self::Count(_) | Self::Ratio(_) | Self::Quiet(_) => 0,
            Self::Expected(_) => 1,
            Self::Sequence(progress) => progress.half_done(),
        }
    }
}

/// Finds the state of a key, or makes it; the longest idle key of the rule makes room for a new one.
pub(super) fn touch(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    rule: u32,
    key: &KeyOf,
    new: impl FnOnce(&mut Deadlines, KeyPlace) -> State,
) -> KeyPlace {
    let now = step.now;
    let place = match step.keyed.find(rule, key) {
        Some(place) => place,
        None => {
            make_room(step, alerts, rule);
            let slot = step.keyed.keys_mut(rule).vacant();
            let state = new(step.deadlines, KeyPlace { rule, slot });
            step.counts.rules[rule as usize].pending += state.pending();
            let entry = Entry {
                key: key.clone(),
                touched: now,
                state,
            };
            let place = step.keyed.add(rule, entry);
            watch(step, rule);
            place
        }
    };
    step.keyed.keys_mut(rule).touch(place.slot, now);
    place
}

/// Forgets a key and its timers; nothing comes of it any more.
pub(super) fn remove(step: &mut Step<'_>, place: KeyPlace) -> Option<(KeyOf, State)> {
    let Entry { key, state, .. } = step.keyed.remove(place)?;
    step.counts.rules[place.rule as usize].pending -= state.pending();
    if let Some(deadline) = state.deadline() {
        step.deadlines.cancel(deadline);
    }
    Some((key, state))
}

/// An occurrence closed: its keys are over, but for what is still expected of it.
pub(super) fn close(step: &mut Step<'_>, occurrence: Place, meeting: &MeetingFacts) {
    for place in step.keyed.of_occurrence(occurrence, 0..=u32::MAX) {
        match step.keyed.get_mut(place) {
            Some(State::Expected(expectation)) => expectation.after.meeting = *meeting,
            _ => drop(remove(step, place)),
        }
    }
}

/// The service starts: what is missed only if somebody listens begins anew.
pub(super) fn begin_anew(keyed: &mut Keyed, now: Time, deadlines: &mut Deadlines) {
    for entry in keyed.rules.iter_mut().flat_map(Keys::iter_mut) {
        if let State::Quiet(state) = &mut entry.state {
            state.begin_anew(now, deadlines);
        }
    }
}

/// A rule sees no more: forgets all its keys, but for those that will be missed when it sees again.
pub(super) fn drop_of(step: &mut Step<'_>, rule: u32) {
    for place in step.keyed.of_rule(rule) {
        match step.keyed.get_mut(place) {
            Some(State::Quiet(state)) => {
                if let Some(deadline) = state.pause() {
                    step.deadlines.cancel(deadline);
                }
            }
            _ => drop(remove(step, place)),
        }
    }
}

/// A rule sees again.
pub(super) fn listen(step: &mut Step<'_>, rule: u32) {
    let Condition::Quiet(quiet) = &step.rules.rules[rule as usize].condition else {
        return;
    };
    for place in step.keyed.of_rule(rule) {
        if let Some(State::Quiet(state)) = step.keyed.get_mut(place) {
            let ends = step.now.plus(quiet.for_);
            state.listen(step.now, || step.deadlines.set(ends, Timer::Key(place)));
        }
    }
}

/// Keys of a rule may have been idle for so long that nothing can come of them any more.
pub(super) fn sweep(step: &mut Step<'_>, rule: u32) {
    step.keyed.keys_mut(rule).sweep = None;
    forget_idle(step, rule);
    watch(step, rule);
}

/// Sees to it that the keys of a rule whose state does not end by itself are looked at again.
fn watch(step: &mut Step<'_>, rule: u32) {
    let Some(memory) = step.rules.rules[rule as usize].condition.memory() else {
        return;
    };
    let keys = step.keyed.keys_mut(rule);
    if keys.sweep.is_none() && keys.len() > 0 {
        let at = step.now.plus(memory).plus(step.settings.lateness);
        keys.sweep = Some(step.deadlines.set(at, Timer::Sweep(rule)));
    }
}

fn forget_idle(step: &mut Step<'_>, rule: u32) {
    let Some(memory) = step.rules.rules[rule as usize].condition.memory() else {
        return;
    };
    let idle = step.now.minus(memory).minus(step.settings.lateness);
    while let Some((place, _)) = step.keyed.oldest(rule).filter(|(_, touched)| *touched <= idle) {
        remove(step, place);
    }
}

fn make_room(step: &mut Step<'_>, alerts: &mut Alerts, rule: u32) {
    let bound = step.settings.keys_of_a_rule(step.rules.keyed);
    if step.keyed.count_of_rule(rule) < bound {
        return;
    }
    forget_idle(step, rule);
    while step.keyed.count_of_rule(rule) >= bound {
        let Some((place, _)) = step.keyed.oldest(rule) else {
            return;
        };
        step.counts.keys_evicted += 1;
        step.counts.rules[rule as usize].evicted += 1;
        if let Some((key, _)) = remove(step, place) {
            alerts.resolve_key(step, rule, key, ResolveReason::Evicted);
        }
    }
}

impl Keyed {
    /// What is kept there, and what it is about.
    pub fn entry(&self, place: KeyPlace) -> Option<(&KeyOf, &State)> {
        let entry = self.rules.get(place.rule as usize)?.get(place.slot)?;
        Some((&entry.key, &entry.state))
    }

    /// The state of a key.
    pub fn get_mut(&mut self, place: KeyPlace) -> Option<&mut State> {
        self.entry_mut(place).map(|(_, state)| state)
    }

    /// A key and its state.
    pub fn entry_mut(&mut self, place: KeyPlace) -> Option<(&KeyOf, &mut State)> {
        let entry = self.rules.get_mut(place.rule as usize)?.get_mut(place.slot)?;
        Some((&entry.key, &mut entry.state))
    }

    /// How many keys a rule has.
    pub fn count_of_rule(&self, rule: u32) -> usize {
        self.rules.get(rule as usize).map_or(0, Keys::len)
    }

    /// Gives every rule its new index; the keys of rules that are gone drop, their timers do so by themselves.
    pub fn renumber(&mut self, kept: &[Option<u32>]) {
        let old = std::mem::take(self);
        for (keys, new) in old.rules.into_iter().zip(kept) {
            if let Some(rule) = *new {
                *self.keys_mut(rule) = keys;
            }
        }
        let renumbered = old.by_occurrence.into_iter().filter_map(|(occurrence, place)| {
            let rule = kept.get(place.rule as usize).copied().flatten()?;
            Some((occurrence, KeyPlace { rule, ..place }))
        });
        self.by_occurrence = renumbered.collect();
    }

    /// Makes the indexes anew, which snapshots do not hold.
    pub fn reindex(&mut self) {
        self.rules.iter_mut().for_each(Keys::reindex);
    }

    /// The keys of a rule that agree with the facts in the fields that these have.
    pub fn agreeing(&self, rule: u32, key: &Key, occurrence: Place, facts: &Facts<'_>) -> Vec<KeyPlace> {
        if self.count_of_rule(rule) == 0 {
            return Vec::new();
        }
        match KeyOf::of(key, occurrence, facts) {
            Some(key) => self.find(rule, &key).into_iter().collect(),
            // Checked at load: what could lack a part of the key has a key with the meeting.
            None => {
                let agrees = |place: &KeyPlace| {
                    let entry = self.rules[rule as usize].get(place.slot);
                    entry.is_some_and(|entry| key::agree(key, entry.key.values.as_slice().iter(), facts))
                };
                let mut places = self.of_occurrence(occurrence, rule..=rule);
                places.retain(agrees);
                places
            }
        }
    }

    /// Where the state of a key is kept.
    pub fn find(&self, rule: u32, key: &KeyOf) -> Option<KeyPlace> {
        let slot = self.rules.get(rule as usize)?.find(key)?;
        Some(KeyPlace { rule, slot })
    }

    /// The keys of these rules that end with an occurrence.
    pub fn of_occurrence(&self, occurrence: Place, rules: RangeInclusive<u32>) -> Vec<KeyPlace> {
        let (rule, last) = rules.into_inner();
        let first = KeyPlace { rule, slot: 0 };
        let last = KeyPlace {
            rule: last,
            slot: u32::MAX,
        };
        self.by_occurrence
            .range((occurrence, first)..=(occurrence, last))
            .map(|(_, place)| *place)
            .collect()
    }

    /// All keys of a rule, in the order of their places.
    pub fn of_rule(&self, rule: u32) -> Vec<KeyPlace> {
        let keys = self.rules.get(rule as usize);
        let slots = keys.into_iter().flat_map(Keys::taken);
        slots.map(|slot| KeyPlace { rule, slot }).collect()
    }

    fn oldest(&self, rule: u32) -> Option<(KeyPlace, Time)> {
        let (slot, entry) = self.rules.get(rule as usize)?.oldest()?;
        Some((KeyPlace { rule, slot }, entry.touched))
    }

    fn keys_mut(&mut self, rule: u32) -> &mut Keys {
        if self.rules.len() <= rule as usize {
            self.rules.resize_with(rule as usize + 1, Keys::default);
        }
        &mut self.rules[rule as usize]
    }

    fn add(&mut self, rule: u32, entry: Entry) -> KeyPlace {
        let occurrence = entry.key.place;
        let slot = self.keys_mut(rule).add(entry);
        let place = KeyPlace { rule, slot };
        self.by_occurrence
            .extend(occurrence.map(|occurrence| (occurrence, place)));
        place
    }

    fn remove(&mut self, place: KeyPlace) -> Option<Entry> {
        let entry = self.rules.get_mut(place.rule as usize)?.remove(place.slot)?;
        if let Some(occurrence) = entry.key.place {
            self.by_occurrence.remove(&(occurrence, place));
        }
        Some(entry)
    }
}
