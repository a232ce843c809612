//! A day without a relay: the engine with its outbox, and the queue before the lanes, on virtual time. What a lane says to a relay is
//! absent; here a relay is so many answers a minute.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use allocation_counter::measure;

use crate::{
    email::MailQueue,
    engine::{
        Engine, StoreId,
        effect::Effect,
        input::{Input, MailOutcome, MailResult, NewRules, Settings},
        outbox::IntentId,
    },
    metrics::MailMetrics,
    model::{DisconnectReason, Notification, ParticipantStatus, Party, Payload, Role, Severity, Time},
    rules::{RuleSource, SourceFile},
};

const RULES: &str = "
rules:
- name: full
  when: party.disconnect_reason == PORT_FULL
  key: [party.billing_code, party.party_id]
  severity: info
  severity_if: { critical: party.role == EXPERT }
  resolve: { after: 30d }
receivers: [{ name: ops, email: { to: [a@example.com], send_resolved: false } }]
route: { receiver: ops, group_by: each, group_wait: 0s, repeat_interval: never }
";

/// How many mails there are, which all come within the first hour.
const MAILS: u64 = 10_000;

/// One in so many is critical: so few that the relay could answer for all of these whenever they are due.
const CRITICAL: u64 = 100;

const HOUR: u64 = 60;

/// When the relay is there again, in minutes.
const OUTAGE: u64 = 24 * HOUR;

/// How many attempts fail a minute, connections that nobody answers taking their time.
const FAILURES: usize = 30;

/// How many mails a relay takes a minute.
const TAKEN: usize = 600;

/// The service, but for what is said to relays.
struct Site {
    engine: Engine,
    effects: Vec<Effect>,
    offset: u64,
    queue: MailQueue,
    /// How many wait in the queue: critical ones, and others.
    waiting: (usize, usize),
    attempts: u64,
    sent: BTreeSet<IntentId>,
    failed: BTreeSet<IntentId>,
}

impl Site {
    fn new() -> Self {
        let files = vec![SourceFile {
            name: "rules.yaml".to_owned(),
            text: RULES.to_owned(),
        }];
        let mut site = Self {
            engine: Engine::new(StoreId::default()),
            effects: Vec::new(),
            offset: 0,
            queue: MailQueue::new(MailMetrics::default()),
            waiting: (0, 0),
            attempts: 0,
            sent: BTreeSet::new(),
            failed: BTreeSet::new(),
        };
        site.apply(0, Input::Start(Settings::default()));
        site.apply(
            0,
            Input::Rules(NewRules {
                source: Arc::new(RuleSource { files }),
                compiled: None,
            }),
        );
        site
    }

    fn apply(&mut self, minute: u64, input: Input) {
        self.engine.apply(self.offset, at(minute), input, &mut self.effects);
        self.offset += 1;
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Mail(attempt) => {
                    match attempt.intent.severity {
                        Severity::Critical => self.waiting.0 += 1,
                        _ => self.waiting.1 += 1,
                    }
                    self.queue.send(attempt);
                }
                Effect::Delivery(delivery) if delivery.retry_at.is_none() => {
                    let ended = match delivery.result {
                        MailResult::Sent(_) => &mut self.sent,
                        _ => &mut self.failed,
                    };
                    assert!(ended.insert(delivery.intent), "ended twice");
                }
                _ => {}
            }
        }
    }

    /// Lets a minute pass, in which the relay answers as often as it can.
    fn minute(&mut self, minute: u64) {
        self.apply(minute, Input::Tick);
        let is_down = minute < OUTAGE;
        for _ in 0..if is_down { FAILURES } else { TAKEN } {
            if self.waiting == (0, 0) {
                break;
            }
            let attempt = now(self.queue.take()).unwrap().attempt;
            match attempt.intent.severity {
                Severity::Critical => self.waiting.0 -= 1,
                _ => {
                    assert_eq!(self.waiting.0, 0, "a critical mail waited behind another");
                    self.waiting.1 -= 1;
                }
            }
            self.attempts += 1;
            let result = match is_down {
                true => MailResult::Deferred("relay:25: no connection".to_owned()),
                false => MailResult::Sent("relay:25: 250 ok".to_owned()),
            };
            let outcome = MailOutcome {
                intent: attempt.intent.id,
                attempt: attempt.number,
                result,
            };
            self.apply(minute, Input::Mail(outcome));
        }
        assert_eq!(self.waiting.0, 0, "critical mails are tried whenever they are due");
    }
}

fn at(minute: u64) -> Time {
    let start = Time::from_parts(1_767_600_000, 0).unwrap();
    start.plus(Duration::from_mins(minute))
}

/// What is there already.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it has to wait"),
    }
}

fn refused(number: u64) -> Input {
    let role = if number.is_multiple_of(CRITICAL) {
        Role::EXPERT
    } else {
        Role::CLIENT
    };
    Input::Notification(Notification {
        source: "bridge".into(),
        id: None,
        occurred_at: None,
        payload: Payload::Party(Party {
            role: Some(role),
            disconnect_reason: Some(DisconnectReason::PORT_FULL),
            ..Party::new(
                (number / 100).to_string(),
                number.to_string(),
                ParticipantStatus::DISCONNECTED,
            )
        }),
    })
}

#[test]
fn after_a_day_without_a_relay_each_mail_is_sent_or_recorded_as_failed_and_critical_ones_come_first() {
    let mut site = Site::new();
    for minute in 0..HOUR {
        for number in MAILS * minute / HOUR..MAILS * (minute + 1) / HOUR {
            site.apply(minute, refused(number));
        }
        site.minute(minute);
    }
    assert_eq!(site.engine.outbox().0 as u64, MAILS);
    let warm = 2 * HOUR;
    (HOUR..warm).for_each(|minute| site.minute(minute));

    let attempts = site.attempts;
    let taken = measure(|| (warm..OUTAGE - HOUR).for_each(|minute| site.minute(minute)));
    let attempts = site.attempts - attempts;
    assert!(attempts > 3 * MAILS, "{attempts}");
    assert!(
        taken.bytes_current.unsigned_abs() < 10 * attempts,
        "{taken:?} for {attempts} attempts"
    );
    assert_eq!(
        site.engine.outbox().0 as u64,
        MAILS,
        "nothing is given up before its time"
    );

    let mut minute = OUTAGE - HOUR;
    while site.engine.outbox().0 > 0 {
        site.minute(minute);
        minute += 1;
        assert!(minute < OUTAGE + HOUR, "{} are left", site.engine.outbox().0);
    }
    assert!(!site.sent.is_empty() && !site.failed.is_empty());
    assert_eq!((site.sent.len() + site.failed.len()) as u64, MAILS);
    assert!(site.sent.is_disjoint(&site.failed));
}
