//! The keys of one rule, in slots, so that their order is the same on every replay, with an index by key.

use serde::{Deserialize, Serialize};

use super::State;
use crate::{
    engine::{by_hash::ByHash, deadlines::Deadline, key::KeyOf, recency::Recency},
    model::Time,
};

/// The keys of one rule.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Keys {
    slots: Vec<Option<Box<Entry>>>,
    free: Vec<u32>,
    recency: Recency,
    /// When keys that are idle are looked for.
    pub sweep: Option<Deadline>,
    #[serde(skip)]
    index: ByHash,
}

/// A key with its state.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub key: KeyOf,
    /// When it was last used.
    pub touched: Time,
    pub state: State,
}

impl Keys {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// The slots in use, ascending.
    pub fn taken(&self) -> impl Iterator<Item = u32> + '_ {
        let entries = (0u32..).zip(&self.slots);
        entries.filter(|(_, entry)| entry.is_some()).map(|(slot, _)| slot)
    }

    /// All of them, in the order of their slots.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.slots.iter_mut().flatten().map(AsMut::as_mut)
    }

    /// A key was used now.
    pub fn touch(&mut self, slot: u32, now: Time) {
        self.recency.touch(slot);
        if let Some(entry) = self.get_mut(slot) {
            entry.touched = now;
        }
    }

    /// The one that was used longest ago.
    pub fn oldest(&self) -> Option<(u32, &Entry)> {
        let slot = self.recency.oldest()?;
        Some((slot, self.get(slot)?))
    }

    /// A key with its state.
    pub fn get(&self, slot: u32) -> Option<&Entry> {
        self.slots.get(slot as usize)?.as_deref()
    }

    /// A key with its state.
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    /// Where a key is.
    pub fn find(&self, key: &KeyOf) -> Option<u32> {
        self.index
            .find(key, |slot| self.get(slot).is_some_and(|entry| entry.key == *key))
    }

    /// The slot that the next key gets.
    pub fn vacant(&self) -> u32 {
        let new = || u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.free.last().copied().unwrap_or_else(new)
    }

    /// Adds a key, and says where.
    pub fn add(&mut self, entry: Entry) -> u32 {
        let slot = self.vacant();
        self.index.insert(&entry.key, slot);
        match self.free.pop() {
            Some(slot) => self.slots[slot as usize] = Some(Box::new(entry)),
            None => self.slots.push(Some(Box::new(entry))),
        }
        slot
    }

    /// Takes a key out.
    pub fn remove(&mut self, slot: u32) -> Option<Entry> {
        let entry = self.slots.get_mut(slot as usize)?.take()?;
        self.index.remove(&entry.key, slot);
        self.recency.remove(slot);
        self.free.push(slot);
        Some(*entry)
    }

    /// Makes the index anew, which snapshots do not hold.
    pub fn reindex(&mut self) {
        self.index.clear();
        for (slot, entry) in (0..).zip(&self.slots) {
            if let Some(entry) = entry {
                self.index.insert(&entry.key, slot);
            }
        }
    }
}
