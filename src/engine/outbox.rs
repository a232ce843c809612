//! Mails on their way: what is to be said to whom, and when it is tried again. Rendering and sending are absent: they are `email`'s.

mod intent;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use compact_str::CompactString;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{
    deadlines::{Deadline, Timer},
    effect::Effect,
    input::{MailOutcome, MailResult},
    lifecycle::AlertAge,
    step::Step,
};
use crate::{
    model::{Alert, AlertEventKind, AlertId, Language, Severity, Time},
    rules::Receiver,
};

pub use intent::{AlertList, Because, Digest, GroupNews, Held, Intent, IntentId, Numbers, Told};

/// How long after a failed attempt the next one is made; the last goes on until [`EXPIRY`].
const RETRY_AFTER: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(300),
    Duration::from_secs(900),
];

/// How long a mail is tried before it counts as failed.
const EXPIRY: Duration = Duration::from_hours(24);

/// One try at sending a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which try, from 1.
    pub number: u32,
    /// What is to be sent.
    pub intent: Arc<Intent>,
}

/// How one attempt ended, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which mail.
    pub intent: IntentId,
    /// Which alerts it listed.
    pub alerts: Vec<AlertId>,
    /// The receiver's name.
    pub receiver: CompactString,
    /// The address.
    pub recipient: String,
    /// Which try, from 1; 0: it was given up without one.
    pub attempt: u32,
    /// When what it tells of happened.
    pub date: Time,
    /// When its end was recorded.
    pub at: Time,
    /// How it ended.
    pub result: MailResult,
    /// When it is tried again; `None`: this was the last.
    pub retry_at: Option<Time>,
}

/// A mail's place in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Ticket(u64);

/// A recipient that was told of an alert's firing, and is told of its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    pub receiver: CompactString,
    recipient: String,
    pub root: IntentId,
}

/// The mails that have no final outcome yet.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Outbox {
    entries: BTreeMap<Ticket, Entry>,
    by_id: HashMap<IntentId, Ticket>,
    /// The least worth keeping first: the oldest of the lowest severity.
    by_worth: BTreeSet<(Severity, Ticket)>,
    /// Which mail waits for the end of that one: an end is told after its firing.
    followers: HashMap<IntentId, Ticket>,
    /// The mails of firings that have just failed for good; taken out before an input is done.
    #[serde(skip)]
    untold: Vec<(AlertAge, IntentId)>,
    next_ticket: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    intent: Arc<Intent>,
    /// The alert that it tells the firing of.
    firing_of: Option<AlertAge>,
    attempts: u32,
    state: EntryState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum EntryState {
    /// An attempt is under way.
    Sending,
    /// The next attempt is made then.
    Waiting(Deadline),
    /// The mail of the firing has not ended yet.
    Behind,
}

impl Outbox {
    /// Puts the mails about a firing in the box, and says who is told by them.
    pub fn tell_fired(
        &mut self,
        step: &mut Step<'_>,
        age: AlertAge,
        alert: &Alert,
        receiver: &Receiver,
    ) -> Vec<Reached> {
        receiver
            .to
            .iter()
            .map(|recipient| {
                let id = intent_id(alert.id, AlertEventKind::Fired, recipient);
                let intent = intent(step.now, alert, AlertEventKind::Fired, receiver, recipient, id, id);
                self.put(step, intent, Some(age), None);
                Reached {
                    receiver: receiver.name.clone(),
                    recipient: recipient.clone(),
                    root: id,
                }
            })
            .collect()
    }

    /// Puts the mail about an end in the box, behind the one about the firing.
    pub fn tell_resolved(&mut self, step: &mut Step<'_>, alert: &Alert, told: &Reached, receiver: &Receiver) {
        let id = intent_id(alert.id, AlertEventKind::Resolved, &told.recipient);
        let intent = intent(
            step.now,
            alert,
            AlertEventKind::Resolved,
            receiver,
            &told.recipient,
            id,
            told.root,
        );
        self.put(step, intent, None, Some(told.root));
    }

    /// Takes note of how an attempt ended.
    pub fn ended(&mut self, step: &mut Step<'_>, outcome: MailOutcome) {
        let Some(&ticket) = self.by_id.get(&outcome.intent) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(&ticket) else {
            return;
        };
        if entry.state != EntryState::Sending || entry.attempts != outcome.attempt {
            return;
        }
        let retry_at = match &outcome.result {
            MailResult::Deferred(_) => retry_at(entry, step.now),
            MailResult::Sent(_) | MailResult::Refused(_) => None,
        };
        let delivered = matches!(outcome.result, MailResult::Sent(_));
        step.out.push(delivery(entry, step.now, outcome.result, retry_at));
        match retry_at {
            Some(at) => entry.state = EntryState::Waiting(step.deadlines.set(at, Timer::Mail(ticket))),
            None => self.finish(step, ticket, delivered),
        }
    }

    /// Makes the next attempt at a mail whose time has come.
    pub fn due(&mut self, step: &mut Step<'_>, ticket: Ticket) {
        if let Some(entry) = self.entries.get_mut(&ticket) {
            entry.send(step);
        }
    }

    /// Makes a new attempt at all that were being sent when the process before this one ended.
    pub fn restart(&mut self, step: &mut Step<'_>) {
        for entry in self.entries.values_mut() {
            if entry.state == EntryState::Sending {
                entry.send(step);
            }
        }
    }

    /// The mails of firings that have failed for good since this was last asked.
    pub fn take_untold(&mut self) -> Vec<(AlertAge, IntentId)> {
        std::mem::take(&mut self.untold)
    }

    /// How many mails have no final outcome yet.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The date of the oldest of them.
    pub fn oldest(&self) -> Option<Time> {
        self.entries.values().next().map(|entry| entry.intent.date)
    }

    fn put(&mut self, step: &mut Step<'_>, intent: Intent, firing_of: Option<AlertAge>, behind: Option<IntentId>) {
        while self.entries.len() >= step.settings.outbox.max(1) as usize {
            self.give_up_least(step);
        }
        let behind = behind.filter(|root| self.by_id.contains_key(root));
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.by_id.insert(intent.id, ticket);
        self.by_worth.insert((intent.severity, ticket));
        let mut entry = Entry {
            intent: Arc::new(intent),
            firing_of,
            attempts: 0,
            state: EntryState::Behind,
        };
        match behind {
            Some(root) => {
                self.followers.insert(root, ticket);
            }
            None => entry.send(step),
        }
        self.entries.insert(ticket, entry);
    }

    fn give_up_least(&mut self, step: &mut Step<'_>) {
        let Some(&(_, ticket)) = self.by_worth.first() else {
            return;
        };
        if let Some(entry) = self.entries.get(&ticket) {
            let result = MailResult::Refused("given up: the outbox is full".to_owned());
            step.out.push(delivery(entry, step.now, result, None));
        }
        step.counts.mails_given_up += 1;
        self.finish(step, ticket, false);
    }

    /// Takes a mail out of the box. The one behind it is sent if it arrived; else there is nobody to be told.
    fn finish(&mut self, step: &mut Step<'_>, ticket: Ticket, delivered: bool) {
        let Some(entry) = self.entries.remove(&ticket) else {
            return;
        };
        let id = entry.intent.id;
        self.by_id.remove(&id);
        self.by_worth.remove(&(entry.intent.severity, ticket));
        if let EntryState::Waiting(deadline) = entry.state {
            step.deadlines.cancel(deadline);
        }
        if !delivered {
            self.untold.extend(entry.firing_of.map(|age| (age, id)));
        }
        let Some(follower) = self.followers.remove(&id) else {
            return;
        };
        if delivered {
            self.due(step, follower);
        } else {
            self.finish(step, follower, false);
        }
    }
}

impl Entry {
    fn send(&mut self, step: &mut Step<'_>) {
        self.attempts += 1;
        self.state = EntryState::Sending;
        step.out.push(Effect::Mail(Attempt {
            number: self.attempts,
            intent: self.intent.clone(),
        }));
    }
}

fn intent(
    now: Time,
    alert: &Alert,
    notice: AlertEventKind,
    receiver: &Receiver,
    recipient: &str,
    id: IntentId,
    root: IntentId,
) -> Intent {
    let alerts = if notice == AlertEventKind::Resolved {
        AlertList {
            resolved: vec![alert.clone()],
            ..AlertList::default()
        }
    } else {
        AlertList {
            fired: vec![alert.clone()],
            ..AlertList::default()
        }
    };
    Intent {
        id,
        root,
        answers: (root != id).then_some(root),
        number: if root == id { 1 } else { 2 },
        template: Intent::TEMPLATE,
        language: Language::English,
        receiver: receiver.name.clone(),
        recipient: recipient.to_owned(),
        to: receiver.to.clone(),
        cc: Vec::new(),
        reply_to: receiver.reply_to.clone(),
        clear: receiver.clear,
        date: now,
        severity: alert.severity,
        told: Arc::new(Told::Group(GroupNews {
            common: Vec::new(),
            because: Because::Routed,
            alerts,
            held: Held::default(),
            timeline: Vec::new(),
        })),
    }
}

fn intent_id(alert: AlertId, notice: AlertEventKind, recipient: &str) -> IntentId {
    let number: u8 = match notice {
        AlertEventKind::Fired => 1,
        AlertEventKind::Resolved => 3,
        _ => 2,
    };
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&alert.0.to_be_bytes())
        .update(&[number])
        .update(recipient.as_bytes());
    IntentId(super::short_hash(&hasher))
}

fn delivery(entry: &Entry, at: Time, result: MailResult, retry_at: Option<Time>) -> Effect {
    Effect::Delivery(Box::new(Delivery {
        intent: entry.intent.id,
        alerts: entry
            .intent
            .told
            .alerts()
            .into_iter()
            .flat_map(AlertList::iter)
            .map(|alert| alert.id)
            .collect(),
        receiver: entry.intent.receiver.clone(),
        recipient: entry.intent.recipient.clone(),
        attempt: entry.attempts,
        date: entry.intent.date,
        at,
        result,
        retry_at,
    }))
}

/// The next attempt's time, spread by up to a fifth either way so that many mails do not come at once; `None` past the expiry.
fn retry_at(entry: &Entry, now: Time) -> Option<Time> {
    let step = (entry.attempts as usize).saturating_sub(1).min(RETRY_AFTER.len() - 1);
    let after = RETRY_AFTER[step];
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&entry.intent.id.0.to_be_bytes())
        .update(&entry.attempts.to_be_bytes());
    let spread = u32::try_from(super::short_hash(&hasher) % 401).unwrap_or(200);
    let at = now.plus(after * (800 + spread) / 1000);
    (at < entry.intent.date.plus(EXPIRY)).then_some(at)
}
