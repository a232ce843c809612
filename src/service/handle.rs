//! The way into the service: a cheap handle that async code submits with. Every submission takes one queue, so whatever is asked comes
//! after all that was submitted before it.

use std::{sync::Arc, time::Instant};

use compact_str::CompactString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::{
    engine::{
        Engine,
        effect::{Acted, Answer},
        input::Input,
    },
    journal::{Position, codec},
    model::{Notification, Time},
};

/// How many bytes of journal records one place in the queue is for.
const PLACE: usize = 1 << 10;

/// Something for the driver.
pub(super) enum Submission {
    /// Notifications, and where their answers go.
    Notifications(Notifications),
    /// Another input. What somebody waits for is refused where storage has no room; what nobody does waits for room itself.
    Input {
        input: Box<Input>,
        applied: Option<oneshot::Sender<Result<(), Unavailable>>>,
    },
    /// What an operator does, and where what became of it goes.
    Act {
        input: Box<Input>,
        answer: oneshot::Sender<Result<Acted, Unavailable>>,
    },
    /// Remove what is older or more than is kept, but nothing that a start may need.
    Trim(Keep),
    /// Make the event log durable, and tell how far it goes.
    SyncEvents(oneshot::Sender<Option<Position>>),
    /// A question about the state that follows from all that was submitted before.
    Query(Query),
    /// No more.
    Stop,
}

/// How much of the journal and of the event log is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    /// What is older goes. It is no later than the oldest snapshot that a start may need.
    pub since: Time,
    /// The size that the journal is kept to, in bytes.
    pub bytes: u64,
    /// Nothing of the journal goes from this offset on, which that snapshot needs.
    pub from: u64,
}

/// A question: run on the deciding thread, between two batches.
pub(super) type Query = Box<dyn FnOnce(&Engine) + Send>;

/// Notifications that belong together: they are answered at once.
pub(super) struct Notifications {
    pub items: Vec<Notification>,
    /// When its caller handed it over: waiting for a place counts.
    pub submitted_at: Instant,
    /// The same as journal records.
    pub records: Vec<u8>,
    pub answer: oneshot::Sender<Result<Vec<Answer>, Unavailable>>,
    /// Their places in the queue, given back when they are answered.
    pub places: OwnedSemaphorePermit,
}

/// Why something was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Too many notifications wait.
    #[error("the queue is full")]
    QueueFull,
    /// The journal has no room.
    #[error("storage has no room for more")]
    NoSpace,
    /// Together they are larger than the journal ever takes at once.
    #[error("what was submitted together is too large for the journal")]
    TooLarge,
    /// The service is shutting down.
    #[error("the service is shutting down")]
    Stopping,
    /// The engine failed on one of them; it is left out.
    #[error("the input made the engine fail, and is left out")]
    Skipped,
}

/// Submits notifications, other inputs and questions. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) queue: mpsc::Sender<Submission>,
    places: Arc<Semaphore>,
    /// How many places there are.
    capacity: u32,
}

impl Handle {
    /// A handle, and the end of the queue that the driver reads. At most so many notifications wait at once.
    pub(super) fn new(places: u32) -> (Self, mpsc::Receiver<Submission>) {
        let (queue, submissions) = mpsc::channel(4096);
        (
            Self {
                queue,
                places: Arc::new(Semaphore::new(places as usize)),
                capacity: places,
            },
            submissions,
        )
    }

    /// Submits notifications and waits until they are durable and decided upon. Refused at once when too many wait.
    pub async fn notify(&self, items: Vec<Notification>) -> Result<Vec<Answer>, Unavailable> {
        let submitted_at = Instant::now();
        let records = encode(&items)?;
        let places = Arc::clone(&self.places)
            .try_acquire_many_owned(self.places_for(&items, &records))
            .map_err(|_| Unavailable::QueueFull)?;
        self.submit(submitted_at, items, records, places)
            .await?
            .await
            .unwrap_or(Err(Unavailable::Stopping))
    }

    /// Submits notifications, waiting for places in the queue, and hands back where their answers will come.
    pub async fn notify_later(
        &self,
        items: Vec<Notification>,
    ) -> Result<oneshot::Receiver<Result<Vec<Answer>, Unavailable>>, Unavailable> {
        let submitted_at = Instant::now();
        let records = encode(&items)?;
        let places = Arc::clone(&self.places)
            .acquire_many_owned(self.places_for(&items, &records))
            .await
            .map_err(|_| Unavailable::Stopping)?;
        self.submit(submitted_at, items, records, places).await
    }

    /// How many places in the queue are taken: notifications that wait to be durable, or to be decided upon.
    pub(super) fn waiting(&self) -> usize {
        (self.capacity as usize).saturating_sub(self.places.available_permits())
    }

    /// Asks something about the state that follows from all that was submitted before.
    pub async fn query<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let query = Submission::Query(Box::new(move |engine| {
            // Nobody waits any more if the caller went away.
            if !answer.is_closed() {
                let _ = answer.send(question(engine));
            }
        }));
        self.queue.send(query).await.map_err(|_| Unavailable::Stopping)?;
        answered.await.map_err(|_| Unavailable::Stopping)
    }

    /// Submits what an operator does and waits until it is durable and decided upon. Refused where storage has no room.
    pub async fn act(&self, input: Input) -> Result<Acted, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let input = Box::new(input);
        self.queue
            .send(Submission::Act { input, answer })
            .await
            .map_err(|_| Unavailable::Stopping)?;
        answered.await.unwrap_or(Err(Unavailable::Stopping))
    }

    /// Submits an input and waits until it is applied. Refused where storage has no room.
    pub async fn apply(&self, input: Input) -> Result<(), Unavailable> {
        let (applied, done) = oneshot::channel();
        let input = Submission::Input {
            input: Box::new(input),
            applied: Some(applied),
        };
        self.queue.send(input).await.map_err(|_| Unavailable::Stopping)?;
        done.await.unwrap_or(Err(Unavailable::Stopping))
    }

    /// Submits a tick from the deciding thread, which must not wait; false: the queue is full, and what fills it brings time along.
    pub(super) fn tick(&self) -> bool {
        self.queue
            .try_send(Submission::Input {
                input: Box::new(Input::Tick),
                applied: None,
            })
            .is_ok()
    }

    /// Says from the deciding thread that an input is left out, on which the engine failed while that rule was at work. If the queue is
    /// full the journal does not say so, and the next start finds out by itself.
    pub(super) fn skip(&self, offset: u64, rule: Option<CompactString>) {
        let _ = self.queue.try_send(Submission::Input {
            input: Box::new(Input::Skip { offset, rule }),
            applied: None,
        });
    }

    /// Makes the event log durable; tells how far it goes.
    pub(super) async fn sync_events(&self) -> Result<Option<Position>, Unavailable> {
        let (done, synced) = oneshot::channel();
        self.queue
            .send(Submission::SyncEvents(done))
            .await
            .map_err(|_| Unavailable::Stopping)?;
        synced.await.map_err(|_| Unavailable::Stopping)
    }

    /// Submits an input without waiting for its end. Where storage has no room it is kept until there is.
    pub async fn send(&self, input: Input) -> Result<(), Unavailable> {
        self.queue
            .send(Submission::Input {
                input: Box::new(input),
                applied: None,
            })
            .await
            .map_err(|_| Unavailable::Stopping)
    }

    /// Lets the driver finish what was submitted before, and end.
    pub(super) async fn stop(&self) {
        // Already gone is as good.
        let _ = self.queue.send(Submission::Stop).await;
    }

    /// Removes what is older or more than is kept.
    pub(super) async fn trim(&self, keep: Keep) -> Result<(), Unavailable> {
        self.queue
            .send(Submission::Trim(keep))
            .await
            .map_err(|_| Unavailable::Stopping)
    }

    /// One for each notification, or for each so many bytes if they are large. What is larger than the whole queue has it to itself.
    fn places_for(&self, items: &[Notification], records: &[u8]) -> u32 {
        let places = items.len().max(records.len() / PLACE);
        u32::try_from(places).unwrap_or(u32::MAX).min(self.capacity)
    }

    async fn submit(
        &self,
        submitted_at: Instant,
        items: Vec<Notification>,
        records: Vec<u8>,
        places: OwnedSemaphorePermit,
    ) -> Result<oneshot::Receiver<Result<Vec<Answer>, Unavailable>>, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let notifications = Notifications {
            items,
            submitted_at,
            records,
            answer,
            places,
        };
        self.queue
            .send(Submission::Notifications(notifications))
            .await
            .map_err(|_| Unavailable::Stopping)?;
        Ok(answered)
    }
}

/// Notifications as journal records.
fn encode(items: &[Notification]) -> Result<Vec<u8>, Unavailable> {
    let mut records = Vec::with_capacity(items.len() * 192);
    for notification in items {
        // A notification is plain data, which always has an encoding.
        codec::encode_notification(notification, &mut records).map_err(|_| Unavailable::Skipped)?;
    }
    Ok(records)
}
