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
    events: Vec<u32>,
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

    /// The rules of events, that is, those that are not held, of which a notification could fulfil any expression, `resolve.when`
    /// included.
    pub fn events(&self, payload: &Payload) -> &[u32] {
        self.cell(payload).map_or(&[], |cell| &cell.events)
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
            let is_event = !matches!(rule.condition, Condition::Held { .. });
            if is_event && expressions(rule).any(|expression| expression.could_hold(&codes)) {
                cell.events.push(index);
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
        _ => None,
    }
}

fn expressions(rule: &Rule) -> impl Iterator<Item = &Expr> {
    rule.condition.expressions().into_iter().chain(&rule.resolve.when)
}

#[cfg(test)]
mod tests;
