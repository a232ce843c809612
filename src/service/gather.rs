//! The journal's thread: gathers what waits, makes it durable as one frame with one fsync, and hands it on to be decided. While the
//! next batch is being made durable, this one is decided upon.

use std::{
    sync::{Arc, mpsc::SyncSender},
    time::Instant,
};

use tokio::sync::{OwnedSemaphorePermit, mpsc::Receiver, oneshot};
use tracing::error;

use super::{
    Fatal,
    handle::{Keep, Notifications, Query, Submission, Unavailable},
    room::{Of, Room},
};
use crate::{
    clock::Clock,
    engine::{
        effect::{Acted, Answer},
        input::Input,
    },
    journal::{AppendError, Journal, Position, Trim, codec},
    metrics::Metrics,
    model::{Notification, Time},
};

/// The size from which a frame takes no more, in bytes. A batch of the largest messages still fits a frame beyond it.
const BYTES: usize = 2 << 20;

/// What is durable, and is to be decided upon.
pub(super) struct Batch {
    pub first_offset: u64,
    pub time: Time,
    /// When it was gathered.
    pub gathered_at: Instant,
    pub items: Vec<Item>,
}

/// One part of a batch.
pub(super) enum Item {
    /// Notifications, where their answers go, and their places in the queue.
    Notifications(
        Vec<Notification>,
        oneshot::Sender<Result<Vec<Answer>, Unavailable>>,
        OwnedSemaphorePermit,
    ),
    /// Another input.
    Input(Box<Input>, Option<oneshot::Sender<()>>),
    /// What an operator does, and where what became of it goes.
    Act(Box<Input>, oneshot::Sender<Result<Acted, Unavailable>>),
    /// A question; it has no place in the journal.
    Query(Query),
    /// Remove what of the event log is older than is kept.
    Trim(Keep),
    /// Make the event log durable.
    SyncEvents(oneshot::Sender<Option<Position>>),
}

/// The journal and what waits to get into it.
pub(super) struct Gatherer {
    pub journal: Journal,
    pub clock: Clock,
    pub submissions: Receiver<Submission>,
    pub durable: SyncSender<Batch>,
    pub room: Arc<Room>,
    /// The most inputs of one frame.
    pub most: u32,
    pub fatal: Fatal,
    pub metrics: Arc<Metrics>,
}

/// What is being gathered.
#[derive(Default)]
struct Gathered {
    items: Vec<Item>,
    payload: Vec<u8>,
    count: u32,
    stop: bool,
}

impl Gatherer {
    /// Runs until told to stop, or until the journal fails; hands the journal back to be closed.
    pub fn run(mut self) -> Journal {
        let mut gathered = Gathered::default();
        while !gathered.stop {
            let Some(first) = self.submissions.blocking_recv() else {
                break;
            };
            if let Submission::Trim(keep) = first {
                self.trim(keep);
            }
            gathered.take(first);
            while gathered.has_room(self.most)
                && let Ok(next) = self.submissions.try_recv()
            {
                gathered.take(next);
            }
            if !self.pass_on(&mut gathered) {
                break;
            }
        }
        self.journal
    }

    /// Removes what of the journal is older or more than is kept. That it stays longer harms nobody.
    fn trim(&mut self, keep: Keep) {
        for trim in [Trim::OlderThan(keep.since), Trim::LargerThan(keep.bytes)] {
            if let Err(cause) = self.journal.trim(trim, keep.from) {
                error!(%cause, "the journal could not be trimmed");
            }
        }
    }

    /// Makes what was gathered durable and hands it on; false: the journal failed, and nothing is taken any more.
    fn pass_on(&mut self, gathered: &mut Gathered) -> bool {
        let (time, gathered_at) = (self.clock.now(), Instant::now());
        let first_offset = if gathered.count == 0 {
            self.journal.next_offset()
        } else if !self.room.has(Of::Events) {
            // What is decided upon must be said, and there is no place to say it in.
            gathered.refuse();
            return true;
        } else {
            match self.journal.append(time, gathered.count, &gathered.payload) {
                Ok(first_offset) => {
                    self.metrics.committed(gathered.count as usize, gathered_at.elapsed());
                    self.room.found(Of::Journal);
                    first_offset
                }
                Err(cause @ AppendError::NoSpace { .. }) => {
                    self.room.missed(Of::Journal, &cause);
                    gathered.refuse();
                    return true;
                }
                Err(cause) => {
                    self.fatal.report(cause.into());
                    return false;
                }
            }
        };
        gathered.payload.clear();
        gathered.count = 0;
        let items = std::mem::take(&mut gathered.items);
        // The deciding thread is gone only after a failure of its own.
        self.durable
            .send(Batch {
                first_offset,
                time,
                gathered_at,
                items,
            })
            .is_ok()
    }
}

impl Gathered {
    fn has_room(&self, most: u32) -> bool {
        !self.stop && self.count < most && self.payload.len() < BYTES
    }

    fn take(&mut self, submission: Submission) {
        match submission {
            Submission::Notifications(Notifications {
                items,
                records,
                answer,
                places,
            }) => {
                self.payload.extend_from_slice(&records);
                self.count += u32::try_from(items.len()).unwrap_or(u32::MAX);
                self.items.push(Item::Notifications(items, answer, places));
            }
            Submission::Input { input, applied } => match codec::encode(&input, &mut self.payload) {
                Ok(()) => {
                    self.count += 1;
                    self.items.push(Item::Input(input, applied));
                }
                Err(cause) => error!(%cause, "an input has no encoding, and is left out"),
            },
            Submission::Act { input, answer } => match codec::encode(&input, &mut self.payload) {
                Ok(()) => {
                    self.count += 1;
                    self.items.push(Item::Act(input, answer));
                }
                Err(cause) => error!(%cause, "what an operator did has no encoding, and is left out"),
            },
            Submission::Trim(keep) => self.items.push(Item::Trim(keep)),
            Submission::SyncEvents(done) => self.items.push(Item::SyncEvents(done)),
            Submission::Query(query) => self.items.push(Item::Query(query)),
            Submission::Stop => self.stop = true,
        }
    }

    /// Nothing was written. Notifications and what operators do are refused; what the service itself has to say waits for the next time, and so do questions
    /// that come after it.
    fn refuse(&mut self) {
        self.payload.clear();
        self.count = 0;
        for item in std::mem::take(&mut self.items) {
            match item {
                // The caller may have gone away.
                Item::Notifications(_, answer, _) => drop(answer.send(Err(Unavailable::NoSpace))),
                Item::Act(_, answer) => drop(answer.send(Err(Unavailable::NoSpace))),
                Item::Input(input, applied) => self.take(Submission::Input { input, applied }),
                Item::Query(query) => self.take(Submission::Query(query)),
                Item::Trim(keep) => self.take(Submission::Trim(keep)),
                Item::SyncEvents(done) => self.take(Submission::SyncEvents(done)),
            }
        }
    }
}
