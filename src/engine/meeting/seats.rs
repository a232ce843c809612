//! Where the participants of an occurrence sit. What is known of each is absent: `meeting` says that.

use serde::{Deserialize, Serialize};

use super::Participant;
use crate::engine::by_hash::ByHash;

/// The participants of an occurrence: in seats, so that their order is the same on every replay, with an index by party id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seats {
    pub taken: Vec<Option<Box<Participant>>>,
    free: Vec<u32>,
    #[serde(skip)]
    index: ByHash,
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
        self.index.find(party_id, |seat| {
            self.get(seat)
                .is_some_and(|participant| participant.known.party_id == party_id)
        })
    }

    pub fn add(&mut self, participant: Participant) -> u32 {
        let new = || u32::try_from(self.taken.len()).unwrap_or(u32::MAX);
        let seat = self.free.last().copied().unwrap_or_else(new);
        self.index.insert(participant.known.party_id.as_str(), seat);
        let participant = Some(Box::new(participant));
        match self.free.pop() {
            Some(seat) => self.taken[seat as usize] = participant,
            None => self.taken.push(participant),
        }
        seat
    }

    pub fn remove(&mut self, seat: u32) -> Option<Box<Participant>> {
        let participant = self.taken.get_mut(seat as usize)?.take()?;
        self.index.remove(participant.known.party_id.as_str(), seat);
        self.free.push(seat);
        Some(participant)
    }

    pub fn reindex(&mut self) {
        self.index.clear();
        for (seat, participant) in (0..).zip(&self.taken) {
            if let Some(participant) = participant {
                self.index.insert(participant.known.party_id.as_str(), seat);
            }
        }
    }
}
