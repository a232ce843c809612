//! Which rules a notification can touch: tables by codes and texts, made once a rule set. The cost of a notification follows the rules
//! that it can touch, not the rules that there are. Whether a rule does match is absent: its expression says that.

mod answers;
mod asked;
mod distinct;
mod reach;

pub use distinct::Cells;
pub(super) use distinct::{Distinct, MAX_CODES};
pub use reach::Touched;

use answers::Answers;
use reach::Reach;

use super::{
    Condition, Rule,
    expr::{Expr, MeetingFields, Memory, SharedParts},
    facts::Facts,
};

/// The index over a rule set. Rules are told by their place in the set; those that are not enabled are in no list.
#[derive(Debug, Default)]
pub struct Index {
    distinct: Distinct,
    /// Rules of events.
    events: Reach,
    /// Held rules of participants.
    held_party: Reach,
    /// Held rules of meetings.
    held_meeting: Vec<Watch>,
    /// Held rules of participants that look at the meeting, too.
    held_party_by_meeting: Vec<Watch>,
    answers: Answers,
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
        let events: Vec<(u32, Vec<&Expr>)> = enabled()
            .filter(|(_, rule)| !matches!(rule.condition, Condition::Held { .. }))
            .map(|(index, rule)| (index, expressions(rule).collect()))
            .collect();
        let held_party: Vec<(u32, Vec<&Expr>)> = enabled()
            .filter_map(|(index, rule)| Some((index, vec![held(rule, true)?])))
            .collect();
        let watches = |party| {
            let watch = move |(index, rule): (u32, &Rule)| {
                let cases = rule.severity.cases.iter().map(|(_, case)| case);
                let meeting = cases.fold(held(rule, party)?.reads().meeting, |meeting, case| {
                    meeting.with(case.reads().meeting)
                });
                Some(Watch { rule: index, meeting })
            };
            let watches = enabled().filter_map(watch);
            watches.filter(|watch| !watch.meeting.is_empty()).collect()
        };
        Self {
            events: Reach::of(&events, &distinct),
            held_party: Reach::of(&held_party, &distinct),
            held_meeting: watches(false),
            held_party_by_meeting: watches(true),
            answers: Answers::default(),
            distinct,
        }
    }

    /// Keeps what the codes answer of the parts that are remembered.
    pub fn answer(&mut self, parts: &SharedParts) {
        self.answers = Answers::of(parts, &self.distinct);
    }

    /// Where what is at hand stands in the tables.
    pub fn cells(&self, facts: &Facts<'_>) -> Cells {
        self.distinct.cells(facts)
    }

    /// What is known of it before anything is weighed.
    pub fn memory(&self, cells: &Cells) -> Memory {
        self.answers.to(cells).into()
    }

    /// The rules of events, that is, those that are not held, of which a notification could fulfil any expression, `resolve.when`
    /// included.
    pub fn events(&self, cells: &Cells, facts: &Facts<'_>) -> Touched<'_> {
        self.events.touched(cells, facts)
    }

    /// The held rules of participants whose state could be true for the one at hand. For all others it is false.
    pub fn held_party(&self, cells: &Cells, facts: &Facts<'_>) -> Touched<'_> {
        self.held_party.touched(cells, facts)
    }

    /// The held rules of meetings, ascending.
    pub fn held_meeting(&self) -> &[Watch] {
        &self.held_meeting
    }

    /// The held rules of participants that look at the meeting, too, ascending.
    pub fn held_party_by_meeting(&self) -> &[Watch] {
        &self.held_party_by_meeting
    }
}

/// The state that a rule watches, if it is one of participants or, otherwise, of meetings.
fn held(rule: &Rule, party: bool) -> Option<&Expr> {
    match &rule.condition {
        Condition::Held { condition, .. } if rule.key.names_participant() == party => Some(condition),
        _ => None,
    }
}

fn expressions(rule: &Rule) -> impl Iterator<Item = &Expr> {
    rule.condition.expressions().into_iter().chain(&rule.resolve.when)
}

#[cfg(test)]
mod tests;
