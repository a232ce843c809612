//! Putting an alert into a group, which may begin with it.

use super::{
    Delivery,
    ended::Ended,
    group::{Change, Group, GroupName, GroupNo, Member},
};
use crate::engine::{
    lifecycle::{AlertAge, Open},
    outbox::Because,
    short_hash,
    step::Step,
};

impl Delivery {
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
        let member = Member::new(route, because, change);
        self.join(step, open, age, known.unwrap_or(name), member);
    }

    /// Puts an alert into a group. One that is there already goes by the route that leads there now, or is told of anew.
    pub(super) fn join(
        &mut self,
        step: &mut Step<'_>,
        open: &mut Open,
        age: AlertAge,
        name: GroupName,
        member: Member,
    ) {
        let Some(joining) = open.get_mut(&age) else {
            return;
        };
        let Some(no) = self.group_of(step, name, member.route, joining.alert.id.0) else {
            return;
        };
        let Some(group) = self.groups.get_mut(&no) else {
            return;
        };
        match group.members.get_mut(&age) {
            Some(known) => known.join_again(member),
            None => {
                group.members.insert(age, member);
                joining.groups.push(no);
            }
        }
        let member = &group.members[&age];
        if let Some(change) = member.change {
            let due = group.due(change, member.route, step.rules);
            self.wake(step, no, due);
        }
    }

    /// The group of that name, which comes no later in the order of mails than that route; `None` where there is no such receiver.
    pub(super) fn group_of(
        &mut self,
        step: &mut Step<'_>,
        name: GroupName,
        route: Option<u32>,
        first: u128,
    ) -> Option<GroupNo> {
        let receiver = u32::try_from(step.rules.receiver_index(&name.receiver)?).ok()?;
        let no = self.group_named(step, name, receiver, first);
        let group = self.groups.get_mut(&no)?;
        group.route = group.route.into_iter().chain(route).min();
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
            thread: thread(step, &name, first, no),
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

/// A hash of a group, the same wherever the journal is replayed. Its number tells it from one of its name that began with the same alert.
fn thread(step: &Step<'_>, name: &GroupName, first: u128, no: GroupNo) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&step.store.0)
        .update(&first.to_be_bytes())
        .update(&no.0.to_be_bytes());
    let parts = [name.receiver.as_str()].into_iter();
    let names = name.names.iter().chain(&name.values).map(|part| part.as_str());
    for part in parts.chain(names) {
        hasher
            .update(&(part.len() as u64).to_be_bytes())
            .update(part.as_bytes());
    }
    short_hash(&hasher)
}
