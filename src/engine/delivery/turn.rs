//! A group's turn: it is looked at whole. What is due is told, who is to be told in addition joins, and the next turn is set.

use std::collections::BTreeSet;

use super::{
    Delivery,
    group::{GroupName, GroupNo, Member, is_held},
    news::News,
    post::{self, Letter},
};
use crate::{
    engine::{
        lifecycle::{AlertAge, Open, OpenAlert},
        meetings::Meetings,
        outbox::{Because, GroupNews, Told},
        step::Step,
    },
    model::{AlertEventKind, Severity},
    rules::Escalation,
};

impl Delivery {
    /// A group's turn has come.
    pub fn turn(&mut self, step: &mut Step<'_>, open: &mut Open, meetings: &Meetings, no: GroupNo) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        group.turn = None;
        let rules = step.rules;
        let closed = group.closed_routes(rules, step.now);
        group.ended.drop_untold(&closed);
        let tells_of_ended = group.next_of_ended(rules).is_some_and(|at| at <= step.now);
        if tells_of_ended || group.tells_of_burning(rules, open, step.now, &closed) {
            self.tell(step, open, meetings, no, &closed);
        }
        self.escalate(step, open, no, &closed);
        self.set_turn(step, open, no);
        self.close_if_over(step, no);
        self.settle(step, open);
    }

    /// Sets a group's next turn, if there is one.
    pub(super) fn set_turn(&mut self, step: &mut Step<'_>, open: &Open, no: GroupNo) {
        let Some(group) = self.groups.get(&no) else {
            return;
        };
        let (rules, now) = (step.rules, step.now);
        let of_member = |(age, member): (&AlertAge, &Member)| {
            let OpenAlert { alert, .. } = open.get(age)?;
            let is_owed = self.desks.owes_firing(&group.name.receiver, *age);
            let at = group.next_of_burning(member, alert, rules, is_owed)?;
            match member.route(rules) {
                // What is due and was not told waits for a schedule to open.
                Some(route) if at <= now && rules.is_held(route, now) => rules.next_turn(route, now),
                _ => Some(at),
            }
        };
        let burning = group.members.iter().filter_map(of_member).min();
        let next = burning.into_iter().chain(group.next_of_ended(rules)).min();
        if let Some(at) = next {
            self.wake(step, no, at);
        }
    }

    /// Tells all that a group has to tell.
    fn tell(&mut self, step: &mut Step<'_>, open: &Open, meetings: &Meetings, no: GroupNo, closed: &BTreeSet<u32>) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let Some(receiver) = step.rules.receivers.get(group.receiver as usize) else {
            return;
        };
        let is_owed = |age| self.desks.owes_firing(&receiver.name, age);
        let news = group.take_news(open, step.now, closed, receiver.send_resolved, is_owed);
        if news.is_empty() {
            return;
        }
        if news.severity < Severity::Critical && self.desks.is_full(receiver, step.now) {
            return self.desks.hold(step, receiver, &news);
        }
        self.desks.tells(step, receiver, news.ages());
        group.told_at = Some(step.now);
        group.notices += 1;
        group.watch(step, receiver, &news, no);
        let timeline = timeline(&news, open, meetings);
        let News {
            alerts,
            held,
            because,
            severity,
            needs_reach,
            ..
        } = news;
        let names = group.name.names.iter().cloned();
        let letter = Letter {
            number: group.notices,
            thread: group.thread,
            severity,
            group: Some(no),
            needs_reach,
            told: Told::Group(GroupNews {
                common: names.zip(group.name.values.iter().cloned()).collect(),
                because,
                alerts,
                held,
                timeline,
            }),
        };
        post::put(&mut self.outbox, step, receiver, &mut group.threads, letter);
    }

    /// Tells those who are to know by now, since nobody has taken an alert on.
    fn escalate(&mut self, step: &mut Step<'_>, open: &mut Open, no: GroupNo, closed: &BTreeSet<u32>) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let (rules, now) = (step.rules, step.now);
        let mut due: Vec<(AlertAge, Option<u32>, &Escalation)> = Vec::new();
        for (age, member) in &mut group.members {
            let Some(OpenAlert { alert, .. }) = open.get(age) else {
                continue;
            };
            if is_held(alert) || alert.acknowledgement.is_some() || member.leaves || member.is_closed(closed) {
                continue;
            }
            // What is still held back for a digest has not been told: the time begins to run when that leaves.
            if self.desks.owes_firing(&group.name.receiver, *age) {
                continue;
            }
            while let Some((_, escalation)) = member.escalates_at(rules).filter(|(at, _)| *at <= now) {
                due.push((*age, member.route, escalation));
                member.escalated.push(rules.receivers[escalation.receiver].name.clone());
            }
        }
        let name = group.name.clone();
        for (age, route, escalation) in due {
            if let Some(OpenAlert { alert, .. }) = open.get(&age) {
                step.say(AlertEventKind::Escalated, alert);
            }
            let name = GroupName {
                receiver: rules.receivers[escalation.receiver].name.clone(),
                ..name.clone()
            };
            let because = Because::Escalated {
                after: escalation.after,
            };
            self.join_in_addition(step, open, age, name, route, because);
        }
    }
}

/// What happened in the meeting that all alerts listed are about, if it is open.
fn timeline(news: &News, open: &Open, meetings: &Meetings) -> Vec<crate::engine::TimelineEntry> {
    let burning = news
        .burning
        .iter()
        .map(|(age, _)| open.get(age).and_then(|open| open.place));
    let mut places = burning.chain(news.over.listed.iter().map(|over| over.place));
    let Some(Some(place)) = places.next() else {
        return Vec::new();
    };
    if places.all(|other| other == Some(place)) {
        meetings.recent(place)
    } else {
        Vec::new()
    }
}
