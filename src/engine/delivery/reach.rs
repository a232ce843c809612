//! Mails about groups that do not arrive: where nobody of a receiver gets one, those who stand in for it are told instead. Whether somebody
//! does is `on_the_way`'s to say. Trying again is absent: it is the outbox's.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{
    Delivery,
    ended::{Ended, EndedAlert, Sort},
    group::{Change, Group, GroupName, GroupNo, Member},
    news::News,
    on_the_way::{OnTheWay, Reach},
};
use crate::{
    engine::{
        deadlines::Timer,
        lifecycle::{AlertAge, Open, OpenAlert},
        outbox::{Because, Finished},
        step::Step,
    },
    model::{Alert, Time},
    rules::Receiver,
};

/// A mail that has reached none of its recipients yet.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Watched {
    /// Its number in the group.
    notice: u32,
    on_the_way: OnTheWay,
    /// The alerts that it tells of, and that burn.
    burning: Vec<AlertAge>,
    /// Those that are over and that whoever stands in is to be told of.
    over: Ended,
}

impl Watched {
    /// The group is gone.
    pub fn forget(&self, step: &mut Step<'_>) {
        self.on_the_way.forget(step);
    }

    /// An alert is over: whoever stands in is told that it was, unless it was told of it already.
    pub fn ended(&mut self, age: AlertAge, ended: &OpenAlert, member: &Member, is_known: bool) {
        let burnt = self.burning.len();
        self.burning.retain(|burning| *burning != age);
        if self.burning.len() < burnt && !is_known {
            self.over.add(EndedAlert {
                age,
                alert: ended.alert.clone(),
                place: ended.place,
                sort: Sort {
                    route: member.route,
                    was_told: false,
                },
                change: Change {
                    at: Time::MIN,
                    at_once: true,
                },
            });
        }
    }

    /// Lets what is over go by the route that a new rule set has for it.
    pub fn find_routes(&mut self, route_of: impl Fn(&Alert) -> Option<u32>) {
        self.over.find_routes(route_of);
    }
}

impl Group {
    /// Watches whether the mail that is about to leave arrives, if somebody stands in for the receiver.
    pub fn watch(&mut self, step: &mut Step<'_>, receiver: &Receiver, news: &News, no: GroupNo) {
        if news.needs_reach {
            return;
        }
        let Some(on_the_way) = OnTheWay::new(step, receiver, Timer::Stuck(no)) else {
            return;
        };
        let watched = Watched {
            notice: self.notices,
            on_the_way,
            burning: news.burning.iter().map(|(age, _)| *age).collect(),
            over: news.over.untold(),
        };
        self.watched.push(watched);
    }
}

impl Delivery {
    /// A mail about a group has arrived, or failed for good.
    pub(super) fn note_end(&mut self, step: &mut Step<'_>, open: &mut Open, no: GroupNo, finished: &Finished) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let notice = finished.intent.number;
        let Some(place) = group.watched.iter().position(|watched| watched.notice == notice) else {
            return;
        };
        let reach = group.watched[place].on_the_way.ended(step, finished);
        if let Reach::Open = reach {
            return;
        }
        let watched = group.watched.remove(place);
        if let Reach::Nobody = reach {
            self.fall_back(step, open, no, watched);
        }
        self.close_if_over(step, no);
    }

    /// A mail about a group may have been on its way for too long.
    pub fn stuck(&mut self, step: &mut Step<'_>, open: &mut Open, no: GroupNo) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        // Several may be, of which each has a deadline.
        let is_stuck = |watched: &mut Watched| watched.on_the_way.is_stuck(step.now);
        let mut stuck: VecDeque<Watched> = group.watched.extract_if(.., is_stuck).collect();
        while let Some(watched) = stuck.pop_front() {
            watched.forget(step);
            for later in &mut stuck {
                later.over.forget(&watched.over);
            }
            self.fall_back(step, open, no, watched);
        }
        self.close_if_over(step, no);
        self.settle(step, open);
    }

    /// Tells whoever stands in for the receiver of a group what it was to be told.
    fn fall_back(&mut self, step: &mut Step<'_>, open: &mut Open, no: GroupNo, watched: Watched) {
        let rules = step.rules;
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        // One end may be told by several mails that do not arrive.
        for later in &mut group.watched {
            later.over.forget(&watched.over);
        }
        let receiver = rules.receivers.get(group.receiver as usize);
        let Some(fallback) = receiver.and_then(|receiver| receiver.fallback) else {
            return;
        };
        step.counts.fallbacks += 1;
        let because = Because::Unreached {
            receiver: group.name.receiver.clone(),
        };
        let name = GroupName {
            receiver: rules.receivers[fallback].name.clone(),
            ..group.name.clone()
        };
        // Where the alert is in another group by now, the order of this one has to do.
        let route_of = |age: &AlertAge| group.members.get(age).map_or(group.route, |member| member.route);
        let burning: Vec<_> = watched.burning.iter().map(|age| (*age, route_of(age))).collect();
        let change = Change {
            at: step.now,
            at_once: true,
        };
        for (age, route) in burning {
            self.join_in_addition(step, open, age, name.clone(), route, because.clone());
        }
        let Some((route, first)) = watched.over.first() else {
            return;
        };
        let Some(no) = self.group_of(step, name, route, first.0) else {
            return;
        };
        if let Some(group) = self.groups.get_mut(&no) {
            group.ended.take_over(watched.over, change);
            self.wake(step, no, step.now);
        }
    }
}
