//! The deciding thread: runs the engine over what is durable, appends what was said to the event log, and only then lets anything out:
//! events to subscribers, mails to the mailer, answers to callers.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tracing::error;

use super::{
    Fatal,
    fanout::{Fanout, Said},
    gather::Batch,
    handle::{Handle, Keep, Notifications, Submission, Unavailable},
    head_position,
    records::Outcome,
    recovery::Recovery,
    room::{NO_ROOM, Of, Room},
    snapshots,
    visible::Visible,
};
use crate::{
    email::MailQueue,
    engine::{
        Engine, RuleSight,
        effect::{Answer, Effect},
        input::Input,
    },
    grpc::{cursor::Cursors, encoded::EncodedResponse},
    journal::{AppendError, EventLog, Position, Trim},
    metrics::{MailEnd, Metrics},
    model::Time,
};

/// The engine with everything that its effects go to.
pub(super) struct Decider {
    pub engine: Engine,
    pub batches: Receiver<Batch>,
    pub events: EventLog,
    pub fanout: Arc<Fanout>,
    pub room: Arc<Room>,
    pub mailer: MailQueue,
    pub handle: Handle,
    pub recovery: Recovery,
    pub cursors: Cursors,
    pub fatal: Fatal,
    pub metrics: Arc<Metrics>,
    /// Where answers go; as many wait there as have places in the queue.
    pub answers: mpsc::UnboundedSender<Vec<Answered>>,
    /// Rung when there is more for the archive.
    pub archive: SyncSender<()>,
    /// Where the snapshot maker is told how far the journal has been decided upon.
    pub decided: watch::Sender<u64>,
    /// Until when the event log is not tried again, since it had no room.
    pub full_until: Option<Instant>,
    /// Kept for its allocation.
    pub effects: Vec<Effect>,
    /// The state could not be made anew: nothing may go out any more.
    pub is_lost: bool,
}

/// The answers to notifications that were submitted together.
pub(super) struct Answered {
    answer: oneshot::Sender<Result<Vec<Answer>, Unavailable>>,
    given: Vec<Answer>,
    places: OwnedSemaphorePermit,
}

/// Hands answers to their callers, those of a batch at once: woken together on the runtime's own threads, callers that share a connection
/// share its writes too.
pub(super) async fn answer(mut batches: mpsc::UnboundedReceiver<Vec<Answered>>) {
    while let Some(batch) = batches.recv().await {
        for Answered { answer, given, places } in batch {
            // Whoever asked may have gone away.
            let _ = answer.send(Ok(given));
            drop(places);
        }
    }
}

impl Decider {
    /// Runs until no more batches come; hands the engine and the event log back.
    pub fn run(mut self) -> (Engine, EventLog) {
        let mut last = (self.engine.now(), Instant::now());
        let mut ticking = false;
        while self.reserve() {
            // Without room no deadline is met, however long it has passed.
            let time_to_next = || self.time_to_next(last).filter(|_| !ticking);
            let batch = match self.time_to_reserve().or_else(time_to_next) {
                Some(wait) => self.batches.recv_timeout(wait),
                None => self.batches.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match batch {
                Ok(batch) => {
                    last = (batch.time, Instant::now());
                    ticking = false;
                    if !self.decide(batch) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) if !self.room.has(Of::Events) => {}
                Err(RecvTimeoutError::Timeout) => ticking = self.handle.tick(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        (self.engine, self.events)
    }

    /// How long until the next deadline, by the time of the last batch and what has passed since.
    fn time_to_next(&self, (time, read_at): (Time, Instant)) -> Option<Duration> {
        let now = time.plus(read_at.elapsed());
        self.engine.next_deadline().map(|deadline| deadline - now)
    }

    /// Decides upon one batch; false: something failed, and nothing may go out any more.
    fn decide(&mut self, batch: Batch) -> bool {
        let started = Instant::now();
        let mut outcome = Outcome::default();
        let mut answers = Vec::new();
        let mut applied = Vec::new();
        let mut acts = Vec::new();
        let mut queries = Vec::new();
        let mut offset = batch.first_offset;
        for submission in batch.submissions {
            match submission {
                Submission::Notifications(Notifications {
                    items, answer, places, ..
                }) => {
                    let mut given = Vec::with_capacity(items.len());
                    for notification in items {
                        let input = Input::Notification(notification);
                        given.extend(self.apply(offset, batch.time, input, &mut outcome));
                        offset += 1;
                    }
                    answers.push(Answered { answer, given, places });
                }
                Submission::Input { input, applied: done } => {
                    self.apply(offset, batch.time, *input, &mut outcome);
                    offset += 1;
                    applied.extend(done);
                }
                Submission::Act { input, answer } => {
                    self.apply(offset, batch.time, *input, &mut outcome);
                    acts.push((answer, outcome.acted.take().ok_or(Unavailable::Skipped)));
                    offset += 1;
                }
                Submission::Query(query) => queries.push(query),
                Submission::Trim(keep) => self.trim(keep),
                Submission::SyncEvents(done) => self.sync_events(done),
                // It ends the journal's thread, and this one when nothing more comes from there.
                Submission::Stop => {}
            }
        }
        self.metrics.decided(started.elapsed());
        if self.is_lost || !self.let_out(outcome, offset, batch.submitted_at) {
            return false;
        }
        if !answers.is_empty() {
            // Nobody takes them only when the runtime is gone, and all callers with it.
            let _ = self.answers.send(answers);
        }
        for done in applied {
            // Whoever waited may have gone away.
            let _ = done.send(Ok(()));
        }
        for (answer, acted) in acts {
            // Whoever acted may have gone away.
            let _ = answer.send(acted);
        }
        for query in queries {
            query(&self.engine);
        }
        true
    }

    /// Applies one input. Should the engine panic on it, it is left out: the state is made anew without it, and the journal says so.
    fn apply(&mut self, offset: u64, time: Time, input: Input, outcome: &mut Outcome) -> Option<Answer> {
        let is_notification = matches!(input, Input::Notification(_));
        let failed_again = matches!(input, Input::Skip { .. });
        let (engine, effects) = (&mut self.engine, &mut self.effects);
        // Borrowed, since an input is large, and what catches would move it about.
        let mut input = Some(input);
        let apply = || {
            if let Some(input) = input.take() {
                engine.apply(offset, time, input, effects);
            }
        };
        if catch_unwind(AssertUnwindSafe(apply)).is_ok() {
            if failed_again {
                tell_of_failed(engine);
            }
            return outcome.sort(offset, effects.drain(..));
        }
        effects.clear();
        let rule = engine.rule_at_work().cloned();
        error!(offset, ?rule, "the engine failed on an input; it is left out");
        match self.recovery.rebuild(offset) {
            Ok(engine) => self.engine = engine,
            Err(cause) => {
                self.fatal.report(cause.into());
                self.is_lost = true;
            }
        }
        self.handle.skip(offset, rule);
        is_notification.then_some(Answer::Skipped)
    }

    /// Lets out what a batch caused; everything before `next_offset` has then been decided. False: the event log failed.
    fn let_out(&mut self, outcome: Outcome, next_offset: u64, submitted_at: Instant) -> bool {
        if !outcome.records.is_empty() {
            if let Err(cause) = self.append(&outcome) {
                self.fatal.report(cause.into());
                return false;
            }
            // A bell that has been rung already is as good.
            let _ = self.archive.try_send(());
        }
        let said = outcome
            .records
            .iter()
            .zip(outcome.events)
            .filter_map(|(record, event)| {
                let visible = Visible::of(event?.alert.as_ref()?);
                let response = EncodedResponse::event(&self.cursors.write(record.position), &record.bytes);
                Some(Said {
                    position: record.position,
                    response,
                    visible,
                })
            });
        self.fanout.say(
            said,
            head_position(next_offset),
            outcome.records.last().map(|record| record.position),
        );
        for kind in outcome.kinds {
            self.metrics.alert_event(kind, 1);
            self.metrics.said(submitted_at.elapsed());
        }
        for (end, took) in outcome.ends {
            self.metrics.mails(end, 1);
            if end == MailEnd::Sent {
                self.metrics.mailed(took);
            }
        }
        for attempt in outcome.mails {
            self.mailer.send(attempt);
        }
        self.decided
            .send_if_modified(|decided| snapshots::is_news(mem::replace(decided, next_offset), next_offset));
        true
    }

    /// Makes sure that what the next batch causes has a place in the event log, and tells the journal's thread whether it has; false: the
    /// event log failed.
    fn reserve(&mut self) -> bool {
        if self.time_to_reserve().is_some_and(|wait| !wait.is_zero()) {
            return true;
        }
        match self.events.reserve() {
            Ok(()) => {
                self.full_until = None;
                self.room.found(Of::Events);
            }
            Err(cause @ AppendError::NoSpace { .. }) => {
                self.full_until = Some(Instant::now() + NO_ROOM);
                self.room.missed(Of::Events, &cause);
            }
            Err(cause) => {
                self.fatal.report(cause.into());
                return false;
            }
        }
        true
    }

    /// How long until the event log is tried again, if it has no room.
    fn time_to_reserve(&self) -> Option<Duration> {
        self.full_until
            .map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// Appends to the event log. What was decided upon must be said: should it be more than the place that was reserved for it, and the
    /// disk be full, everything waits here, callers included.
    fn append(&mut self, outcome: &Outcome) -> Result<(), AppendError> {
        loop {
            let said = self.events.last_position();
            let unsaid = outcome.records.partition_point(|record| Some(record.position) <= said);
            match self.events.append(&outcome.records[unsaid..]) {
                Err(cause @ AppendError::NoSpace { .. }) => {
                    self.room.missed(Of::Events, &cause);
                    thread::sleep(NO_ROOM);
                }
                appended => return appended,
            }
        }
    }

    /// Removes what of the event log is older than is kept. That it stays longer harms nobody.
    fn trim(&mut self, keep: Keep) {
        if let Err(cause) = self.events.trim(Trim::OlderThan(keep.since)) {
            error!(%cause, "the event log could not be trimmed");
        }
    }

    fn sync_events(&mut self, done: oneshot::Sender<Option<Position>>) {
        match self.events.sync() {
            Ok(()) => drop(done.send(self.events.last_position())),
            Err(cause) => self.fatal.report(cause.into()),
        }
    }
}

/// Rules that the engine failed on more than once see nothing any more.
fn tell_of_failed(engine: &Engine) {
    let rules = (0u32..).zip(&engine.rules().rules);
    for (_, rule) in rules.filter(|(index, _)| engine.sight_of(*index) == RuleSight::Failed) {
        error!(rule = %rule.name, "the engine failed on this rule again; it sees nothing until it changes or the service starts anew");
    }
}
