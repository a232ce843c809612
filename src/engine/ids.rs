//! Idempotency: which ids each source has used, so that a repeated notification is applied once.

use std::{collections::VecDeque, time::Duration};

use compact_str::CompactString;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::model::{NotificationId, Time};

/// The ids of all sources.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ids {
    sources: HashMap<CompactString, SourceIds>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct SourceIds {
    known: HashMap<CompactString, Known>,
    /// In the order of their coming, so the first are the oldest.
    order: VecDeque<(Time, CompactString)>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Known {
    sequence: u64,
    content: u128,
}

/// What is known of an id.
pub(super) enum Recall {
    /// Nothing.
    New,
    /// It came before with the same content, and got this sequence.
    Same(u64),
    /// It came before with other content, and got this sequence; the oldest id of its source that is remembered came that long ago.
    Other { sequence: u64, oldest_id_age: Duration },
}

impl Ids {
    /// Looks an id up, after forgetting those of its source that are older than the horizon.
    pub fn recall(&mut self, source: &str, id: &NotificationId, now: Time, horizon: Duration) -> Recall {
        let Some(ids) = self.sources.get_mut(source) else {
            return Recall::New;
        };
        while ids.order.front().is_some_and(|(at, _)| at.plus(horizon) <= now) {
            ids.forget_oldest();
        }
        match ids.known.get(&id.id) {
            None => Recall::New,
            Some(known) if known.content == id.content => Recall::Same(known.sequence),
            Some(known) => Recall::Other {
                sequence: known.sequence,
                oldest_id_age: ids.order.front().map_or(Duration::ZERO, |(came_at, _)| now - *came_at),
            },
        }
    }

    /// Remembers a new id; the oldest of its source go when there are too many, and it is told how many.
    pub fn remember(
        &mut self,
        source: &CompactString,
        id: &NotificationId,
        sequence: u64,
        now: Time,
        bound: u32,
    ) -> u64 {
        let ids = match self.sources.get_mut(source) {
            Some(ids) => ids,
            None => self.sources.entry(source.clone()).or_default(),
        };
        let mut evicted = 0;
        while ids.known.len() >= bound.max(1) as usize {
            ids.forget_oldest();
            evicted += 1;
        }
        let NotificationId { id, content } = id.clone();
        ids.order.push_back((now, id.clone()));
        ids.known.insert(id, Known { sequence, content });
        evicted
    }

    /// How many are remembered.
    #[expect(clippy::disallowed_methods, reason = "a sum is the same in any order")]
    pub fn len(&self) -> usize {
        self.sources.values().map(|ids| ids.known.len()).sum()
    }

    /// When the oldest one that is remembered came.
    #[expect(clippy::disallowed_methods, reason = "a minimum is the same in any order")]
    pub fn oldest(&self) -> Option<Time> {
        self.sources
            .values()
            .filter_map(|ids| ids.order.front())
            .map(|(at, _)| *at)
            .min()
    }
}

impl SourceIds {
    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.known.remove(&id);
        }
    }
}
