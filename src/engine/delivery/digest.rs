//! Digests: what was held back for a receiver, told as one mail. What is held back, and since when, is the desk's to know.

use std::{collections::BTreeSet, iter};

use super::{Delivery, desk::DeskNo, news::Kind, post};
use crate::engine::{
    lifecycle::{AlertAge, Open},
    outbox::{Because, Digest, Finished, Told},
    step::Step,
};

impl Delivery {
    /// What was held back for a receiver is told.
    pub fn digest(&mut self, step: &mut Step<'_>, open: &mut Open, no: DeskNo) {
        let Some((receiver, owed)) = self.desks.take_owed(step.rules, no, step.now) else {
            return;
        };
        let told: Vec<(AlertAge, Kind)> = owed.alerts().collect();
        let severity = owed.severity;
        let digest = Told::Digest(owed.told(open));
        post::put_alone(&mut self.outbox, step, receiver, severity, digest);
        self.told_by_digest(step, open, &receiver.name, &told);
        self.settle(step, open);
    }

    /// A mail that stands alone has arrived, or failed for good. A digest that nobody of its receiver gets goes to whoever stands in, once.
    pub(super) fn note_end_of_digest(&mut self, step: &mut Step<'_>, finished: &Finished) {
        let intent = &finished.intent;
        let Told::Digest(digest) = &*intent.told else {
            return;
        };
        if digest.because != Because::Routed || !self.desks.ends_unreached(finished) {
            return;
        }
        let rules = step.rules;
        let Some(fallback) = rules.receiver(&intent.receiver).and_then(|receiver| receiver.fallback) else {
            return;
        };
        step.counts.fallbacks += 1;
        let fallback = &rules.receivers[fallback];
        let told = Told::Digest(Digest {
            because: Because::Unreached {
                receiver: intent.receiver.clone(),
            },
            ..digest.clone()
        });
        self.desks.tells(fallback, iter::empty(), step.now);
        post::put_alone(&mut self.outbox, step, fallback, intent.severity, told);
    }

    /// Repeats and escalations count from the mail that told, which is the digest.
    fn told_by_digest(&mut self, step: &mut Step<'_>, open: &Open, receiver: &str, told: &[(AlertAge, Kind)]) {
        let mut groups = BTreeSet::new();
        for (age, kind) in told {
            let Some(open) = open.get(age) else {
                continue;
            };
            for no in &open.groups {
                let group = self.groups.get_mut(no).filter(|group| group.name.receiver == receiver);
                let member = group.and_then(|group| group.members.get_mut(age));
                if let Some(told) = member.and_then(|member| member.told.as_mut()) {
                    if *kind == Kind::Fired {
                        (told.first, told.mails) = (step.now, 1);
                    }
                    told.last = step.now;
                    groups.insert(*no);
                }
            }
        }
        for no in groups {
            self.set_turn(step, open, no);
        }
    }
}
