//! Routes weighed anew: an alert has become worse, or a new rule set is in force. Whoever was told is told no second time, whoever is new
//! is told at the group's next turn, and whoever no route leads to any more is told of the end alone.

use super::{
    Delivery,
    group::{Change, Group, GroupName, GroupNo, Member},
    post,
};
use crate::{
    engine::{
        lifecycle::{AlertAge, Open, OpenAlert},
        outbox::{AlertList, Because, Told},
        step::Step,
    },
    model::Severity,
};

impl Delivery {
    /// Puts an open alert where its routes lead now.
    pub(super) fn reroute(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        let Some(OpenAlert { alert, groups, .. }) = open.get(&age) else {
            return;
        };
        let (rules, before) = (step.rules, groups.clone());
        let mut wanted: Vec<(GroupName, u32)> = Vec::new();
        for place in rules.routes_of(alert) {
            let route = &rules.routes[place];
            let (Some(receiver), Ok(place)) = (route.receiver, u32::try_from(place)) else {
                continue;
            };
            let name = GroupName::of(route, &rules.receivers[receiver].name, alert);
            // Whoever several routes lead to is told by the first.
            if wanted.iter().all(|(known, _)| known.receiver != name.receiver) {
                wanted.push((name, place));
            }
        }
        let is_wanted = |group: &Group| wanted.iter().any(|(name, _)| *name == group.name);
        let mut left: Vec<GroupNo> = before;
        left.retain(|no| self.groups.get(no).is_some_and(|group| !is_wanted(group)));
        for (name, place) in wanted {
            let member = self.taken_along(step, open, age, &name, &mut left);
            let member = member.unwrap_or(Member::new(
                Because::Routed,
                Change {
                    at: step.now,
                    at_once: false,
                },
            ));
            self.join(step, open, age, name, Some(place), member);
        }
        for no in left {
            self.leave(step, open, age, no);
        }
    }

    /// What a group that the alert leaves for another one of the same receiver knows of it.
    fn taken_along(
        &mut self,
        step: &mut Step<'_>,
        open: &mut Open,
        age: AlertAge,
        to: &GroupName,
        left: &mut Vec<GroupNo>,
    ) -> Option<Member> {
        if self
            .by_name
            .get(to)
            .is_some_and(|no| self.groups[no].members.contains_key(&age))
        {
            return None;
        }
        let place = left.iter().position(|no| {
            let group = &self.groups[no];
            group.name.receiver == to.receiver && group.members.contains_key(&age)
        })?;
        let no = left.remove(place);
        let member = self.groups.get_mut(&no)?.members.remove(&age)?;
        if let Some(alert) = open.get_mut(&age) {
            alert.groups.retain(|known| *known != no);
        }
        self.close_if_over(step, no);
        Some(Member {
            leaves: false,
            ..member
        })
    }

    /// No route leads from an alert to a group any more.
    fn leave(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge, no: GroupNo) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let Some(member) = group
            .members
            .get_mut(&age)
            .filter(|member| member.because == Because::Routed)
        else {
            return;
        };
        if member.told.is_some() {
            (member.leaves, member.change) = (true, None);
            return;
        }
        group.members.remove(&age);
        if let Some(alert) = open.get_mut(&age) {
            alert.groups.retain(|known| *known != no);
        }
        self.close_if_over(step, no);
    }

    /// A new rule set is in force, and the alerts that it ended are gone.
    pub fn reload(&mut self, step: &mut Step<'_>, open: &mut Open) {
        self.find_receivers(step, open);
        for group in self.groups.values_mut() {
            group.route = None;
        }
        let ages: Vec<AlertAge> = open.keys().copied().collect();
        self.reload_holds(step, open, &ages);
        for age in &ages {
            self.reroute(step, open, *age);
        }
        self.find_routes(step, open);
        self.desks.reload(step);
        for no in self.groups.keys().copied().collect::<Vec<_>>() {
            if let Some(turn) = self.groups.get_mut(&no).and_then(|group| group.turn.take()) {
                step.deadlines.cancel(turn);
            }
            self.set_turn(step, open, no);
            self.close_if_over(step, no);
        }
        self.tell_ended_by_reload(step);
        self.settle(step, open);
    }

    /// Groups keep their receivers by name; those whose receiver is gone are gone.
    fn find_receivers(&mut self, step: &mut Step<'_>, open: &mut Open) {
        let mut gone = Vec::new();
        for (no, group) in &mut self.groups {
            let place = step
                .rules
                .receivers
                .iter()
                .position(|known| known.name == group.name.receiver);
            match place.and_then(|place| u32::try_from(place).ok()) {
                Some(place) => group.receiver = place,
                None => gone.push(*no),
            }
        }
        for no in gone {
            let Some(group) = self.groups.remove(&no) else {
                continue;
            };
            self.by_name.remove(&group.name);
            for deadline in group.watched.iter().map(super::reach::Watched::stuck).chain(group.turn) {
                step.deadlines.cancel(deadline);
            }
            for age in group.members.keys() {
                if let Some(alert) = open.get_mut(age) {
                    alert.groups.retain(|known| *known != no);
                }
            }
        }
    }

    /// A group that only those are in who were told in addition goes by the pace of the first alert's first route.
    fn find_routes(&mut self, step: &Step<'_>, open: &Open) {
        for group in self.groups.values_mut().filter(|group| group.route.is_none()) {
            let alerts = group.members.keys().filter_map(|age| open.get(age));
            let routes = alerts.filter_map(|open| step.rules.routes_of(&open.alert).first().copied());
            group.route = routes.min().and_then(|route| u32::try_from(route).ok());
        }
    }

    /// Tells each receiver in one mail which of the alerts that it was told of the reload has ended.
    fn tell_ended_by_reload(&mut self, step: &mut Step<'_>) {
        let mut ended = std::mem::take(&mut self.ended_by_reload);
        for receiver in &step.rules.receivers {
            let Some(of_receiver) = ended.remove(&receiver.name) else {
                continue;
            };
            let mut alerts = AlertList::default();
            for alert in of_receiver.values() {
                alerts.add(super::news::Kind::Resolved, alert);
            }
            alerts.abridge();
            let severity = of_receiver.values().map(|alert| alert.severity).max();
            self.desks.tells(receiver, of_receiver.keys().copied(), step.now);
            let told = Told::RulesChanged(alerts);
            post::put_alone(
                &mut self.outbox,
                step,
                receiver,
                severity.unwrap_or(Severity::Info),
                told,
            );
        }
    }
}
