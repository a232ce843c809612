//! Which slot was used longest ago, at a constant cost for each use: a doubly linked list laid over the slots.

use serde::{Deserialize, Serialize};

const NONE: u32 = u32::MAX;

/// Slots in the order of their last use.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Recency {
    links: Vec<Link>,
    oldest: u32,
    newest: u32,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Link {
    older: u32,
    newer: u32,
    listed: bool,
}

impl Default for Recency {
    fn default() -> Self {
        Self {
            links: Vec::new(),
            oldest: NONE,
            newest: NONE,
        }
    }
}

impl Recency {
    /// A slot was used now.
    pub fn touch(&mut self, slot: u32) {
        if self.newest == slot {
            return;
        }
        self.remove(slot);
        if self.links.len() <= slot as usize {
            self.links.resize(
                slot as usize + 1,
                Link {
                    older: NONE,
                    newer: NONE,
                    listed: false,
                },
            );
        }
        self.links[slot as usize] = Link {
            older: self.newest,
            newer: NONE,
            listed: true,
        };
        match self.links.get_mut(self.newest as usize) {
            Some(link) => link.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    /// A slot is not used any more.
    pub fn remove(&mut self, slot: u32) {
        let Some(link) = self.links.get_mut(slot as usize).filter(|link| link.listed) else {
            return;
        };
        link.listed = false;
        let Link { older, newer, .. } = *link;
        match self.links.get_mut(older as usize) {
            Some(link) => link.newer = newer,
            None => self.oldest = newer,
        }
        match self.links.get_mut(newer as usize) {
            Some(link) => link.older = older,
            None => self.newest = older,
        }
    }

    /// The slot used longest ago.
    pub fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_of_use() {
        let mut recency = Recency::default();
        for slot in [0, 1, 2, 0, 3, 1] {
            recency.touch(slot);
        }
        recency.remove(0);
        let mut order = Vec::new();
        while let Some(slot) = recency.oldest() {
            order.push(slot);
            recency.remove(slot);
        }
        assert_eq!(order, [2, 3, 1]);
        recency.touch(2);
        assert_eq!(recency.oldest(), Some(2));
    }
}
