//! One subscription: from where it starts, through storage while it is behind, to the live ring. It is a position, not a queue: a slow
//! reader costs a few responses of memory, and is never skipped.

mod backlog;

use std::{sync::Arc, time::Duration};

use prost::Message as _;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{cursor::Cursors, encoded::EncodedResponse, status::Refused, to_proto};
use crate::{
    api, clock,
    journal::{EventKind, EventReader, EventRecord, Events, JournalError, Position},
    metrics::Metrics,
    model::{Alert, Time},
    rules::expr::Expr,
    service::{Fanout, Handle, Next, Visible},
};

/// How many responses are handed to the transport at once.
const CHUNK: usize = 256;

/// How many such chunks may wait for it; one more is the end's.
const CHUNKS: usize = 4;

/// What a subscription reads from.
#[derive(Clone)]
pub(super) struct Sources {
    pub handle: Handle,
    pub fanout: Arc<Fanout>,
    pub events: EventReader,
    pub cursors: Cursors,
    /// How long a reader may take nothing.
    pub stall: Duration,
    /// Comes when the server drains.
    pub drain: CancellationToken,
}

/// Where a subscription begins.
pub(super) enum Start {
    /// What happens from now on.
    Live,
    /// The open alerts, then what happens.
    Snapshot,
    /// What is after this position.
    After(Position),
    /// What happened at that time or later.
    Since(Time),
}

/// Responses on their way to the transport.
pub(super) type Responses = mpsc::Receiver<Result<Vec<EncodedResponse>, Status>>;

/// Starts a subscription. What is wrong with its start is told at once. It keeps its `place` until it ends.
pub(super) async fn start(
    sources: Sources,
    filter: Option<Expr>,
    start: Start,
    heartbeat: Duration,
    place: Place,
) -> Result<Responses, Refused> {
    let (out, responses) = mpsc::channel(CHUNKS + 1);
    let farewell = out.clone().try_reserve_owned().map_err(|_| Refused::internal())?;
    let mut subscription = Subscription {
        position: sources.fanout.head(),
        sources,
        filter,
        heartbeat,
        sent_at: Instant::now(),
        out,
    };
    let mut first = Vec::new();
    match start {
        Start::Live => {}
        Start::Snapshot => first = subscription.snapshot().await?,
        Start::After(position) => {
            subscription.position = position;
            subscription.check_kept().await?;
        }
        Start::Since(time) => subscription.position = subscription.just_before(time).await?,
    }
    tokio::spawn(async move {
        let end = subscription.run(first).await;
        drop(place);
        if let End::Refused(refused) = end {
            farewell.send(Err(refused.into()));
        }
    });
    Ok(responses)
}

/// A subscription's place among those that may be open, and its part in the gauge.
pub(super) struct Place {
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(super) fn new(metrics: Arc<Metrics>, permit: OwnedSemaphorePermit) -> Self {
        metrics.subscribers.inc();
        Self {
            metrics,
            _permit: permit,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.subscribers.dec();
    }
}

struct Subscription {
    sources: Sources,
    filter: Option<Expr>,
    heartbeat: Duration,
    /// When something was last sent.
    sent_at: Instant,
    /// Everything up to here has been sent.
    position: Position,
    out: mpsc::Sender<Result<Vec<EncodedResponse>, Status>>,
}

/// Why a subscription ends.
enum End {
    /// The reader went away.
    Gone,
    /// The server ends it.
    Refused(Refused),
}

impl From<Refused> for End {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Subscription {
    async fn run(mut self, first: Vec<EncodedResponse>) -> End {
        let drain = self.sources.drain.clone();
        let end = tokio::select! {
            end = self.follow(first) => end,
            () = drain.cancelled() => End::Refused(Refused::draining()),
        };
        match end {
            End::Refused(refused) => End::Refused(refused.with_metadata("last_cursor", self.cursor())),
            End::Gone => End::Gone,
        }
    }

    async fn follow(&mut self, first: Vec<EncodedResponse>) -> End {
        let followed: Result<std::convert::Infallible, End> = async {
            self.send(first).await?;
            let mut bell = self.sources.fanout.bell();
            loop {
                bell.mark_unchanged();
                match self.sources.fanout.after(self.position, CHUNK) {
                    Next::Behind => self.catch_up().await?,
                    Next::Events(events, seen) => {
                        let is_last = events.len() < CHUNK;
                        let wanted = events.iter().filter(|event| self.wants(&event.visible));
                        let responses: Vec<_> = wanted.map(|event| event.response.clone()).collect();
                        self.send(responses).await?;
                        self.position = seen;
                        self.give_sign_of_life().await?;
                        if is_last {
                            self.wait(&mut bell).await?;
                        }
                    }
                }
            }
        }
        .await;
        match followed {
            Err(end) => end,
        }
    }

    /// Waits for more, or until a sign of life is due.
    async fn wait(&self, bell: &mut watch::Receiver<Position>) -> Result<(), End> {
        tokio::select! {
            _ = timeout_at(self.sent_at + self.heartbeat, bell.changed()) => Ok(()),
            () = self.out.closed() => Err(End::Gone),
        }
    }

    /// Tells how far all has been sent, if nothing has been for a while: what the filter passes over does not show.
    async fn give_sign_of_life(&mut self) -> Result<(), End> {
        if self.sent_at.elapsed() < self.heartbeat {
            return Ok(());
        }
        self.send(vec![EncodedResponse::heartbeat(&self.cursor())]).await
    }

    /// Reads storage until the ring has what follows.
    async fn catch_up(&mut self) -> Result<(), End> {
        let mut log = self.open().await?;
        loop {
            let (back, part) = backlog::read(log, &self.sources.fanout).await?;
            log = back;
            let responses = part.records.iter().filter_map(|record| self.response(record));
            self.send(responses.collect()).await?;
            self.position = part.until;
            self.give_sign_of_life().await?;
            if part.is_last || matches!(self.sources.fanout.after(self.position, 1), Next::Events(..)) {
                return Ok(());
            }
        }
    }

    async fn open(&self) -> Result<Events, End> {
        let (events, position) = (self.sources.events.clone(), self.position);
        match tokio::task::spawn_blocking(move || events.after(Some(position))).await {
            Ok(Ok(log)) => Ok(log),
            Ok(Err(cause)) => Err(self.unreadable(&cause).await.into()),
            Err(_) => Err(Refused::internal().into()),
        }
    }

    fn response(&self, record: &EventRecord) -> Option<EncodedResponse> {
        if record.kind != EventKind::Alert {
            return None;
        }
        if self.filter.is_some() {
            let event = api::AlertEvent::decode(record.bytes.clone()).ok()?;
            if !self.wants(&Visible::of(event.alert.as_ref()?)) {
                return None;
            }
        }
        Some(EncodedResponse::event(
            &self.sources.cursors.write(record.position),
            &record.bytes,
        ))
    }

    fn wants(&self, visible: &Visible) -> bool {
        self.filter.as_ref().is_none_or(|filter| visible.matches(filter))
    }

    /// The open alerts, and the position that they are current at.
    async fn snapshot(&mut self) -> Result<Vec<EncodedResponse>, Refused> {
        let fanout = Arc::clone(&self.sources.fanout);
        let told = self.sources.handle.query(move |engine| {
            // Nothing more than must be at one moment: while this runs nothing is decided.
            let open: Vec<Alert> = engine.open_alerts().cloned().collect();
            (open, engine.now(), fanout.head())
        });
        let (open, now, head) = told.await?;
        self.position = head;
        let mut responses = Vec::with_capacity(open.len() + 1);
        for chunk in open.chunks(CHUNK) {
            let current = chunk.iter().map(|alert| to_proto::current(alert, now));
            let wanted = current.filter(|event| {
                let alert = event.alert.as_ref();
                alert.is_some_and(|alert| self.wants(&Visible::of(alert)))
            });
            responses.extend(wanted.map(|event| EncodedResponse::event("", &event.encode_to_vec())));
            // There may be many, and others are served on this thread.
            tokio::task::yield_now().await;
        }
        responses.push(EncodedResponse::snapshot_complete(&self.cursor()));
        Ok(responses)
    }

    /// Refuses a start that lies before what is kept.
    async fn check_kept(&self) -> Result<(), Refused> {
        if !matches!(self.sources.fanout.after(self.position, 1), Next::Behind) {
            return Ok(());
        }
        let (events, position) = (self.sources.events.clone(), self.position);
        match tokio::task::spawn_blocking(move || events.after(Some(position)).map(drop)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => Err(self.unreadable(&cause).await),
            Err(_) => Err(Refused::internal()),
        }
    }

    /// The position that all of that time and later comes after. Refused for a time that lies ahead, or before what is kept.
    async fn just_before(&self, time: Time) -> Result<Position, Refused> {
        let fanout = Arc::clone(&self.sources.fanout);
        let told = self.sources.handle.query(move |engine| (engine.now(), fanout.head()));
        let (now, head) = told.await?;
        if time > now.max(clock::wall()) {
            let advice = "must not lie ahead; leave the start unset for a live stream";
            return Err(Refused::invalid("since", "INVALID_START", advice));
        }
        let events = self.sources.events.clone();
        match tokio::task::spawn_blocking(move || events.since(time)?.next().transpose()).await {
            // What the log has beyond the head is said later.
            Ok(Ok(first)) => Ok(first.map_or(head, |first| first.position.just_before().min(head))),
            Ok(Err(cause)) => Err(self.unreadable(&cause).await),
            Err(_) => Err(Refused::internal()),
        }
    }

    async fn unreadable(&self, cause: &JournalError) -> Refused {
        if !matches!(
            cause,
            JournalError::EventsTrimmed { .. } | JournalError::EventsTrimmedSince { .. }
        ) {
            tracing::error!(%cause, "the event log cannot be read");
            return Refused::internal();
        }
        let events = self.sources.events.clone();
        let earliest = tokio::task::spawn_blocking(move || events.earliest()).await;
        let earliest = match earliest {
            Ok(Ok(Some(earliest))) => earliest.just_before(),
            _ => self.sources.fanout.head(),
        };
        Refused::cursor_expired(self.sources.cursors.write(earliest))
    }

    fn cursor(&self) -> String {
        self.sources.cursors.write(self.position)
    }

    async fn send(&mut self, responses: Vec<EncodedResponse>) -> Result<(), End> {
        if responses.is_empty() {
            return Ok(());
        }
        self.sent_at = Instant::now();
        match timeout(self.sources.stall, self.out.send(Ok(responses))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(Refused::reader_stalled().into()),
        }
    }
}
