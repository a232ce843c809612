//! The deciding thread: runs the engine over what is durable, appends what was said to the event log, and only then lets anything out:
//! events to subscribers, mails to the mailer, answers to callers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use tracing::error;

use super::{
    Fatal,
    fanout::{Fanout, Said},
    gather::{Batch, Item},
    handle::{Handle, Unavailable},
    measure::Measures,
    records::{self, Outcome},
    recovery::Recovery,
    visible::Visible,
};
use crate::{
    email::Mailer,
    engine::{
        Engine,
        effect::{Answer, Effect},
        input::Input,
    },
    grpc::{cursor::Cursors, encoded::EncodedResponse},
    journal::event_log::{EventLog, Position},
    model::Time,
};

/// The engine with everything that its effects go to.
pub(super) struct Decider {
    pub engine: Engine,
    pub batches: Receiver<Batch>,
    pub events: EventLog,
    pub fanout: Arc<Fanout>,
    pub mailer: Mailer,
    pub handle: Handle,
    pub recovery: Recovery,
    pub cursors: Cursors,
    pub fatal: Fatal,
    pub measures: Arc<Measures>,
    /// Where the snapshot maker is told how far the journal has been decided upon.
    pub decided: tokio::sync::watch::Sender<u64>,
}

type Answers = Vec<(oneshot::Sender<Result<Vec<Answer>, Unavailable>>, Result<Vec<Answer>, Unavailable>)>;

impl Decider {
    /// Runs until no more batches come; hands the engine and the event log back.
    pub fn run(mut self) -> (Engine, EventLog) {
        let mut last = (self.engine.now(), Instant::now());
        let mut ticking = false;
        loop {
            let batch = match self.time_to_next(last).filter(|_| !ticking) {
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

    /// Decides upon one batch; false: the event log failed, and nothing may go out any more.
    fn decide(&mut self, batch: Batch) -> bool {
        let started = Instant::now();
        let mut outcome = Outcome::default();
        let mut answers = Answers::new();
        let mut applied = Vec::new();
        let mut queries = Vec::new();
        let mut offset = batch.first_offset;
        for item in batch.items {
            match item {
                Item::Notifications(notifications, answer) => {
                    let mut these = Ok(Vec::with_capacity(notifications.len()));
                    for notification in notifications {
                        let effects = self.apply(offset, batch.time, Input::Notification(notification));
                        these = collect(these, effects, &mut outcome, offset);
                        offset += 1;
                    }
                    answers.push((answer, these));
                }
                Item::Input(input, done) => {
                    let effects = self.apply(offset, batch.time, input);
                    let _ = collect(Ok(Vec::new()), effects, &mut outcome, offset);
                    offset += 1;
                    applied.extend(done);
                }
                Item::Query(query) => queries.push(query),
            }
        }
        self.measures.decided(started.elapsed());
        if let Err(cause) = self.let_out(outcome, offset) {
            self.fatal.report(cause.into());
            return false;
        }
        for (answer, these) in answers {
            // The caller may have gone away.
            let _ = answer.send(these);
        }
        for done in applied {
            let _ = done.send(());
        }
        for query in queries {
            query(&self.engine);
        }
        true
    }

    /// Applies one input. Should the engine panic on it, it is left out: the state is made anew without it, and the journal says so.
    fn apply(&mut self, offset: u64, time: Time, input: Input) -> Option<Vec<Effect>> {
        let mut effects = Vec::new();
        let engine = &mut self.engine;
        let applied = catch_unwind(AssertUnwindSafe(|| engine.apply(offset, time, input, &mut effects)));
        if applied.is_ok() {
            return Some(effects);
        }
        error!(offset, "the engine failed on an input; it is left out");
        match self.recovery.rebuild(offset) {
            Ok(engine) => self.engine = engine,
            Err(cause) => self.fatal.report(cause.into()),
        }
        self.handle.skip(offset);
        None
    }

    /// Lets out what a batch caused; everything before `next_offset` has then been decided.
    fn let_out(&mut self, outcome: Outcome, next_offset: u64) -> Result<(), crate::journal::JournalError> {
        let head = Position::after_input(next_offset);
        if !outcome.records.is_empty() {
            self.events.append(&outcome.records)?;
        }
        let said = outcome.records.iter().zip(outcome.events).filter_map(|(record, event)| {
            let event = event?;
            let visible = Visible::of(event.alert.as_ref()?);
            let response = EncodedResponse::event(&self.cursors.at(record.position), &record.bytes);
            Some(Said { position: record.position, response, visible })
        });
        self.fanout.say(said, head);
        for attempt in outcome.mails {
            self.mailer.send(attempt);
        }
        self.decided.send_replace(next_offset);
        Ok(())
    }
}

/// Sorts the effects of one input: its answer, if it has one, and what goes out.
fn collect(
    answers: Result<Vec<Answer>, Unavailable>,
    effects: Option<Vec<Effect>>,
    outcome: &mut Outcome,
    offset: u64,
) -> Result<Vec<Answer>, Unavailable> {
    let Some(effects) = effects else {
        return Err(Unavailable::Skipped);
    };
    let answer = records::sort(offset, effects, outcome);
    let mut answers = answers?;
    answers.extend(answer);
    Ok(answers)
}
