//! Mails on their way: what is to be said to whom, and when it is tried again. Rendering and sending are absent: they are `email`'s.

mod intent;
mod trouble;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use compact_str::CompactString;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use self::trouble::Troubles;
use super::{
    deadlines::{Deadline, Timer},
    delivery::GroupNo,
    effect::Effect,
    input::{MailOutcome, MailResult},
    step::Step,
};
use crate::model::{Alert, AlertId, Severity, Time};

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

/// How many attempts at a mail in a row may have no known end before the next one waits: the mail itself may be what ends the process.
const LOST_AT_ONCE: u32 = 2;

/// What the record of an attempt without a known end says.
const LOST: &str = "the process ended before the end of this attempt was recorded; the mail may have arrived";

/// What the record of a mail says that tells of ends alone, and was not sent.
const OF_NO_USE: &str = "given up: the mail of the firing did not reach this recipient";

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
    /// Which alerts it told of: first those that it listed, then as many of the others as [`AlertList::MOST_UNLISTED`] allows.
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

/// The mails to one receiver that have no final outcome yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many; one at least.
    pub mails: u64,
    /// How many of them have been tried in vain at least once.
    pub deferred: u64,
    /// The date of the oldest.
    pub oldest: Time,
}

/// A mail's place in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Ticket(u64);

/// What the outbox has to know of a mail beside the mail itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cover {
    /// The group that it is about.
    pub group: Option<GroupNo>,
    /// It tells of ends alone, so that it is of no use to a recipient whom no mail of the thread has reached.
    pub needs_reach: bool,
}

/// A mail that has left the outbox.
#[derive(Debug)]
pub(super) struct Finished {
    pub intent: Arc<Intent>,
    pub cover: Cover,
    /// The server took it; else it failed for good.
    pub delivered: bool,
    /// It did not fail, but was given up because too many waited.
    pub given_up: bool,
    /// The mail that waited for its end.
    pub follower: Option<(Ticket, Cover)>,
}

/// The mails that have no final outcome yet.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Outbox {
    entries: BTreeMap<Ticket, Entry>,
    by_id: HashMap<IntentId, Ticket>,
    /// The least worth keeping first: the oldest of the lowest severity.
    by_worth: BTreeSet<(Severity, Ticket)>,
    /// Which mail waits for the end of that one: the mails of a thread arrive in their order.
    followers: HashMap<IntentId, Ticket>,
    troubles: Troubles,
    /// Taken out before an input is done.
    #[serde(skip)]
    finished: VecDeque<Finished>,
    next_ticket: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    intent: Arc<Intent>,
    cover: Cover,
    attempts: u32,
    /// How many of the last attempts have no known end.
    lost: u32,
    state: EntryState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum EntryState {
    /// An attempt is under way.
    Sending,
    /// The next attempt is made then.
    Waiting(Deadline),
    /// The mail before it in its thread has not ended yet.
    Behind,
}

impl Outbox {
    /// Puts a mail in the box; where it answers one that is still there, behind that one. Where too many wait, the one least worth keeping is
    /// given up, which may be this.
    pub fn put(&mut self, step: &mut Step<'_>, intent: Intent, cover: Cover) {
        let before = intent.answers.filter(|before| self.by_id.contains_key(before));
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.troubles.came(step, &intent, ticket);
        self.by_id.insert(intent.id, ticket);
        self.by_worth.insert((intent.severity, ticket));
        let entry = Entry {
            intent: Arc::new(intent),
            cover,
            attempts: 0,
            lost: 0,
            state: EntryState::Behind,
        };
        self.entries.insert(ticket, entry);
        if let Some(before) = before {
            self.followers.insert(before, ticket);
        }
        while self.entries.len() > step.settings.outbox.max(1) as usize {
            self.give_up_least(step);
        }
        if before.is_none() {
            self.due(step, ticket);
        }
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
            MailResult::Deferred(_) => retry_at(entry, step),
            MailResult::Sent(_) | MailResult::Refused(_) => None,
        };
        entry.lost = 0;
        let delivered = matches!(outcome.result, MailResult::Sent(_));
        step.out.push(delivery(entry, step.now, outcome.result, retry_at));
        match retry_at {
            Some(at) => entry.state = EntryState::Waiting(step.deadlines.set(at, Timer::Mail(ticket))),
            None => self.finish(step, ticket, delivered, false),
        }
    }

    /// Makes the next attempt at a mail whose time has come.
    pub fn due(&mut self, step: &mut Step<'_>, ticket: Ticket) {
        if let Some(entry) = self.entries.get_mut(&ticket) {
            entry.send(step);
        }
    }

    /// Takes out a mail whose turn has come and that is of no use to anybody.
    pub fn drop(&mut self, step: &mut Step<'_>, ticket: Ticket) {
        if let Some(entry) = self.entries.get_mut(&ticket) {
            entry.state = EntryState::Sending;
            let result = MailResult::Refused(OF_NO_USE.to_owned());
            step.out.push(delivery(entry, step.now, result, None));
        }
        self.finish(step, ticket, false, false);
    }

    /// Sees to all that were being sent when the process before this one ended. They may have arrived or not: each is tried again, at once
    /// for the first few times, then as after a failure that is on record, and no longer than any other.
    pub fn restart(&mut self, step: &mut Step<'_>) {
        let mut expired = Vec::new();
        for (ticket, entry) in &mut self.entries {
            if entry.state != EntryState::Sending {
                continue;
            }
            entry.lost += 1;
            let retry_at = retry_at(entry, step);
            if retry_at.is_some() && entry.lost <= LOST_AT_ONCE {
                entry.send(step);
                continue;
            }
            let result = MailResult::Deferred(LOST.to_owned());
            step.out.push(delivery(entry, step.now, result, retry_at));
            match retry_at {
                Some(at) => entry.state = EntryState::Waiting(step.deadlines.set(at, Timer::Mail(*ticket))),
                None => expired.push(*ticket),
            }
        }
        for ticket in expired {
            self.finish(step, ticket, false, false);
        }
    }

    /// A mail may have waited for too long.
    pub fn look(&mut self, step: &mut Step<'_>) {
        self.troubles.look(step);
    }

    /// The alerts about mails that have.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.troubles.alerts()
    }

    /// The first mail that has left the box and that nobody has asked about yet.
    pub fn take_finished(&mut self) -> Option<Finished> {
        self.finished.pop_front()
    }

    /// Whether that mail has no final outcome yet.
    pub fn has(&self, intent: IntentId) -> bool {
        self.by_id.contains_key(&intent)
    }

    /// A number that no mail put in the box before has been near.
    pub const fn next_ticket(&self) -> u64 {
        self.next_ticket
    }

    /// How many mails have no final outcome yet.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The date of the oldest of them.
    pub fn oldest(&self) -> Option<Time> {
        self.entries.values().next().map(|entry| entry.intent.date)
    }

    /// What has no final outcome yet, by the receiver's name.
    pub fn waiting(&self) -> BTreeMap<&str, Waiting> {
        let mut waiting = BTreeMap::<&str, Waiting>::new();
        // The oldest comes first.
        for Entry {
            intent,
            attempts,
            state,
            ..
        } in self.entries.values()
        {
            let of_receiver = waiting.entry(&intent.receiver).or_insert(Waiting {
                mails: 0,
                deferred: 0,
                oldest: intent.date,
            });
            of_receiver.mails += 1;
            let is_first = *attempts <= u32::from(*state == EntryState::Sending);
            of_receiver.deferred += u64::from(!is_first);
        }
        waiting
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
        self.finish(step, ticket, false, true);
    }

    /// Takes a mail out of the box.
    fn finish(&mut self, step: &mut Step<'_>, ticket: Ticket, delivered: bool, given_up: bool) {
        let Some(entry) = self.entries.remove(&ticket) else {
            return;
        };
        self.troubles.left(step, &entry.intent, ticket);
        let id = entry.intent.id;
        self.by_id.remove(&id);
        self.by_worth.remove(&(entry.intent.severity, ticket));
        match entry.state {
            EntryState::Waiting(deadline) => step.deadlines.cancel(deadline),
            // Whoever waits behind it waits for the one before it instead.
            EntryState::Behind => self.close_up(&entry.intent),
            EntryState::Sending => {}
        }
        let follower = self.followers.remove(&id);
        let follower = follower.and_then(|ticket| Some((ticket, self.entries.get(&ticket)?.cover)));
        self.finished.push_back(Finished {
            intent: entry.intent,
            cover: entry.cover,
            delivered,
            given_up,
            follower,
        });
    }

    /// A mail leaves the middle of its thread.
    fn close_up(&mut self, gone: &Intent) {
        let behind = self.followers.remove(&gone.id);
        if let (Some(before), Some(behind)) = (gone.answers, behind) {
            self.followers.insert(before, behind);
        } else if let Some(before) = gone.answers {
            self.followers.remove(&before);
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

fn delivery(entry: &Entry, at: Time, result: MailResult, retry_at: Option<Time>) -> Effect {
    Effect::Delivery(Box::new(Delivery {
        intent: entry.intent.id,
        alerts: entry
            .intent
            .told
            .alerts()
            .into_iter()
            .flat_map(AlertList::ids)
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
fn retry_at(entry: &Entry, step: &Step<'_>) -> Option<Time> {
    let place = (entry.attempts as usize).saturating_sub(1).min(RETRY_AFTER.len() - 1);
    let after = RETRY_AFTER[place];
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&entry.intent.id.0.to_be_bytes())
        .update(&entry.attempts.to_be_bytes());
    let spread = step.settings.retry_spread.min(100);
    let thousandths = u32::try_from(super::short_hash(&hasher) % u128::from(20 * spread + 1)).unwrap_or_default();
    let at = step.now.plus(after * (1000 - 10 * spread + thousandths) / 1000);
    (at < entry.intent.date.plus(EXPIRY)).then_some(at)
}
