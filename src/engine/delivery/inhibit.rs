//! Alerts that hold back the mail of others while they burn. An alert that is held back so holds nothing back itself; of two that would
//! hold each other back the older one does.
//!
//! Each inhibition has its alerts by the values that source and target must share, so that an alert is compared with those alone that it
//! has to do with. Alerts come in by their age; what changes for one may change for others, which are weighed anew one by one, oldest
//! first.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::Delivery;
use crate::{
    engine::{
        lifecycle::{AlertAge, Open, OpenAlert},
        step::Step,
    },
    model::{Alert, AlertEventKind},
    rules::{RuleSet, facts::AlertFacts},
};

/// An inhibition, by its index, with the values that source and target share.
type Bond = (u32, Vec<CompactString>);

/// How often one alert may change sides before it is left as it is: three or more alerts that hold one another back in a ring would never
/// come to rest.
const MOST_CHANGES: u8 = 2;

/// Which alerts hold back which.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Inhibitions {
    bonds: BTreeMap<Bond, Sides>,
    of: BTreeMap<AlertAge, Roles>,
}

/// The alerts of a bond.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Sides {
    /// Sources that are not held back themselves.
    acting: BTreeSet<AlertAge>,
    targets: BTreeSet<AlertAge>,
}

/// What an alert is in which bonds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Roles {
    source_of: Vec<Bond>,
    target_of: Vec<Bond>,
}

impl Roles {
    fn of(rules: &RuleSet, alert: &Alert) -> Self {
        let facts = AlertFacts::of(alert);
        let mut roles = Self::default();
        for (index, inhibition) in (0u32..).zip(&rules.inhibitions) {
            let bond = || {
                let values = inhibition.equal.iter().map(|name| alert.value(name).into());
                (index, values.collect())
            };
            if inhibition.source.matches_alert(&facts) {
                roles.source_of.push(bond());
            }
            if inhibition.target.matches_alert(&facts) {
                roles.target_of.push(bond());
            }
        }
        roles
    }
}

impl Inhibitions {
    /// Takes an alert in.
    fn add(&mut self, age: AlertAge, roles: Roles) {
        for bond in &roles.target_of {
            self.bonds.entry(bond.clone()).or_default().targets.insert(age);
        }
        self.of.insert(age, roles);
    }

    /// Takes an alert out; hands back those that it may have held back.
    fn remove(&mut self, age: AlertAge) -> BTreeSet<AlertAge> {
        let mut freed = BTreeSet::new();
        let Some(roles) = self.of.remove(&age) else {
            return freed;
        };
        for bond in roles.source_of.iter().chain(&roles.target_of) {
            let Some(sides) = self.bonds.get_mut(bond) else {
                continue;
            };
            sides.targets.remove(&age);
            if sides.acting.remove(&age) {
                freed.extend(&sides.targets);
            }
            if sides.acting.is_empty() && sides.targets.is_empty() {
                self.bonds.remove(bond);
            }
        }
        freed.remove(&age);
        freed
    }

    /// The oldest alert that holds that one back.
    fn holder(&self, age: AlertAge) -> Option<AlertAge> {
        let bonds = self.of.get(&age)?.target_of.iter();
        let sides = bonds.filter_map(|bond| self.bonds.get(bond));
        let of_bond = |sides: &Sides| sides.acting.iter().copied().find(|source| *source != age);
        sides.filter_map(of_bond).min()
    }

    /// Lets a source act, or not; hands back the targets that this may concern.
    fn act(&mut self, age: AlertAge, acts: bool) -> BTreeSet<AlertAge> {
        let mut concerned = BTreeSet::new();
        let Some(roles) = self.of.get(&age) else {
            return concerned;
        };
        for bond in &roles.source_of {
            let sides = self.bonds.entry(bond.clone()).or_default();
            let has_changed = if acts {
                sides.acting.insert(age)
            } else {
                sides.acting.remove(&age)
            };
            if has_changed {
                concerned.extend(&sides.targets);
            }
        }
        concerned.remove(&age);
        concerned
    }
}

impl Delivery {
    /// Weighs anew what an open alert holds back, and what holds it back.
    pub(super) fn inhibit(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        if step.rules.inhibitions.is_empty() {
            return;
        }
        let Some(OpenAlert { alert, .. }) = open.get(&age) else {
            return;
        };
        let roles = Roles::of(step.rules, alert);
        if self.inhibitions.of.get(&age) == Some(&roles) {
            return;
        }
        let mut to_weigh = self.inhibitions.remove(age);
        self.inhibitions.add(age, roles);
        to_weigh.insert(age);
        self.weigh_all(step, open, to_weigh);
    }

    /// An alert is over: what it held back may be held back no more.
    pub(super) fn uninhibit(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        let freed = self.inhibitions.remove(age);
        self.weigh_all(step, open, freed);
    }

    /// A new rule set is in force: everything is weighed anew, in the order in which the alerts began.
    pub(super) fn reload_holds(&mut self, step: &mut Step<'_>, open: &mut Open, ages: &[AlertAge]) {
        for age in ages {
            self.weigh_silences(step, open, *age);
        }
        self.inhibitions = Inhibitions::default();
        let mut holders = BTreeMap::new();
        for age in ages {
            let Some(OpenAlert { alert, .. }) = open.get(age) else {
                continue;
            };
            self.inhibitions.add(*age, Roles::of(step.rules, alert));
            settle(&mut self.inhibitions, BTreeSet::from([*age]), &mut holders);
        }
        for age in ages {
            let holder = holders.get(age).copied().flatten();
            self.mark(step, open, *age, holder);
        }
    }

    fn weigh_all(&mut self, step: &mut Step<'_>, open: &mut Open, to_weigh: BTreeSet<AlertAge>) {
        let mut holders = BTreeMap::new();
        settle(&mut self.inhibitions, to_weigh, &mut holders);
        for (age, holder) in holders {
            self.mark(step, open, age, holder);
        }
    }

    fn mark(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge, holder: Option<AlertAge>) {
        let by = holder
            .and_then(|holder| open.get(&holder))
            .map(|holder| holder.alert.id);
        let Some(OpenAlert { alert, .. }) = open.get_mut(&age) else {
            return;
        };
        let before = std::mem::replace(&mut alert.inhibited_by, by);
        match (before, by) {
            (None, Some(_)) => step.say(AlertEventKind::Inhibited, alert),
            (Some(_), None) => {
                step.say(AlertEventKind::Uninhibited, alert);
                self.wake_groups_of(step, open, age);
            }
            _ => {}
        }
    }
}

/// Weighs alerts until nothing changes any more, and notes who holds back each that was looked at.
fn settle(
    inhibitions: &mut Inhibitions,
    mut to_weigh: BTreeSet<AlertAge>,
    holders: &mut BTreeMap<AlertAge, Option<AlertAge>>,
) {
    let mut changes: BTreeMap<AlertAge, u8> = BTreeMap::new();
    while let Some(age) = to_weigh.pop_first() {
        let holder = inhibitions.holder(age);
        let concerned = inhibitions.act(age, holder.is_none());
        holders.insert(age, holder);
        if concerned.is_empty() {
            continue;
        }
        let changed = changes.entry(age).or_default();
        *changed += 1;
        if *changed <= MOST_CHANGES {
            to_weigh.extend(concerned);
        }
    }
}
