//! What rules keep for each key, states that are held apart: those live with their meeting or participant. Each rule has a bounded
//! number of keys, and the longest idle one makes room; the keys of an occurrence end with it. What a condition keeps is its own.

use std::{collections::BTreeSet, hash::BuildHasher, ops::RangeInclusive};

use hashbrown::{DefaultHashBuilder, HashTable};
use serde::{Deserialize, Serialize};

use super::{
    count::Counted,
    deadlines::{Deadline, Deadlines, Timer},
    expected::Expectation,
    key::{self, KeyOf},
    lifecycle::Alerts,
    meeting::Place,
    quiet::Silence,
    ratio::Sampled,
    recency::Recency,
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

/// The keys of all rules.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Keyed {
    /// By rule; shorter than the rule set until they are needed.
    rules: Vec<Keys>,
    /// Those that end with an occurrence.
    by_occurrence: BTreeSet<(Place, KeyPlace)>,
}

/// The keys of one rule, in slots, so that their order is the same on every replay.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Keys {
    slots: Vec<Option<Box<Entry>>>,
    free: Vec<u32>,
    recency: Recency,
    sweep: Option<Deadline>,
    #[serde(skip)]
    index: HashTable<u32>,
    #[serde(skip)]
    hasher: DefaultHashBuilder,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: KeyOf,
    touched: Time,
    state: State,
}

/// What a condition keeps for a key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum State {
    Count(Counted),
    Expected(Expectation),
    Sequence(Progress),
    Ratio(Sampled),
    Quiet(Silence),
}

impl State {
    /// What it waits for.
    fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::Count(_) | Self::Sequence(_) | Self::Ratio(_) => None,
            Self::Expected(expectation) => Some(expectation.deadline),
            Self::Quiet(silence) => silence.deadline(),
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
    let keys = step.keyed.keys_mut(rule);
    keys.recency.touch(place.slot);
    if let Some(entry) = keys.get_mut(place.slot) {
        entry.touched = now;
    }
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

/// A rule sees no more: forgets its keys, but for those at which it listens again when it does.
pub(super) fn drop_of(step: &mut Step<'_>, rule: u32) {
    for place in step.keyed.of_rule(rule) {
        if let Some(State::Quiet(silence)) = step.keyed.get_mut(place) {
            silence.pause(step.deadlines);
        } else {
            remove(step, place);
        }
    }
}

/// A rule sees again: what is missed only if somebody listens begins now.
pub(super) fn listen(step: &mut Step<'_>, rule: u32) {
    for place in step.keyed.of_rule(rule) {
        if let (Condition::Quiet(quiet), Some(State::Quiet(silence))) =
            (&step.rules.rules[rule as usize].condition, step.keyed.get_mut(place))
        {
            silence.listen(quiet, step.deadlines, step.now, place);
        }
    }
}

/// The service starts: what is missed only if somebody listens begins anew.
pub(super) fn begin_anew(keyed: &mut Keyed, now: Time) {
    for entry in keyed.rules.iter_mut().flat_map(|keys| &mut keys.slots).flatten() {
        if let State::Quiet(silence) = &mut entry.state {
            silence.begin_anew(now);
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
    if keys.sweep.is_none() && !keys.index.is_empty() {
        let at = step.now.plus(memory).plus(step.settings.lateness);
        keys.sweep = Some(step.deadlines.set(at, Timer::Sweep(rule)));
    }
}

fn forget_idle(step: &mut Step<'_>, rule: u32) {
    let Some(memory) = step.rules.rules[rule as usize].condition.memory() else {
        return;
    };
    let idle = step.now.minus(memory).minus(step.settings.lateness);
    while let Some((slot, _)) = step.keyed.oldest(rule).filter(|(_, touched)| *touched <= idle) {
        remove(step, KeyPlace { rule, slot });
    }
}

fn make_room(step: &mut Step<'_>, alerts: &mut Alerts, rule: u32) {
    let bound = step.settings.keys_of_a_rule(step.rules.keyed);
    if step.keyed.count_of_rule(rule) < bound {
        return;
    }
    forget_idle(step, rule);
    while step.keyed.count_of_rule(rule) >= bound {
        let Some((slot, _)) = step.keyed.oldest(rule) else {
            return;
        };
        step.counts.keys_evicted += 1;
        step.counts.rules[rule as usize].evicted += 1;
        if let Some((key, _)) = remove(step, KeyPlace { rule, slot }) {
            alerts.resolve_key(step, rule, key, ResolveReason::Evicted);
        }
    }
}

impl Keyed {
    /// What is kept there is about.
    pub fn key_of(&self, place: KeyPlace) -> Option<&KeyOf> {
        let entry = self.rules.get(place.rule as usize)?.get(place.slot)?;
        Some(&entry.key)
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
        self.rules.get(rule as usize).map_or(0, |keys| keys.index.len())
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
                    entry.is_some_and(|entry| key::agree(key, entry.key.values.iter(), facts))
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

    fn of_rule(&self, rule: u32) -> Vec<KeyPlace> {
        let slots = self.rules.get(rule as usize).map_or(&[][..], |keys| &keys.slots);
        (0u32..)
            .zip(slots)
            .filter(|(_, entry)| entry.is_some())
            .map(|(slot, _)| KeyPlace { rule, slot })
            .collect()
    }

    fn of_occurrence(&self, occurrence: Place, rules: RangeInclusive<u32>) -> Vec<KeyPlace> {
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

    fn oldest(&self, rule: u32) -> Option<(u32, Time)> {
        let keys = self.rules.get(rule as usize)?;
        let slot = keys.recency.oldest()?;
        Some((slot, keys.get(slot)?.touched))
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

impl Keys {
    fn get(&self, slot: u32) -> Option<&Entry> {
        self.slots.get(slot as usize)?.as_deref()
    }

    fn get_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    fn find(&self, key: &KeyOf) -> Option<u32> {
        let is_it = |slot: &u32| self.get(*slot).is_some_and(|entry| entry.key == *key);
        self.index.find(self.hasher.hash_one(key), is_it).copied()
    }

    /// The slot that the next key gets.
    fn vacant(&self) -> u32 {
        let new = || u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.free.last().copied().unwrap_or_else(new)
    }

    fn add(&mut self, entry: Entry) -> u32 {
        let slot = self.vacant();
        match self.free.pop() {
            Some(slot) => self.slots[slot as usize] = Some(Box::new(entry)),
            None => self.slots.push(Some(Box::new(entry))),
        }
        self.enter(slot);
        slot
    }

    fn remove(&mut self, slot: u32) -> Option<Entry> {
        let entry = self.slots.get_mut(slot as usize)?.take()?;
        if let Ok(found) = self
            .index
            .find_entry(self.hasher.hash_one(&entry.key), |other| *other == slot)
        {
            found.remove();
        }
        self.recency.remove(slot);
        self.free.push(slot);
        Some(*entry)
    }

    fn reindex(&mut self) {
        self.index.clear();
        for slot in 0..u32::try_from(self.slots.len()).unwrap_or(u32::MAX) {
            self.enter(slot);
        }
    }

    fn enter(&mut self, slot: u32) {
        let Self {
            slots, index, hasher, ..
        } = self;
        let hash = |slot: &u32| {
            let entry = slots.get(*slot as usize).and_then(Option::as_deref);
            entry.map_or(0, |entry| hasher.hash_one(&entry.key))
        };
        if slots.get(slot as usize).is_some_and(Option::is_some) {
            index.insert_unique(hash(&slot), slot, hash);
        }
    }
}
