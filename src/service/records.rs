//! The effects of an input, sorted by where they go; what is said becomes records of the event log, the same whenever the input is
//! applied again.

use std::time::Duration;

use prost::Message as _;

use crate::{
    api,
    engine::{
        effect::{Acted, Answer, Effect},
        input::MailResult,
        outbox::{Attempt, Delivery},
    },
    grpc::to_proto,
    journal::{EventKind, EventRecord, Position},
    metrics::MailEnd,
    model::AlertEventKind,
};

/// What a batch caused.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What is said, in its order.
    pub records: Vec<EventRecord>,
    /// The alert event of each record, where it is one.
    pub events: Vec<Option<api::AlertEvent>>,
    /// Mails to be sent.
    pub mails: Vec<Attempt>,
    /// What became of what an operator did, if one did; of the last one.
    pub acted: Option<Acted>,
    /// What happened to alerts, to be counted.
    pub kinds: Vec<AlertEventKind>,
    /// How attempts at mails ended, and how long after what they tell of, to be counted.
    pub ends: Vec<(MailEnd, Duration)>,
}

impl Outcome {
    /// Sorts the effects of the input at that offset; hands back its answer, if it has one.
    pub fn sort(&mut self, offset: u64, effects: impl IntoIterator<Item = Effect>) -> Option<Answer> {
        let mut answer = None;
        for effect in effects {
            match effect {
                Effect::Answer(given) => answer = Some(given),
                Effect::Acted(acted) => self.acted = Some(acted),
                Effect::Mail(attempt) => self.mails.push(attempt),
                Effect::Alert(event) => {
                    let wire = to_proto::alert_event(&event);
                    let bytes = wire.encode_to_vec().into();
                    self.kinds.push(event.kind);
                    let (sequence, time) = (event.sequence, event.at);
                    let position = self.next_position(offset);
                    self.records.push(EventRecord {
                        position,
                        kind: EventKind::Alert,
                        sequence,
                        time,
                        bytes,
                    });
                    self.events.push(Some(wire));
                }
                Effect::Delivery(delivery) => {
                    self.ends.push((end(&delivery), delivery.at - delivery.date));
                    let bytes = encode_delivery(&delivery).into();
                    let position = self.next_position(offset);
                    self.records.push(EventRecord {
                        position,
                        kind: EventKind::Delivery,
                        sequence: 0,
                        time: delivery.at,
                        bytes,
                    });
                    self.events.push(None);
                }
            }
        }
        answer
    }

    fn next_position(&self, offset: u64) -> Position {
        let last = self
            .records
            .last()
            .map(|record| record.position)
            .filter(|last| last.offset == offset);
        Position {
            offset,
            ordinal: last.map_or(0, |last| last.ordinal + 1),
        }
    }
}

fn end(delivery: &Delivery) -> MailEnd {
    match (&delivery.result, delivery.retry_at) {
        (MailResult::Sent(_), _) => MailEnd::Sent,
        (MailResult::Deferred(_), Some(_)) => MailEnd::Deferred,
        (MailResult::Deferred(_), None) => MailEnd::Expired,
        (MailResult::Refused(_), _) => MailEnd::Refused,
    }
}

fn encode_delivery(delivery: &Delivery) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "a delivery is plain data, which postcard can always write to memory"
    )]
    postcard::to_stdvec(delivery).expect("plain data")
}
