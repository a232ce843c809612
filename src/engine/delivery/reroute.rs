//! Routes weighed anew: an alert has become worse, or a new rule set is in force. Whoever was told is told no second time, whoever is new
//! is told at the group's next turn, and whoever no route leads to any more is told of the end alone.

use super::{
    Delivery,
    group::{Change, Group, GroupName, GroupNo, Member},
    news::{Item, Kind},
    post,
};
use crate::{
    engine::{
        lifecycle::{AlertAge, Open, OpenAlert},
        outbox::{AlertList, Because, Told},
        step::Step,
    },
    model::{Alert, Severity},
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
            if let (Some(receiver), Ok(place)) = (route.receiver, u32::try_from(place)) {
                wanted.push((GroupName::of(route, &rules.receivers[receiver].name, alert), place));
            }
        }
        let is_wanted = |group: &Group| wanted.iter().any(|(name, _)| *name == group.name);
        let mut left: Vec<GroupNo> = before;
        left.retain(|no| self.groups.get(no).is_some_and(|group| !is_wanted(group)));
        let change = Change {
            at: step.now,
            at_once: false,
        };
        for (name, place) in wanted {
            let mut member = Member::new(Some(place), Because::Routed, change);
            if let Some(known) = self.taken_along(step, open, age, &name, &mut left) {
                member = Member {
                    route: member.route,
                    is_routed: true,
                    leaves: false,
                    ..known
                };
            }
            self.join(step, open, age, name, member);
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
        Some(member)
    }

    /// No route leads from an alert to a group any more.
    fn leave(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge, no: GroupNo) {
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let Some(member) = group.members.get_mut(&age) else {
            return;
        };
        if !std::mem::take(&mut member.is_routed) || member.because != Because::Routed {
            // Whoever was told in addition stays.
            return;
        }
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
            group.forget_routes();
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
            let place = step.rules.receiver_index(&group.name.receiver);
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
            group.watched.iter().for_each(|watched| watched.forget(step));
            if let Some(turn) = group.turn {
                step.deadlines.cancel(turn);
            }
            for age in group.members.keys() {
                if let Some(alert) = open.get_mut(age) {
                    alert.groups.retain(|known| *known != no);
                }
            }
        }
    }

    /// What is in a group that no route leads it to goes by the first of its routes: of those that lead to the receiver, if there is one.
    fn find_routes(&mut self, step: &Step<'_>, open: &Open) {
        let rules = step.rules;
        for group in self.groups.values_mut() {
            let receiver = group.receiver as usize;
            let route_of = |alert: &Alert| {
                let routes = rules.routes_of(alert);
                let mut to_receiver = routes
                    .iter()
                    .filter(|route| rules.routes[**route].receiver == Some(receiver));
                let route = to_receiver.next().or(routes.first())?;
                u32::try_from(*route).ok()
            };
            for (age, member) in group.members.iter_mut().filter(|(_, member)| member.route.is_none()) {
                member.route = open.get(age).and_then(|open| route_of(&open.alert));
            }
            group.ended.find_routes(route_of);
            group
                .watched
                .iter_mut()
                .for_each(|watched| watched.find_routes(route_of));
            let of_members = group.members.values().filter_map(|member| member.route);
            group.route = of_members.chain(group.ended.routes()).min();
        }
    }

    /// Tells each receiver in one mail which of the alerts that it was told of the reload has ended.
    fn tell_ended_by_reload(&mut self, step: &mut Step<'_>) {
        let mut ended = std::mem::take(&mut self.ended_by_reload);
        for receiver in &step.rules.receivers {
            let Some(of_receiver) = ended.remove(&receiver.name) else {
                continue;
            };
            let item = |(age, alert): (&AlertAge, _)| Item {
                age: *age,
                kind: Kind::Resolved,
                has_risen: false,
                alert,
            };
            let alerts = AlertList::of(of_receiver.iter().map(item).collect());
            let severity = of_receiver.values().map(|alert| alert.severity).max();
            self.desks.tells(step, receiver, of_receiver.keys().copied());
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
