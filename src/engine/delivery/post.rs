//! From what is told to the mails of it: one a recipient, each a link in that recipient's thread.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Delivery,
    group::{GroupNo, Thread},
};
use crate::{
    engine::{
        lifecycle::Open,
        outbox::{Cover, Finished, Intent, IntentId, Outbox, Told},
        short_hash,
        step::Step,
    },
    model::Severity,
    rules::Receiver,
};

/// What is told to all recipients of a receiver.
pub(super) struct Letter {
    /// Which thread it belongs to.
    pub thread: u128,
    /// Its number there.
    pub number: u32,
    pub severity: Severity,
    pub group: Option<GroupNo>,
    pub needs_reach: bool,
    pub told: Told,
}

/// Puts a mail to each recipient into the outbox.
pub(super) fn put(
    outbox: &mut Outbox,
    step: &mut Step<'_>,
    receiver: &Receiver,
    threads: &mut BTreeMap<String, Thread>,
    letter: Letter,
) {
    let told = Arc::new(letter.told);
    // What a group has told in digests alone has reached whom these reached.
    let by_digests = threads.is_empty();
    for recipient in receiver.to.iter().chain(&receiver.cc) {
        let id = intent_id(letter.thread, letter.number, recipient);
        let before = threads.get(recipient).cloned();
        let may_reach = by_digests
            || before
                .as_ref()
                .is_some_and(|thread| thread.reached || outbox.has(thread.last));
        if letter.needs_reach && !may_reach {
            continue;
        }
        let root = before.as_ref().map_or(id, |thread| thread.root);
        let thread = Thread {
            root,
            last: id,
            reached: before.as_ref().is_some_and(|thread| thread.reached),
        };
        threads.insert(recipient.clone(), thread);
        let intent = Intent {
            id,
            root,
            answers: before.map(|thread| thread.last),
            number: letter.number,
            template: Intent::TEMPLATE,
            language: receiver.language,
            receiver: receiver.name.clone(),
            recipient: recipient.clone(),
            to: receiver.to.clone(),
            cc: receiver.cc.clone(),
            reply_to: receiver.reply_to.clone(),
            clear: receiver.clear,
            date: step.now,
            severity: letter.severity,
            told: Arc::clone(&told),
        };
        let cover = Cover {
            group: letter.group,
            needs_reach: letter.needs_reach,
        };
        outbox.put(step, intent, cover);
    }
}

/// Puts a mail that stands alone into the outbox.
pub(super) fn put_alone(outbox: &mut Outbox, step: &mut Step<'_>, receiver: &Receiver, severity: Severity, told: Told) {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"alone")
        .update(&step.store.0)
        .update(&outbox.next_ticket().to_be_bytes());
    let letter = Letter {
        thread: short_hash(&hasher),
        number: 1,
        severity,
        group: None,
        needs_reach: false,
        told,
    };
    put(outbox, step, receiver, &mut BTreeMap::new(), letter);
}

fn intent_id(thread: u128, number: u32, recipient: &str) -> IntentId {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&thread.to_be_bytes())
        .update(&number.to_be_bytes())
        .update(recipient.as_bytes());
    IntentId(short_hash(&hasher))
}

impl Delivery {
    /// Draws the consequences of the mails that have left the outbox.
    pub(in crate::engine) fn settle(&mut self, step: &mut Step<'_>, open: &mut Open) {
        while let Some(finished) = self.outbox.take_finished() {
            if finished.given_up {
                self.desks.gave_up(step, &finished.intent);
            }
            let reached = self.note_reach(&finished);
            if let Some((follower, cover)) = finished.follower {
                if cover.needs_reach && !reached {
                    self.outbox.drop(step, follower);
                } else {
                    self.outbox.due(step, follower);
                }
            }
            match finished.cover.group {
                Some(no) => self.note_end(step, open, no, &finished),
                None => self.note_end_of_digest(step, &finished),
            }
        }
    }

    /// Whether a mail of its thread has ever reached the recipient.
    fn note_reach(&mut self, finished: &Finished) -> bool {
        let group = finished.cover.group.and_then(|no| self.groups.get_mut(&no));
        let thread = group.and_then(|group| group.threads.get_mut(&finished.intent.recipient));
        match thread {
            Some(thread) => {
                thread.reached |= finished.delivered;
                thread.reached
            }
            // The group is over, and what waits behind was the last to be said in it.
            None => finished.delivered || finished.intent.number > 1,
        }
    }
}
