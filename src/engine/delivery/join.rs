//! Putting an alert into a group, which may begin with it.

use super::{
    Delivery,
    group::{Change, Ended, Group, GroupName, GroupNo, Member},
};
use crate::engine::{
    lifecycle::{AlertAge, Open},
    outbox::Because,
    short_hash,
    step::Step,
};

impl Delivery {
    /// Puts an alert into the group that a route puts it into.
    pub(super) fn join_route(
        &mut self,
        step: &mut Step<'_>,
        open: &mut Open,
        age: AlertAge,
        place: usize,
        change: Change,
    ) {
        let (rules, Some(alert)) = (step.rules, open.get(&age)) else {
            return;
        };
        let route = &rules.routes[place];
        let Some(receiver) = route.receiver else {
            return;
        };
        let name = GroupName::of(route, &rules.receivers[receiver].name, &alert.alert);
        if self.group_for(&name.receiver, &alert.groups).is_some() {
            // Whoever several routes lead to is told by the first.
            return;
        }
        let member = Member::new(Because::Routed, change);
        self.join(step, open, age, name, u32::try_from(place).ok(), member);
    }

    /// That of some groups which is a receiver's.
    fn group_for(&self, receiver: &str, groups: &[GroupNo]) -> Option<&Group> {
        let mut groups = groups.iter().filter_map(|no| self.groups.get(no));
        groups.find(|group| group.name.receiver == receiver)
    }

    /// Tells a receiver of an alert in addition, at once: in the group in which it is told of that alert already, if there is one.
    pub(super) fn join_in_addition(
        &mut self,
        step: &mut Step<'_>,
        open: &mut Open,
        age: AlertAge,
        name: GroupName,
        route: Option<u32>,
        because: Because,
    ) {
        let groups = open.get(&age).map(|alert| alert.groups.as_slice()).unwrap_or_default();
        let known = self.group_for(&name.receiver, groups).map(|group| group.name.clone());
        let change = Change {
            at: step.now,
            at_once: true,
        };
        self.join(
            step,
            open,
            age,
            known.unwrap_or(name),
            route,
            Member::new(because, change),
        );
    }

    /// Puts an alert into a group. One that is there already is told of anew if that is to be at once.
    pub(super) fn join(
        &mut self,
        step: &mut Step<'_>,
        open: &mut Open,
        age: AlertAge,
        name: GroupName,
        route: Option<u32>,
        member: Member,
    ) {
        let Some(joining) = open.get_mut(&age) else {
            return;
        };
        let Some(no) = self.group_of(step, name, route, joining.alert.id.0) else {
            return;
        };
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        let change = member.change;
        if member.because == Because::Routed {
            // The pace of a group that no route led to any more was another's.
            group.route = group.route.filter(|_| group.is_routed()).into_iter().chain(route).min();
        }
        match group.members.get_mut(&age) {
            Some(known) => {
                known.leaves = false;
                if member.because != Because::Routed {
                    (known.because, known.change) = (member.because, change);
                }
            }
            None => {
                group.members.insert(age, member);
                joining.groups.push(no);
            }
        }
        let due = group.members[&age].change.map(|change| group.due(change, step.rules));
        if let Some(due) = due {
            self.wake(step, no, due);
        }
    }

    /// The group of that name, on that route if it is on none; `None` where there is no such receiver.
    pub(super) fn group_of(
        &mut self,
        step: &mut Step<'_>,
        name: GroupName,
        route: Option<u32>,
        first: u128,
    ) -> Option<GroupNo> {
        let receiver = step
            .rules
            .receivers
            .iter()
            .position(|known| known.name == name.receiver);
        let receiver = receiver.and_then(|receiver| u32::try_from(receiver).ok())?;
        let no = self.group_named(step, name, receiver, first);
        let group = self.groups.get_mut(&no)?;
        group.route = group.route.or(route);
        Some(no)
    }

    /// The group of that name. Where there are as many as there may be, one takes all that find no room, for each receiver.
    fn group_named(&mut self, step: &mut Step<'_>, mut name: GroupName, receiver: u32, first: u128) -> GroupNo {
        if let Some(no) = self.by_name.get(&name) {
            return *no;
        }
        if self.groups.len() >= step.settings.groups.max(1) as usize {
            step.counts.groups_full += 1;
            (name.names, name.values, name.alone) = (vec!["".into()], Vec::new(), None);
            if let Some(no) = self.by_name.get(&name) {
                return *no;
            }
        }
        let no = loop {
            let no = GroupNo(self.next_group);
            self.next_group = self.next_group.wrapping_add(1);
            if !self.groups.contains_key(&no) {
                break no;
            }
        };
        let group = Group {
            route: None,
            receiver,
            thread: thread(step, &name, first),
            members: Default::default(),
            ended: Ended::default(),
            told_at: None,
            notices: 0,
            threads: Default::default(),
            watched: Vec::new(),
            turn: None,
            name: name.clone(),
        };
        self.groups.insert(no, group);
        self.by_name.insert(name, no);
        no
    }
}

/// A hash of a group and of the alert that it began with: the same wherever the journal is replayed.
fn thread(step: &Step<'_>, name: &GroupName, first: u128) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&step.store.0).update(&first.to_be_bytes());
    let parts = [name.receiver.as_str()].into_iter();
    let names = name.names.iter().chain(&name.values).map(|part| part.as_str());
    for part in parts.chain(names) {
        hasher
            .update(&(part.len() as u64).to_be_bytes())
            .update(part.as_bytes());
    }
    short_hash(&hasher)
}
