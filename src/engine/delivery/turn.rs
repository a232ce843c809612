//! A group's turn: it is looked at whole. What is due is told, who is to be told in addition joins, and the next turn is set.

use super::{
    Delivery,
    group::{Group, GroupNo, is_held},
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
    model::{AlertEventKind, Severity, Time},
    rules::RuleSet,
};

impl Delivery {
    /// A group's turn has come.
    pub fn turn(&mut self, step: &mut Step<'_>, open: &mut Open, meetings: &Meetings, no: GroupNo) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        group.turn = None;
        let rules = step.rules;
        let is_held_back = group.route(rules).is_some_and(|route| rules.is_held(route, step.now));
        if is_held_back {
            // What ended while it was held back burns no more when the schedule opens.
            group.ended.listed.retain(|ended| ended.was_told);
        }
        let is_due = |at: Option<Time>| at.is_some_and(|at| at <= step.now);
        if is_due(group.next_of_ended(rules, !is_held_back))
            || !is_held_back && group.tells_of_burning(rules, open, step.now)
        {
            self.tell(step, open, meetings, no, is_held_back);
        }
        if !is_held_back {
            self.escalate(step, open, no);
        }
        self.set_turn(step, open, no);
        self.close_if_over(step, no);
        self.settle(step, open);
    }

    /// Sets a group's next turn, if there is one.
    pub(super) fn set_turn(&mut self, step: &mut Step<'_>, open: &Open, no: GroupNo) {
        let Some(group) = self.groups.get(&no) else {
            return;
        };
        let rules = step.rules;
        let burning = group.next_of_burning(rules, open);
        let burning = burning.and_then(|at| {
            if at > step.now {
                Some(at)
            } else {
                after_hold(group, rules, step.now)
            }
        });
        let next = burning.into_iter().chain(group.next_of_ended(rules, true)).min();
        if let Some(at) = next {
            self.wake(step, no, at);
        }
    }

    /// Tells all that a group has to tell.
    fn tell(&mut self, step: &mut Step<'_>, open: &Open, meetings: &Meetings, no: GroupNo, is_held_back: bool) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let Some(receiver) = step.rules.receivers.get(group.receiver as usize) else {
            return;
        };
        let is_owed = |age| self.desks.owes_firing(&receiver.name, age);
        let news = group.take_news(open, step.now, is_held_back, receiver.send_resolved, is_owed);
        if news.is_empty() {
            return;
        }
        group.told_at = Some(step.now);
        if news.severity < Severity::Critical && self.desks.is_full(receiver, step.now) {
            return self.desks.hold(step, receiver, &news);
        }
        self.desks.tells(receiver, news.ages(), step.now);
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
    fn escalate(&mut self, step: &mut Step<'_>, open: &mut Open, no: GroupNo) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let (rules, now) = (step.rules, step.now);
        let Some(route) = group.route(rules) else {
            return;
        };
        let mut due: Vec<(AlertAge, usize)> = Vec::new();
        for (age, member) in &mut group.members {
            let Some(OpenAlert { alert, .. }) = open.get(age) else {
                continue;
            };
            if is_held(alert) || alert.acknowledgement.is_some() || member.leaves {
                continue;
            }
            while member.escalates_at(route).is_some_and(|at| at <= now) {
                due.push((*age, member.escalated as usize));
                member.escalated += 1;
            }
        }
        let (name, place) = (group.name.clone(), group.route);
        for (age, step_no) in due {
            let escalation = &route.escalate[step_no];
            if let Some(OpenAlert { alert, .. }) = open.get(&age) {
                step.say(AlertEventKind::Escalated, alert);
            }
            let mut name = name.clone();
            name.receiver = rules.receivers[escalation.receiver].name.clone();
            let because = Because::Escalated {
                after: escalation.after,
            };
            self.join_in_addition(step, open, age, name, place, because);
        }
    }
}

/// When a schedule that holds a group's mail back may do so no more.
fn after_hold(group: &Group, rules: &RuleSet, now: Time) -> Option<Time> {
    rules.next_turn(group.route(rules)?, now)
}

/// What happened in the meeting that all alerts listed are about, if it is open.
fn timeline(news: &News, open: &Open, meetings: &Meetings) -> Vec<crate::engine::TimelineEntry> {
    let burning = news
        .burning
        .iter()
        .map(|(age, _)| open.get(age).and_then(|open| open.place));
    let mut places = burning.chain(news.over.iter().map(|over| over.place));
    let Some(Some(place)) = places.next() else {
        return Vec::new();
    };
    if places.all(|other| other == Some(place)) {
        meetings.recent(place)
    } else {
        Vec::new()
    }
}
