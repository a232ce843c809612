//! The journal's thread: gathers what waits, makes it durable as one frame with one fsync, and hands it on to be decided. While the
//! next batch is being made durable, this one is decided upon.

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc::SyncSender},
    time::Instant,
};

use tokio::sync::mpsc::Receiver;
use tracing::error;

use super::{
    Fatal,
    handle::{Keep, Submission, Unavailable},
    room::{NO_ROOM, Of, Room},
};
use crate::{
    clock::Clock,
    engine::input::Input,
    journal::{AppendError, Journal, Trim, codec},
    metrics::Metrics,
    model::Time,
};

/// The size from which a frame takes no more, in bytes. The largest submission still fits a frame beyond it.
const BYTES: usize = 2 << 20;

/// What is durable, and is to be decided upon.
pub(super) struct Batch {
    pub first_offset: u64,
    pub time: Time,
    /// When the first of it was submitted.
    pub submitted_at: Instant,
    pub submissions: Vec<Submission>,
}

/// The journal and what waits to get into it.
pub(super) struct Gatherer {
    pub journal: Journal,
    pub clock: Clock,
    pub submissions: Receiver<Submission>,
    /// Inputs of the service itself that storage had no room for; they go first when it has.
    pub waiting: VecDeque<Submission>,
    /// Until when the journal is not tried again, since it had no room, or none for more.
    pub full_until: Option<Instant>,
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
    submissions: Vec<Submission>,
    payload: Vec<u8>,
    count: u32,
    /// When the first notification was submitted.
    submitted_at: Option<Instant>,
    stop: bool,
}

impl Gatherer {
    /// Runs until told to stop, or until the journal fails; hands the journal back to be closed.
    pub fn run(mut self) -> Journal {
        let mut gathered = Gathered::default();
        while !gathered.stop && self.gather(&mut gathered) && self.pass_on(&mut gathered) {}
        self.journal
    }

    /// Waits for something to be submitted, and takes what else there is; false: nobody can submit any more.
    fn gather(&mut self, gathered: &mut Gathered) -> bool {
        // What storage had no room for goes with what comes next, which is a tick at the latest.
        if self.waiting.is_empty() || !self.has_room() {
            let Some(first) = self.submissions.blocking_recv() else {
                return false;
            };
            self.waiting.push_back(first);
        }
        let largest = self.journal.max_payload().saturating_sub(BYTES);
        while gathered.has_room(self.most)
            && let Some(next) = self.waiting.pop_front().or_else(|| self.submissions.try_recv().ok())
        {
            if let Submission::Trim(keep) = next {
                self.trim(keep);
            }
            gathered.take(next, largest);
        }
        true
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
        let time = self.clock.now();
        self.metrics.clock_steps(self.clock.steps());
        let submitted_at = gathered.submitted_at.take().unwrap_or_else(Instant::now);
        let first_offset = self.journal.next_offset();
        let submissions = match self.commit(time, gathered) {
            Ok(true) => gathered.empty(),
            Ok(false) => self.refuse(gathered),
            Err(cause) => {
                self.fatal.report(cause.into());
                return false;
            }
        };
        if submissions.is_empty() {
            return true;
        }
        // The deciding thread is gone only after a failure of its own.
        self.durable
            .send(Batch {
                first_offset,
                time,
                submitted_at,
                submissions,
            })
            .is_ok()
    }

    /// Makes the inputs of what was gathered durable; false: there is no room for them, and nothing was written.
    fn commit(&mut self, time: Time, gathered: &Gathered) -> Result<bool, AppendError> {
        if gathered.count == 0 {
            return Ok(true);
        }
        let began = Instant::now();
        // What is decided upon must be said, and there may be no place to say it in.
        if !self.room.has(Of::Events) || self.full_until.is_some_and(|until| began < until) {
            return Ok(false);
        }
        match self.journal.append(time, gathered.count, &gathered.payload) {
            Ok(_) => {
                self.metrics.committed(gathered.count as usize, began.elapsed());
                self.full_until = None;
                self.look_for_room()?;
                Ok(true)
            }
            Err(cause @ AppendError::NoSpace { .. }) => {
                self.full_until = Some(began + NO_ROOM);
                self.room.missed(Of::Journal, &cause);
                Ok(false)
            }
            Err(cause) => Err(cause),
        }
    }

    /// A small frame may be written where a large one still finds no place: there is room again when there is for the largest.
    fn look_for_room(&mut self) -> Result<(), AppendError> {
        if self.room.has(Of::Journal) {
            return Ok(());
        }
        match self.journal.reserve(self.journal.max_payload()) {
            Ok(()) => self.room.found(Of::Journal),
            Err(AppendError::NoSpace { .. }) => self.full_until = Some(Instant::now() + NO_ROOM),
            Err(cause) => return Err(cause),
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.room.has(Of::Journal) && self.room.has(Of::Events)
    }

    /// Nothing was written. What somebody waits for is refused, what the service itself has to say waits for room; what needs none is
    /// handed back. A question is then answered without what waits.
    fn refuse(&mut self, gathered: &mut Gathered) -> Vec<Submission> {
        let mut needing_none = Vec::new();
        let refused = gathered.empty().into_iter().chain(std::mem::take(&mut self.waiting));
        for submission in refused {
            match submission {
                // The caller may have gone away.
                Submission::Notifications(refused) => drop(refused.answer.send(Err(Unavailable::NoSpace))),
                Submission::Act { answer, .. } => drop(answer.send(Err(Unavailable::NoSpace))),
                // Whatever is written next brings time along.
                Submission::Input { input, applied: None } if matches!(*input, Input::Tick) => {}
                Submission::Input {
                    applied: Some(applied), ..
                } => drop(applied.send(Err(Unavailable::NoSpace))),
                Submission::Input { .. } => self.waiting.push_back(submission),
                Submission::Trim(_) | Submission::SyncEvents(_) | Submission::Query(_) => needing_none.push(submission),
                Submission::Stop => gathered.stop = true,
            }
        }
        needing_none
    }
}

impl Gathered {
    fn has_room(&self, most: u32) -> bool {
        !self.stop && self.count < most && self.payload.len() < BYTES
    }

    /// Takes one whose inputs have so many bytes at most.
    fn take(&mut self, mut submission: Submission, largest: usize) {
        let before = self.payload.len();
        let encoded = match &mut submission {
            Submission::Notifications(notifications) => {
                self.payload.extend(std::mem::take(&mut notifications.records));
                let first = self.submitted_at.get_or_insert(notifications.submitted_at);
                *first = notifications.submitted_at.min(*first);
                Ok(u32::try_from(notifications.items.len()).unwrap_or(u32::MAX))
            }
            Submission::Input { input, .. } | Submission::Act { input, .. } => {
                codec::encode(input, &mut self.payload).map(|()| 1)
            }
            Submission::Trim(_) | Submission::SyncEvents(_) | Submission::Query(_) => Ok(0),
            Submission::Stop => {
                self.stop = true;
                return;
            }
        };
        let length = self.payload.len() - before;
        match encoded {
            Ok(count) if length <= largest => {
                self.count += count;
                self.submissions.push(submission);
                return;
            }
            Ok(_) => error!(
                length,
                largest, "a submission is too large for the journal, and is left out"
            ),
            Err(cause) => error!(%cause, "an input has no encoding, and is left out"),
        }
        self.payload.truncate(before);
        match submission {
            // The caller may have gone away.
            Submission::Notifications(refused) => drop(refused.answer.send(Err(Unavailable::TooLarge))),
            Submission::Act { answer, .. } => drop(answer.send(Err(Unavailable::TooLarge))),
            Submission::Input {
                applied: Some(applied), ..
            } => drop(applied.send(Err(Unavailable::TooLarge))),
            _ => {}
        }
    }

    /// Takes out what was gathered.
    fn empty(&mut self) -> Vec<Submission> {
        self.payload.clear();
        self.count = 0;
        std::mem::take(&mut self.submissions)
    }
}
