//! What was said, for those who listen: a ring of the newest alert events, each encoded once. A subscriber is a position, not a queue:
//! it reads here while it keeps up, and from the event log when it has fallen behind.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::watch;

use crate::{grpc::encoded::EncodedResponse, journal::Position, service::visible::Visible};

/// An alert event, ready to be sent.
#[derive(Debug)]
pub struct Said {
    /// Where it stands in the event log.
    pub position: Position,
    /// The response that carries it, with its cursor.
    pub response: EncodedResponse,
    /// What a filter sees of it.
    pub visible: Visible,
}

/// The newest events, and a bell that rings when there are more.
#[derive(Debug)]
pub struct Fanout {
    ring: RwLock<Ring>,
    /// The position up to which everything has been said.
    head: watch::Sender<Position>,
    capacity: usize,
}

#[derive(Debug)]
struct Ring {
    events: VecDeque<Arc<Said>>,
    /// Everything after this position is in the ring.
    floor: Position,
    /// Everything up to this position has been said.
    head: Position,
    /// The last record of the event log.
    last_record: Option<Position>,
}

/// What follows a position.
#[derive(Debug)]
pub enum Next {
    /// These, and then everything up to that position has been seen.
    Events(Vec<Arc<Said>>, Position),
    /// The ring does not reach back so far: the event log does.
    Behind,
}

impl Fanout {
    /// An empty ring for so many events, after that position.
    pub fn new(head: Position, last_record: Option<Position>, capacity: usize) -> Self {
        let ring = Ring {
            events: VecDeque::new(),
            floor: head,
            head,
            last_record,
        };
        Self {
            ring: RwLock::new(ring),
            head: watch::Sender::new(head),
            capacity,
        }
    }

    /// Says these events; everything up to `head` has then been said.
    pub fn say(&self, events: impl IntoIterator<Item = Said>, head: Position, last_record: Option<Position>) {
        let mut any = false;
        {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            for event in events {
                any = true;
                if ring.events.len() >= self.capacity
                    && let Some(oldest) = ring.events.pop_front()
                {
                    ring.floor = oldest.position;
                }
                ring.events.push_back(Arc::new(event));
            }
            ring.head = head;
            ring.last_record = last_record.or(ring.last_record);
        }
        if any {
            self.head.send_replace(head);
        }
    }

    /// The position up to which everything has been said.
    pub fn head(&self) -> Position {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).head
    }

    /// The position of the last record of the event log.
    pub fn last_record(&self) -> Option<Position> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).last_record
    }

    /// Up to so many events after a position.
    pub fn after(&self, position: Position, most: usize) -> Next {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        if position < ring.floor {
            return Next::Behind;
        }
        let first = ring.events.partition_point(|event| event.position <= position);
        let events: Vec<Arc<Said>> = ring.events.range(first..).take(most).cloned().collect();
        let seen = match events.last() {
            Some(last) if events.len() == most => last.position,
            _ => ring.head,
        };
        Next::Events(events, seen)
    }

    /// Tells when more has been said.
    pub fn bell(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Position {
        Position { offset, ordinal: 0 }
    }

    fn said(offset: u64) -> Said {
        Said {
            position: at(offset),
            response: EncodedResponse::heartbeat(""),
            visible: Visible::of(&Default::default()),
        }
    }

    fn after(fanout: &Fanout, position: Position) -> (Vec<u64>, Position) {
        match fanout.after(position, 10) {
            Next::Events(events, seen) => (events.iter().map(|event| event.position.offset).collect(), seen),
            Next::Behind => panic!("behind"),
        }
    }

    #[test]
    fn a_reader_is_given_what_follows_its_place_or_sent_to_storage() {
        let fanout = Fanout::new(at(1), None, 2);
        assert_eq!(after(&fanout, at(1)), (vec![], at(1)));
        fanout.say([said(2), said(3), said(4)], at(5), Some(at(4)));
        assert_eq!(after(&fanout, at(3)), (vec![4], at(5)));
        assert_eq!(after(&fanout, at(2)), (vec![3, 4], at(5)));
        assert!(matches!(fanout.after(at(1), 10), Next::Behind));
    }
}
