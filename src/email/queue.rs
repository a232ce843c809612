//! Attempts on their way to the lanes: the most severe first, and of one severity the one that has waited longest.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;

use crate::{engine::outbox::Attempt, metrics::MailMetrics, model::Severity};

/// The way to the lanes. Cheap to clone.
///
/// It needs no bound of its own: an intent has one attempt at a time, and the engine keeps at most `Settings::outbox` intents.
#[derive(Debug, Clone)]
pub struct MailQueue {
    waiting: Arc<Mutex<Waiting>>,
    /// A permit for each that waits.
    bell: Arc<Semaphore>,
    metrics: MailMetrics,
}

#[derive(Debug, Default)]
struct Waiting {
    attempts: BTreeMap<Place, Attempt>,
    next: u64,
}

type Place = (Reverse<Severity>, u64);

/// An attempt that was taken out of the queue.
#[derive(Debug)]
pub(super) struct Taken {
    pub attempt: Attempt,
    place: Place,
}

impl MailQueue {
    pub(super) fn new(metrics: MailMetrics) -> Self {
        Self {
            waiting: Arc::default(),
            bell: Arc::new(Semaphore::new(0)),
            metrics,
        }
    }

    /// Queues one attempt. What is not sent when the process ends is sent after the next start.
    pub fn send(&self, attempt: Attempt) {
        let mut waiting = self.waiting();
        let place = (Reverse(attempt.intent.severity), waiting.next);
        waiting.next += 1;
        self.put(waiting, Taken { attempt, place });
    }

    /// Queues an attempt where it stood before it was taken.
    pub(super) fn put_back(&self, taken: Taken) {
        self.put(self.waiting(), taken);
    }

    fn put(&self, mut waiting: MutexGuard<'_, Waiting>, Taken { attempt, place }: Taken) {
        waiting.attempts.insert(place, attempt);
        self.metrics.waiting(waiting.attempts.len());
        drop(waiting);
        self.bell.add_permits(1);
    }

    /// The next attempt, as soon as there is one.
    pub(super) async fn take(&self) -> Option<Taken> {
        self.bell.acquire().await.ok()?.forget();
        self.first()
    }

    /// The next attempt, if one waits.
    pub(super) fn take_waiting(&self) -> Option<Taken> {
        self.bell.try_acquire().ok()?.forget();
        self.first()
    }

    fn first(&self) -> Option<Taken> {
        let mut waiting = self.waiting();
        let (place, attempt) = waiting.attempts.pop_first()?;
        self.metrics.waiting(waiting.attempts.len());
        Some(Taken { attempt, place })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::tests::fixture::fired;

    #[tokio::test]
    async fn the_most_severe_goes_first_and_then_the_first_come() {
        let queue = MailQueue::new(MailMetrics::default());
        for (number, severity) in [
            (1, Severity::Info),
            (2, Severity::Critical),
            (3, Severity::Warning),
            (4, Severity::Critical),
            (5, Severity::Info),
        ] {
            let mut intent = fired();
            intent.severity = severity;
            queue.send(Attempt {
                number,
                intent: intent.into(),
            });
        }
        let mut order = Vec::new();
        let first = queue.take_waiting().unwrap();
        order.push(queue.take().await.unwrap().attempt.number);
        queue.put_back(first);
        while let Some(taken) = queue.take_waiting() {
            order.push(taken.attempt.number);
        }
        assert_eq!(order, [4, 2, 3, 1, 5]);
    }
}
