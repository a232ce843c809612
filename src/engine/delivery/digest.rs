//! Digests: what was held back for a receiver, told as one mail. What is held back, and since when, is the desk's to know.

use std::{collections::BTreeSet, iter};

use serde::{Deserialize, Serialize};

use super::{
    Delivery,
    desk::DeskNo,
    group::{Change, is_held},
    news::Kind,
    on_the_way::OnTheWay,
    post,
};
use crate::{
    engine::{
        lifecycle::{AlertAge, Open, OpenAlert},
        outbox::{Because, Digest, Finished, Told},
        step::Step,
    },
    model::Severity,
};

/// A digest that has reached nobody yet.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    pub on_the_way: OnTheWay,
    pub severity: Severity,
    /// What whoever stands in is told.
    pub digest: Digest,
}

impl Delivery {
    /// What was held back for a receiver is told.
    pub fn digest(&mut self, step: &mut Step<'_>, open: &mut Open, no: DeskNo) {
        self.withhold(step, open, no);
        let Some((receiver, owed)) = self.desks.take_owed(step.rules, no, step.now) else {
            return;
        };
        let told: Vec<(AlertAge, Kind)> = owed.alerts().collect();
        let severity = owed.severity;
        let digest = owed.told(open);
        self.desks.watch(step, no, receiver, severity, &digest);
        post::put_alone(&mut self.outbox, step, receiver, severity, Told::Digest(digest));
        self.told_by_digest(step, open, &receiver.name, &told);
        self.settle(step, open);
    }

    /// A mail that stands alone has arrived, or failed for good.
    pub(super) fn note_end_of_digest(&mut self, step: &mut Step<'_>, finished: &Finished) {
        let intent = &finished.intent;
        // Nobody stands in for those who stand in, nor for whoever is sent a drill.
        if let Told::Digest(digest) = &*intent.told
            && digest.because == Because::Routed
            && let Some(sent) = self.desks.take_unreached(step, finished)
        {
            self.pass_on(step, &intent.receiver, sent);
        }
    }

    /// Digests to a receiver may have been on their way for too long.
    pub fn digests_stuck(&mut self, step: &mut Step<'_>, open: &mut Open, no: DeskNo) {
        let Some((receiver, stuck)) = self.desks.take_stuck(step, no) else {
            return;
        };
        for sent in stuck {
            self.pass_on(step, &receiver, sent);
        }
        self.settle(step, open);
    }

    /// Tells whoever stands in for a receiver what a digest was to tell it, once.
    fn pass_on(&mut self, step: &mut Step<'_>, receiver: &str, sent: Sent) {
        let rules = step.rules;
        let Some(fallback) = rules.receiver(receiver).and_then(|receiver| receiver.fallback) else {
            return;
        };
        step.counts.fallbacks += 1;
        let fallback = &rules.receivers[fallback];
        let told = Told::Digest(Digest {
            because: Because::Unreached {
                receiver: receiver.into(),
            },
            ..sent.digest
        });
        self.desks.tells(step, fallback, iter::empty());
        post::put_alone(&mut self.outbox, step, fallback, sent.severity, told);
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
