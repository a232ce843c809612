//! Why an alert did not fire in a test: what its rule last saw, part for part.

use std::sync::Arc;

use super::{Failure, Script, world::World};
use crate::{
    engine::{Seen, Taken, input::Settings},
    model::{AlertEventKind, Party, Payload},
    rules::{
        Rule, RuleSet,
        expr::{Expr, Schema},
        file::{Expected, duration::written},
    },
};

/// How many parts of an expression are shown.
const PARTS: usize = 24;

/// Adds to a failure what the rule last saw before its alert should have fired.
pub(super) fn by_the_rule(rules: &Arc<RuleSet>, script: &Script, mut failure: Box<Failure>) -> Box<Failure> {
    let missing = failure.missing.and_then(|missing| script.expect.get(missing));
    let Some(expected) = missing.filter(|expected| expected.kind == AlertEventKind::Fired) else {
        return failure;
    };
    let Some(rule) = rules.named(&expected.alert.rule.value) else {
        return failure;
    };
    let mut world = World::new(script.start, Settings::default(), rules).watched();
    world.play(script);
    let until = script.start.plus(expected.at);
    world
        .seen
        .retain(|seen| seen.taken != Taken::Repeat && seen.received_at <= until && is_of_the_meeting(seen, expected));
    let mut shown: Vec<&Expr> = Vec::new();
    for (place, expr) in rule.named_expressions() {
        let Some((seen, lines)) = last_look(rule, expr, &world.seen, expected) else {
            continue;
        };
        if lines.is_empty() || shown.contains(&expr) {
            continue;
        }
        shown.push(expr);
        let at = written(seen.received_at - script.start);
        failure.saw.push(format!("what `{}` saw at {at}, {place}:", rule.name));
        failure
            .saw
            .extend(lines.into_iter().take(PARTS).map(|line| format!("  {line}")));
    }
    failure
}

/// The last notification, or the last change of a state, with what the parts of the expression came to. A test is its author's own, and
/// shows what it says.
fn last_look<'s>(rule: &Rule, expr: &Expr, seen: &'s [Seen], expected: &Expected) -> Option<(&'s Seen, Vec<String>)> {
    let of_the_participant = |seen: &&Seen| is_of_the_participant(seen, expected);
    let (last, facts) = match expr.schema() {
        Schema::State if rule.key.names_participant() => {
            let known: Option<&Party> = seen.iter().rfind(of_the_participant)?.participant.as_ref();
            let last = seen.last()?;
            (last, last.state_of(known))
        }
        Schema::State => seen.last().map(|last| (last, last.state_of(None)))?,
        Schema::Notification | Schema::Alert => {
            seen.iter().rfind(of_the_participant).map(|last| (last, last.facts()))?
        }
    };
    Some((last, expr.trace(&facts).lines(true)))
}

/// Whether it is of the meeting that the alert is about, if its key names one.
fn is_of_the_meeting(seen: &Seen, expected: &Expected) -> bool {
    let code = seen.notification.payload.billing_code();
    expected
        .alert
        .key
        .iter()
        .all(|(name, value)| name != "billing_code" || value == code)
}

/// Whether it is of the participant that the alert is about, if its key names one.
fn is_of_the_participant(seen: &Seen, expected: &Expected) -> bool {
    let is_it = |id: &str| match &seen.notification.payload {
        Payload::Party(party) => party.party_id == id,
        Payload::Conf(_) => false,
    };
    expected
        .alert
        .key
        .iter()
        .all(|(name, value)| name != "party_id" || is_it(value))
}
