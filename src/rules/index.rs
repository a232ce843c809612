//! Which rules a notification can touch. A table by the codes of a notification, made once a rule set: the cost of a notification
//! follows the rules that can match it, not the rules that there are. Whether a rule does match is absent: its expression says that.

mod distinct;

pub(super) use distinct::{Distinct, MAX_CODES};

use super::{
    Condition, KeyField, Rule,
    expr::{Codes, Expr, MeetingFields},
};
use crate::model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Payload};

/// The index over a rule set. Rules are told by their place in the set; those that are not enabled are in no list.
#[derive(Debug, Default)]
pub struct Index {
    distinct: Distinct,
    /// By [`Distinct::conf_cell`].
    conf: Vec<Cell>,
    /// By [`Distinct::party_cell`].
    party: Vec<Cell>,
    held_meeting: Vec<Watch>,
    held_party: Vec<Watch>,
}

/// The rules that one combination of codes can touch, ascending.
#[derive(Debug, Default)]
struct Cell {
    each: Vec<u32>,
    resolvers: Vec<u32>,
    held: Vec<u32>,
}

/// A held rule and what of the meeting it looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// The rule.
    pub rule: u32,
    /// The fields of `meeting` that its `while` and its `severity_if` read.
    pub meeting: MeetingFields,
}

impl Index {
    /// Indexes these rules.
    pub fn build(rules: &[Rule]) -> Self {
        let enabled = || (0u32..).zip(rules).filter(|(_, rule)| rule.enabled);
        let distinct = Distinct::of(enabled().flat_map(|(_, rule)| expressions(rule)));
        let cell = |codes: Codes| Cell::of(enabled(), codes);
        let watches = |party| {
            let watch = |(index, rule): (u32, &Rule)| {
                let cases = rule.severity.cases.iter().map(|(_, case)| case);
                let meeting = cases.fold(held(rule, party)?.reads().meeting, |meeting, case| {
                    meeting.with(case.reads().meeting)
                });
                Some(Watch { rule: index, meeting })
            };
            enabled().filter_map(watch).collect()
        };
        Self {
            conf: distinct.conf().map(cell).collect(),
            party: distinct.party().map(cell).collect(),
            held_meeting: watches(false),
            held_party: watches(true),
            distinct,
        }
    }

    /// The rules of the condition *each* that a notification could match.
    pub fn each(&self, payload: &Payload) -> &[u32] {
        self.cell(payload).map_or(&[], |cell| &cell.each)
    }

    /// The rules whose `resolve.when` a notification could match.
    pub fn resolvers(&self, payload: &Payload) -> &[u32] {
        self.cell(payload).map_or(&[], |cell| &cell.resolvers)
    }

    /// The held rules of participants whose state could be true for one with this status and reason. For all others it is false.
    pub fn held_party(&self, status: ParticipantStatus, reason: Option<DisconnectReason>) -> &[u32] {
        self.party_cell(status, reason).map_or(&[], |cell| &cell.held)
    }

    /// The held rules of meetings, ascending.
    pub fn held_meeting(&self) -> &[Watch] {
        &self.held_meeting
    }

    /// All held rules of participants, ascending; one that looks at nothing of the meeting has no fields.
    pub fn held_party_watches(&self) -> &[Watch] {
        &self.held_party
    }

    fn cell(&self, payload: &Payload) -> Option<&Cell> {
        match payload {
            Payload::Conf(conf) => self.conf_cell(conf.status),
            Payload::Party(Party {
                status,
                disconnect_reason,
                ..
            }) => self.party_cell(*status, *disconnect_reason),
        }
    }

    /// `None` only where there are no rules at all: an index by default.
    fn conf_cell(&self, status: ConferenceStatus) -> Option<&Cell> {
        self.conf.get(self.distinct.conf_cell(status))
    }

    fn party_cell(&self, status: ParticipantStatus, reason: Option<DisconnectReason>) -> Option<&Cell> {
        self.party.get(self.distinct.party_cell(status, reason))
    }
}

impl Cell {
    fn of<'r>(rules: impl Iterator<Item = (u32, &'r Rule)>, codes: Codes) -> Self {
        let mut cell = Self::default();
        for (index, rule) in rules {
            match &rule.condition {
                Condition::Each { when } if when.could_hold(&codes) => cell.each.push(index),
                Condition::Each { .. } | Condition::Held { .. } => {}
            }
            if rule.resolve.when.as_ref().is_some_and(|when| when.could_hold(&codes)) {
                cell.resolvers.push(index);
            }
            if held(rule, true).is_some_and(|condition| condition.could_hold(&codes)) {
                cell.held.push(index);
            }
        }
        cell
    }
}

/// The state that a rule watches, if it is one of participants or, otherwise, of meetings.
fn held(rule: &Rule, party: bool) -> Option<&Expr> {
    match &rule.condition {
        Condition::Held { condition, .. } if rule.key.fields.contains(&KeyField::PartyId) == party => Some(condition),
        Condition::Held { .. } | Condition::Each { .. } => None,
    }
}

fn expressions(rule: &Rule) -> impl Iterator<Item = &Expr> {
    let (Condition::Each { when: condition } | Condition::Held { condition, .. }) = &rule.condition;
    [condition].into_iter().chain(&rule.resolve.when)
}

#[cfg(test)]
mod tests;
