//! Finds slots by what they hold: an index beside a list of slots, which gives the order that a hash table has not. It knows hashes and
//! slots alone; what a slot holds, its owner says. No snapshot holds it.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// The slots of one list, by the hash of what they hold.
#[derive(Debug, Default)]
pub(super) struct ByHash {
    entries: HashTable<Entry>,
    hasher: DefaultHashBuilder,
}

/// A slot with its hash, so that growing looks at no slot, and few are looked at in vain.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    slot: u32,
}

impl ByHash {
    /// How many slots there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The slot that holds a key, of those with its hash.
    pub fn find<K: Hash + ?Sized>(&self, key: &K, holds_it: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hash(key);
        let found = self
            .entries
            .find(spread(hash), |entry| entry.hash == hash && holds_it(entry.slot));
        found.map(|entry| entry.slot)
    }

    /// Adds a slot, which holds a key that no other holds.
    pub fn insert<K: Hash + ?Sized>(&mut self, key: &K, slot: u32) {
        let hash = self.hash(key);
        let entry = Entry { hash, slot };
        self.entries
            .insert_unique(spread(hash), entry, |entry| spread(entry.hash));
    }

    /// Takes a slot out, which holds that key.
    pub fn remove<K: Hash + ?Sized>(&mut self, key: &K, slot: u32) {
        let hash = self.hash(key);
        if let Ok(found) = self.entries.find_entry(spread(hash), |entry| entry.slot == slot) {
            found.remove();
        }
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "half of a hash is enough to tell slots apart"
    )]
    fn hash<K: Hash + ?Sized>(&self, key: &K) -> u32 {
        self.hasher.hash_one(key) as u32
    }
}

/// The table looks at both ends of a hash.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
