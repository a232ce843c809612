//! Where the participants of an occurrence sit. What is known of each is absent: `meeting` says that.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use serde::{Deserialize, Serialize};

use super::Participant;

/// The participants of an occurrence: in seats, so that their order is the same on every replay, with an index by party id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seats {
    pub taken: Vec<Option<Box<Participant>>>,
    free: Vec<u32>,
    #[serde(skip)]
    index: HashTable<u32>,
    #[serde(skip)]
    hasher: DefaultHashBuilder,
}

impl Seats {
    /// How many are taken.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn get(&self, seat: u32) -> Option<&Participant> {
        self.taken.get(seat as usize)?.as_deref()
    }

    pub fn get_mut(&mut self, seat: u32) -> Option<&mut Participant> {
        self.taken.get_mut(seat as usize)?.as_deref_mut()
    }

    pub fn find(&self, party_id: &str) -> Option<u32> {
        let is_it = |seat: &u32| {
            self.get(*seat)
                .is_some_and(|participant| participant.known.party_id == party_id)
        };
        self.index.find(self.hasher.hash_one(party_id), is_it).copied()
    }

    pub fn add(&mut self, participant: Participant) -> u32 {
        let participant = Some(Box::new(participant));
        let seat = match self.free.pop() {
            Some(seat) => {
                self.taken[seat as usize] = participant;
                seat
            }
            None => {
                self.taken.push(participant);
                u32::try_from(self.taken.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.enter(seat);
        seat
    }

    pub fn remove(&mut self, seat: u32) -> Option<Box<Participant>> {
        let participant = self.taken.get_mut(seat as usize)?.take()?;
        let hash = self.hasher.hash_one(participant.known.party_id.as_str());
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == seat) {
            entry.remove();
        }
        self.free.push(seat);
        Some(participant)
    }

    pub fn reindex(&mut self) {
        self.index.clear();
        for seat in 0..u32::try_from(self.taken.len()).unwrap_or(u32::MAX) {
            self.enter(seat);
        }
    }

    fn enter(&mut self, seat: u32) {
        let Self {
            taken, index, hasher, ..
        } = self;
        let hash = |seat: &u32| {
            let participant = taken.get(*seat as usize).and_then(Option::as_deref);
            participant.map_or(0, |participant| hasher.hash_one(participant.known.party_id.as_str()))
        };
        if taken.get(seat as usize).is_some_and(Option::is_some) {
            index.insert_unique(hash(&seat), seat, hash);
        }
    }
}
