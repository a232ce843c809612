//! The one place where rules of events are shown a notification. What a condition makes of it is in its own file; states that are held
//! are absent, since they are weighed when what they read has changed.

use std::sync::Arc;

use super::{
    count, expected,
    key::KeyOf,
    keyed::{self, KeyPlace, State},
    lifecycle::{AlertKey, Alerts, Match},
    meeting::Place,
    meetings::Meetings,
    quiet, ratio,
    received::Received,
    sequence,
    step::Step,
};
use crate::{
    model::{Evidence, Time},
    rules::{
        Condition, Rule, RuleSet,
        expr::{Expr, Memory},
        facts::Facts,
        index::Cells,
    },
};

/// A notification as rules are shown it.
pub(super) struct Shown<'a> {
    /// The occurrence that it belongs to, which may have closed.
    pub place: Place,
    pub received: &'a Received<'a>,
    pub facts: &'a Facts<'a>,
    cells: Cells,
    /// What has been weighed of it.
    memory: Memory,
}

impl<'a> Shown<'a> {
    pub fn new(rules: &RuleSet, place: Place, received: &'a Received<'a>, facts: &'a Facts<'a>) -> Self {
        let cells = rules.index.cells(facts);
        Self {
            place,
            received,
            facts,
            memory: rules.index.memory(&cells),
            cells,
        }
    }

    /// Whether an expression of a rule of events certainly holds.
    pub fn holds(&self, expression: &Expr) -> bool {
        expression.still_holds(self.facts, &self.memory)
    }

    /// What it is about for that rule. Where a part of the key is missing, that is counted.
    pub fn key(&self, step: &mut Step<'_>, rule: u32) -> Option<KeyOf> {
        let key = KeyOf::of(&step.rules.rules[rule as usize].key, self.place, self.facts);
        if key.is_none() {
            step.counts.rules[rule as usize].keyless += 1;
        }
        key
    }

    /// A match of that rule.
    pub fn matched(&self, rule: u32, key: KeyOf, at: Time, evidence: Vec<Arc<Evidence>>) -> Match<'a> {
        Match {
            about: AlertKey { rule, key },
            facts: self.facts,
            at,
            evidence,
        }
    }
}

/// Shows a notification to every rule that it can touch.
pub(super) fn show(step: &mut Step<'_>, alerts: &mut Alerts, shown: &Shown<'_>) {
    let rules = step.rules;
    for rule in rules.index.events(&shown.cells, shown.facts) {
        if step.sees(rule) {
            *step.at_work = Some(rule);
            show_to(step, alerts, rule, &rules.rules[rule as usize], shown);
        }
    }
    *step.at_work = None;
}

fn show_to(step: &mut Step<'_>, alerts: &mut Alerts, rule: u32, compiled: &Rule, shown: &Shown<'_>) {
    #[cfg(test)]
    assert_ne!(compiled.name, super::POISON, "what the tests make the engine fail on");
    // Asked only where there is something to end: that is cheaper to know.
    if let Some(when) = &compiled.resolve.when
        && alerts.count_of_rule(rule) > 0
        && shown.holds(when)
    {
        alerts.resolve_agreeing(step, rule, shown.place, shown.facts);
    }
    match &compiled.condition {
        Condition::Each { when } => {
            if shown.holds(when)
                && let Some(key) = shown.key(step, rule)
            {
                let evidence = vec![shown.received.evidence()];
                alerts.matched(step, shown.matched(rule, key, shown.received.at, evidence));
            }
        }
        Condition::Count(count) => count::show(step, alerts, rule, count, shown),
        Condition::Ratio(ratio) => ratio::show(step, alerts, rule, ratio, shown),
        Condition::Expected(expected) => expected::show(step, alerts, rule, expected, shown),
        Condition::Sequence(sequence) => sequence::show(step, alerts, rule, sequence, shown),
        Condition::Quiet(quiet) => quiet::show(step, alerts, rule, quiet, shown),
        Condition::Held { .. } => {}
    }
}

/// What a rule waits for at a key has not come.
pub(super) fn due(step: &mut Step<'_>, alerts: &mut Alerts, meetings: &Meetings, place: KeyPlace) {
    if let Some(State::Quiet(_)) = step.keyed.get_mut(place) {
        quiet::due(step, alerts, meetings, place);
    } else if let Some((key, State::Expected(expectation))) = keyed::remove(step, place) {
        expected::due(step, alerts, meetings, place, key, expectation);
    }
}

/// A repeat is no match, but it is not quiet then, and the alert of what it repeats has been seen.
pub(super) fn repeat(step: &mut Step<'_>, alerts: &mut Alerts, shown: &Shown<'_>) {
    let rules = step.rules;
    for rule in rules.index.events(&shown.cells, shown.facts) {
        if !step.sees(rule) {
            continue;
        }
        let compiled = &rules.rules[rule as usize];
        let is_seen = match &compiled.condition {
            Condition::Each { when } => shown.holds(when),
            Condition::Count(count) => shown.holds(&count.when),
            Condition::Ratio(ratio) => shown.holds(&ratio.of) && shown.holds(&ratio.when),
            Condition::Sequence(sequence) => sequence.steps.last().is_some_and(|last| shown.holds(last)),
            Condition::Held { .. } | Condition::Expected(_) => false,
            Condition::Quiet(quiet) => {
                quiet::show(step, alerts, rule, quiet, shown);
                false
            }
        };
        let key = || KeyOf::of(&compiled.key, shown.place, shown.facts);
        if let Some(key) = is_seen.then(key).flatten() {
            alerts.seen(rule, key, shown.received.at);
        }
    }
}
