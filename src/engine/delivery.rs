//! From an alert to mails: which receivers are told of it, in which company, when, and what holds that back. Alerts themselves are
//! absent: `lifecycle` opens and ends them and says so here. So are attempts at a mail, which are the outbox's.
//!
//! A route puts an alert into a *group*, which is what one mail to one receiver tells of. Each group has at most one deadline, its
//! *turn*, at which it is looked at whole; so what nothing happens to costs nothing.

mod desk;
mod digest;
mod ended;
mod group;
mod inhibit;
mod join;
mod news;
mod on_the_way;
mod post;
mod reach;
mod reroute;
mod silence;
mod turn;

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

pub(super) use self::{desk::DeskNo, group::GroupNo};
use self::{
    desk::Desks,
    ended::{EndedAlert, Sort},
    group::{Change, Group, GroupName, is_held},
    inhibit::Inhibitions,
    silence::Silences,
};
use super::{
    effect::Acted,
    lifecycle::{AlertAge, Open, OpenAlert},
    outbox::{Outbox, Told},
    step::Step,
};
use crate::{
    model::{Alert, AlertState, ResolveReason, Severity, Time},
    rules::{Condition, Rule},
};

/// What is known of who is told.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Delivery {
    groups: BTreeMap<GroupNo, Group>,
    by_name: BTreeMap<GroupName, GroupNo>,
    next_group: u32,
    silences: Silences,
    inhibitions: Inhibitions,
    desks: Desks,
    pub outbox: Outbox,
    /// By the receiver's name, what a reload has ended; told before the input is done.
    #[serde(skip)]
    ended_by_reload: BTreeMap<CompactString, BTreeMap<AlertAge, Alert>>,
}

impl Delivery {
    /// An alert has fired.
    pub fn fired(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        self.weigh_holds(step, open, age);
        self.reroute(step, open, age);
    }

    /// An open alert has become worse: other routes may take it, and its groups have something to tell.
    pub fn raised(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        self.weigh_holds(step, open, age);
        self.reroute(step, open, age);
        let Some(OpenAlert { alert, groups, .. }) = open.get(&age) else {
            return;
        };
        for no in groups.clone() {
            let Some(group) = self.groups.get_mut(&no) else {
                continue;
            };
            let member = group.members.get_mut(&age).filter(|member| !member.leaves);
            if let Some(member) = member.filter(|member| member.told.is_some_and(|told| alert.severity > told.severity))
            {
                let change = *member.change.get_or_insert(Change {
                    at: step.now,
                    at_once: false,
                });
                let route = member.route;
                let due = group.due(change, route, step.rules);
                self.wake(step, no, due);
            }
        }
    }

    /// An alert is over, and open no more. Whoever was told of it is told so, whatever holds mail back; whoever was not, only of an event.
    pub fn resolved(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge, ended: &OpenAlert) {
        self.silences.forget(age, &ended.alert);
        self.uninhibit(step, open, age);
        let told = self.receivers_told(age, ended);
        for no in &ended.groups {
            self.ended_in(step, *no, age, ended, &told);
        }
        self.settle(step, open);
    }

    /// The receivers that were told of an alert.
    fn receivers_told(&self, age: AlertAge, alert: &OpenAlert) -> Vec<CompactString> {
        let groups = alert.groups.iter().filter_map(|no| self.groups.get(no));
        let told = groups.filter(|group| group.members.get(&age).is_some_and(|member| member.told.is_some()));
        told.map(|group| group.name.receiver.clone()).collect()
    }

    fn ended_in(
        &mut self,
        step: &mut Step<'_>,
        no: GroupNo,
        age: AlertAge,
        ended: &OpenAlert,
        receivers_told: &[CompactString],
    ) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let Some(member) = group.members.remove(&age) else {
            return;
        };
        let Some(receiver) = step.rules.receivers.get(group.receiver as usize) else {
            return self.close_if_over(step, no);
        };
        let fallback = receiver.fallback.map(|fallback| &step.rules.receivers[fallback].name);
        let is_known = fallback.is_some_and(|fallback| receivers_told.contains(fallback));
        for watched in &mut group.watched {
            watched.ended(age, ended, &member, is_known);
        }
        let was_told = member.told.is_some();
        let tells = if was_told {
            receiver.send_resolved
        } else {
            is_event(&step.rules.rules[ended.rule as usize]) && !is_held(&ended.alert) && !member.leaves
        };
        let route = member.route(step.rules);
        let is_held = is_held(&ended.alert) || route.is_some_and(|route| step.rules.is_held(route, step.now));
        if self.desks.ended(step, receiver, age, &ended.alert, is_held) || !tells {
            return self.close_if_over(step, no);
        }
        if was_told && is_by_reload(&ended.alert) {
            let of_receiver = self.ended_by_reload.entry(receiver.name.clone()).or_default();
            of_receiver.insert(age, ended.alert.clone());
            return self.close_if_over(step, no);
        }
        let change = member.change.filter(|_| !was_told).unwrap_or(Change {
            at: step.now,
            at_once: false,
        });
        group.ended.add(EndedAlert {
            age,
            alert: ended.alert.clone(),
            place: ended.place,
            sort: Sort {
                route: member.route,
                was_told,
            },
            change,
        });
        let due = group.due(change, member.route, step.rules);
        self.wake(step, no, due);
    }

    /// An alert was acknowledged: it is neither repeated nor escalated from now on.
    pub fn acknowledged(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        self.weigh_holds(step, open, age);
    }

    /// Weighs what may hold an alert's mail back. A silence may ask for what inhibition says, and is then asked again.
    fn weigh_holds(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        let is_inhibited = |open: &Open| open.get(&age).is_some_and(|open| open.alert.inhibited_by.is_some());
        let before = is_inhibited(open);
        self.weigh_silences(step, open, age);
        self.inhibit(step, open, age);
        if is_inhibited(open) != before {
            self.weigh_silences(step, open, age);
        }
    }

    /// Sends a mail that says that it is one sent to try.
    pub fn drill(&mut self, step: &mut Step<'_>, open: &mut Open, name: &str, by: &str) -> Acted {
        let Some(receiver) = step.rules.receiver(name) else {
            return Acted::NoSuchReceiver;
        };
        let told = Told::Drill { by: by.into() };
        post::put_alone(&mut self.outbox, step, receiver, Severity::Info, told);
        self.settle(step, open);
        Acted::Drilled(step.now)
    }

    /// A process begins, which knows nothing of the mails that the one before was sending.
    pub fn restart(&mut self, step: &mut Step<'_>, open: &mut Open) {
        self.outbox.restart(step);
        self.settle(step, open);
    }

    /// Sees to it that a group is looked at then, at the latest.
    fn wake(&mut self, step: &mut Step<'_>, no: GroupNo, at: Time) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        if group.turn.is_some_and(|turn| turn.at() <= at) {
            return;
        }
        if let Some(later) = group.turn.take() {
            step.deadlines.cancel(later);
        }
        group.turn = Some(
            step.deadlines
                .set_last(at, group.rank(no), super::deadlines::Timer::Group(no)),
        );
    }

    /// Sees to it that the groups of an alert are looked at now: what held them back has ended.
    fn wake_groups_of(&mut self, step: &mut Step<'_>, open: &Open, age: AlertAge) {
        if let Some(OpenAlert { groups, .. }) = open.get(&age) {
            for no in groups {
                self.wake(step, *no, step.now);
            }
        }
    }

    fn close_if_over(&mut self, step: &mut Step<'_>, no: GroupNo) {
        if self.groups.get(&no).is_some_and(Group::is_over)
            && let Some(group) = self.groups.remove(&no)
        {
            self.by_name.remove(&group.name);
            if let Some(turn) = group.turn {
                step.deadlines.cancel(turn);
            }
        }
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }
}

/// Whether a rule's alerts tell of something that happened, rather than of something that is so.
fn is_event(rule: &Rule) -> bool {
    !matches!(rule.condition, Condition::Held { .. } | Condition::Quiet(_))
}

/// Whether it is over because the rules have changed.
fn is_by_reload(alert: &Alert) -> bool {
    matches!(
        alert.state,
        AlertState::Resolved {
            reason: ResolveReason::RuleChanged | ResolveReason::RuleRemoved,
            ..
        }
    )
}
