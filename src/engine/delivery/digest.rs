//! Digests: what was held back for a receiver, told as one mail. What is held back, and since when, is the desk's to know.

use std::{collections::BTreeSet, iter};

use super::{
    Delivery,
    desk::DeskNo,
    group::{Change, is_held},
    news::Kind,
    post,
};
use crate::engine::{
    lifecycle::{AlertAge, Open, OpenAlert},
    outbox::{Because, Digest, Finished, Told},
    step::Step,
};

impl Delivery {
    /// What was held back for a receiver is told.
    pub fn digest(&mut self, step: &mut Step<'_>, open: &mut Open, no: DeskNo) {
        self.withhold(step, open, no);
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
        self.desks.tells(step, fallback, iter::empty());
        post::put_alone(&mut self.outbox, step, fallback, intent.severity, told);
    }

    /// What a silence, another alert or a schedule holds back by now goes back to its groups, to be told when that ends.
    fn withhold(&mut self, step: &mut Step<'_>, open: &Open, no: DeskNo) {
        let mut withheld = BTreeSet::new();
        for (age, kind) in self.desks.alerts_owed(no) {
            let Some(OpenAlert { alert, groups, .. }) = open.get(&age) else {
                continue;
            };
            for group_no in groups {
                let group = self.groups.get_mut(group_no);
                let Some(group) = group.filter(|group| self.desks.is_of(no, &group.name.receiver)) else {
                    continue;
                };
                let Some(member) = group.members.get_mut(&age) else {
                    continue;
                };
                let route = member.route(step.rules);
                if !is_held(alert) && route.is_none_or(|route| !step.rules.is_held(route, step.now)) {
                    continue;
                }
                if kind == Kind::Fired {
                    member.told = None;
                }
                member.change = Some(Change {
                    at: step.now,
                    at_once: true,
                });
                self.desks.forget(no, age);
                withheld.insert(*group_no);
            }
        }
        for no in withheld {
            self.set_turn(step, open, no);
        }
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
                let Some(group) = group else { continue };
                let member = group.members.get_mut(age);
                if let Some(told) = member.and_then(|member| member.told.as_mut()) {
                    if *kind == Kind::Fired {
                        (told.first, told.mails) = (step.now, 1);
                    }
                    told.last = step.now;
                    group.told_at = Some(step.now);
                    groups.insert(*no);
                }
            }
        }
        for no in groups {
            self.set_turn(step, open, no);
        }
    }
}
