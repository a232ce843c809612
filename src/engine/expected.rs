//! *expected*: what should have followed did not. Of each key one expectation is open at a time; it outlives the occurrence that it is
//! about, and falls due then too.

use serde::{Deserialize, Serialize};

use super::{
    deadlines::{Deadline, Timer},
    events::Shown,
    key::KeyOf,
    keyed::{self, KeyPlace, State},
    lifecycle::{AlertKey, Alerts, Match},
    meetings::Meetings,
    step::Step,
    witness::Witness,
};
use crate::{
    model::{ResolveReason, Time},
    rules::{Expected, expr::Expr},
};

/// What is expected of a key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Expectation {
    pub deadline: Deadline,
    /// When what opened it happened: nothing earlier meets it or calls it off.
    since: Time,
    /// What opened it.
    pub after: Box<Witness>,
}

/// Opens an expectation, or ends those that the notification meets or calls off. What does both opens none, since it would be met at
/// the same instant.
pub(super) fn show(step: &mut Step<'_>, alerts: &mut Alerts, rule: u32, expected: &Expected, shown: &Shown<'_>) {
    let opens = shown.holds(&expected.after);
    // Most often what is expected happens while nobody waits for it.
    if !opens && step.keyed.count_of_rule(rule) == 0 {
        return;
    }
    let holds = |unless: &Expr| shown.holds(unless);
    if shown.holds(&expected.expect) || expected.unless.as_ref().is_some_and(holds) {
        end(step, rule, shown);
    } else if opens && let Some(key) = shown.key(step, rule) {
        let since = shown.received.at;
        keyed::touch(step, alerts, rule, &key, |deadlines, place| {
            State::Expected(Expectation {
                deadline: deadlines.set(since.plus(expected.within), Timer::Key(place)),
                since,
                after: Box::new(Witness::of(shown)),
            })
        });
    }
}

fn end(step: &mut Step<'_>, rule: u32, shown: &Shown<'_>) {
    let key = &step.rules.rules[rule as usize].key;
    for place in step.keyed.agreeing(rule, key, shown.place, shown.facts) {
        if let Some(State::Expected(expectation)) = step.keyed.get_mut(place)
            && expectation.since <= shown.received.at
        {
            keyed::remove(step, place);
        }
    }
}

/// Nothing met it in time.
pub(super) fn due(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    meetings: &Meetings,
    place: KeyPlace,
    key: KeyOf,
    expectation: Expectation,
) {
    let after = *expectation.after;
    let meeting = meetings.facts(after.place).unwrap_or(after.meeting);
    let is_over = key.place.is_some_and(|occurrence| !meetings.is_open(occurrence));
    let matched = Match {
        about: AlertKey { rule: place.rule, key },
        facts: &after.facts(&meeting),
        at: step.now,
        evidence: vec![after.evidence.clone()],
    };
    let alert = alerts.matched(step, matched);
    if is_over {
        alerts.resolve(step, alert, ResolveReason::MeetingClosed);
    }
}
