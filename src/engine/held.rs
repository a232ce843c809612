//! Held rules: a state that lasts. Each hold is weighed again whenever what its rule reads has changed; what leaves it as it was
//! changes nothing.

use std::{sync::Arc, time::Duration};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{
    deadlines::{Deadline, Subject, Timer},
    key::KeyOf,
    lifecycle::{AlertAge, AlertKey, Alerts, Match},
    meeting::{Occurrence, Place},
    received::Received,
    step::Step,
};
use crate::{
    model::{Evidence, Payload, ResolveReason, Time},
    rules::{
        Condition, Key, KeyField,
        expr::Memory,
        facts::{AtHand, Facts, Previous},
    },
};

/// A state that a rule watches and that has begun.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hold {
    /// Index of the rule.
    pub rule: u32,
    pub state: HoldState,
}

/// How far it has come.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum HoldState {
    /// It has not lasted long enough.
    Pending {
        deadline: Deadline,
        /// When it began.
        since: Time,
        /// The notification that began it; `None`: it had begun before the rule was loaded.
        evidence: Option<Arc<Evidence>>,
    },
    /// It has. The alert may be over by other means; it comes back only when the state has been false.
    Firing(AlertAge),
    /// It ended, but not for long enough to end the alert.
    Fading { alert: AlertAge, deadline: Deadline },
}

/// What makes holds be weighed.
pub(super) struct Cause<'a> {
    /// When it counts.
    pub at: Time,
    /// The notification; `None`: a new rule set.
    pub received: Option<&'a Received<'a>>,
}

/// Weighs rules for one subject, of which these are the facts, and says what turns: each rule whose state has begun or ended, or goes
/// on while how bad it is may have changed, with whether its state holds. Nothing changes before [`turn`]: the facts are those of the
/// occurrence that it changes.
pub(super) fn turns(
    step: &mut Step<'_>,
    occurrence: &Occurrence,
    subject: Subject,
    rules: impl Iterator<Item = u32>,
    facts: &Facts<'_>,
    memory: &Memory,
) -> Vec<(u32, bool)> {
    let begun = holds(occurrence, subject);
    let turns = rules
        .filter_map(|rule| {
            if !step.sees(rule) {
                return None;
            }
            *step.at_work = Some(rule);
            let compiled = &step.rules.rules[rule as usize];
            let Condition::Held { condition, .. } = &compiled.condition else {
                return None;
            };
            let holds_now = condition.still_holds(facts, memory);
            let state = begun.iter().find(|hold| hold.rule == rule).map(|hold| &hold.state);
            let is_turn = match state {
                None => holds_now,
                Some(HoldState::Pending { .. }) => !holds_now,
                Some(HoldState::Firing(_)) => !holds_now || !compiled.severity.cases.is_empty(),
                Some(HoldState::Fading { .. }) => holds_now,
            };
            is_turn.then_some((rule, holds_now))
        })
        .collect();
    *step.at_work = None;
    turns
}

/// Weighs one rule for one subject.
pub(super) fn weigh(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    subject: Subject,
    rule: u32,
    cause: &Cause<'_>,
) {
    let Some(facts) = facts(occurrence, subject, cause, step.now) else {
        return;
    };
    let turns = turns(
        step,
        occurrence,
        subject,
        [rule].into_iter(),
        &facts,
        &Memory::default(),
    );
    turn(step, alerts, occurrence, subject, turns, cause);
}

/// Takes those turns.
pub(super) fn turn(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    subject: Subject,
    turns: Vec<(u32, bool)>,
    cause: &Cause<'_>,
) {
    for (rule, holds_now) in turns {
        *step.at_work = Some(rule);
        turn_one(step, alerts, occurrence, subject, rule, holds_now, cause);
        *step.at_work = None;
    }
}

fn turn_one(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    subject: Subject,
    rule: u32,
    holds_now: bool,
    cause: &Cause<'_>,
) {
    let Condition::Held {
        for_, keep_firing_for, ..
    } = &step.rules.rules[rule as usize].condition
    else {
        return;
    };
    let Some(place) = position(occurrence, subject, rule) else {
        if holds_now {
            begin(step, alerts, occurrence, subject, rule, *for_, cause);
        }
        return;
    };
    let Some(hold) = holds_mut(occurrence, subject).and_then(|holds| holds.get_mut(place)) else {
        return;
    };
    match (&mut hold.state, holds_now) {
        (HoldState::Fading { alert, deadline }, true) => {
            step.deadlines.cancel(*deadline);
            hold.state = HoldState::Firing(*alert);
            weigh_severity(step, alerts, occurrence, subject, rule, cause);
        }
        (HoldState::Firing(_), true) => weigh_severity(step, alerts, occurrence, subject, rule, cause),
        (HoldState::Firing(alert), false) if !keep_firing_for.is_zero() => {
            let deadline = step
                .deadlines
                .set(cause.at.plus(*keep_firing_for), Timer::Hold { subject, rule });
            hold.state = HoldState::Fading {
                alert: *alert,
                deadline,
            };
        }
        (HoldState::Firing(alert), false) => {
            let alert = *alert;
            forget(occurrence, subject, place);
            alerts.resolve(step, alert, ResolveReason::Condition);
        }
        (HoldState::Pending { deadline, .. }, false) => {
            step.deadlines.cancel(*deadline);
            step.counts.rules[rule as usize].pending -= 1;
            forget(occurrence, subject, place);
        }
        (HoldState::Pending { .. }, true) | (HoldState::Fading { .. }, false) => {}
    }
}

/// Weighs how bad the alert of a state is that goes on.
pub(super) fn weigh_severity(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &Occurrence,
    subject: Subject,
    rule: u32,
    cause: &Cause<'_>,
) {
    if step.rules.rules[rule as usize].severity.cases.is_empty() {
        return;
    }
    let hold = holds(occurrence, subject).iter().find(|hold| hold.rule == rule);
    if let (Some(HoldState::Firing(alert)), Some(facts)) = (
        hold.map(|hold| &hold.state),
        facts(occurrence, subject, cause, step.now),
    ) {
        alerts.weighed(step, *alert, &facts);
    }
}

/// A hold has lasted as long as its rule asks, or has been gone as long as the rule keeps firing.
pub(super) fn due(step: &mut Step<'_>, alerts: &mut Alerts, occurrence: &mut Occurrence, subject: Subject, rule: u32) {
    let Some(place) = position(occurrence, subject, rule) else {
        return;
    };
    let Some(hold) = holds_mut(occurrence, subject).and_then(|holds| holds.get_mut(place)) else {
        return;
    };
    match &hold.state {
        HoldState::Pending { since, evidence, .. } => {
            let (since, evidence) = (*since, evidence.clone());
            step.counts.rules[rule as usize].pending -= 1;
            let alert = fire(step, alerts, occurrence, subject, rule, since, evidence);
            if let Some(hold) = holds_mut(occurrence, subject).and_then(|holds| holds.get_mut(place)) {
                hold.state = HoldState::Firing(alert);
            }
        }
        HoldState::Fading { alert, .. } => {
            let alert = *alert;
            forget(occurrence, subject, place);
            alerts.resolve(step, alert, ResolveReason::Condition);
        }
        HoldState::Firing(_) => {}
    }
}

/// Weighs how bad all alerts of states in an occurrence are.
pub(super) fn weigh_severities(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &Occurrence,
    place: Place,
    cause: &Cause<'_>,
) {
    for seat in (0..occurrence.seat_count()).map(Some).chain([None]) {
        let subject = Subject { place, seat };
        for hold in holds(occurrence, subject) {
            weigh_severity(step, alerts, occurrence, subject, hold.rule, cause);
        }
    }
}

/// Drops holds whose subject is gone, and hands back the alerts that they had fired.
pub(super) fn drop_all(step: &mut Step<'_>, holds: Vec<Hold>) -> Vec<AlertAge> {
    let mut fired = Vec::new();
    for hold in holds {
        match hold.state {
            HoldState::Pending { deadline, .. } => {
                step.deadlines.cancel(deadline);
                step.counts.rules[hold.rule as usize].pending -= 1;
            }
            HoldState::Fading { alert, deadline } => {
                step.deadlines.cancel(deadline);
                fired.push(alert);
            }
            HoldState::Firing(alert) => fired.push(alert),
        }
    }
    fired
}

/// Drops the holds of these rules, which watch no more; their alerts stay. A state whose alert somebody has ended meanwhile is kept: it
/// does not come back when they watch again.
pub(super) fn drop_of(step: &mut Step<'_>, alerts: &Alerts, holds: &mut Vec<Hold>, rules: &[u32]) {
    let is_over = |hold: &Hold| matches!(hold.state, HoldState::Firing(alert) if alerts.get(alert).is_none());
    let dropped = holds.extract_if(.., |hold| rules.contains(&hold.rule) && !is_over(hold));
    drop_all(step, dropped.collect());
}

/// Gives every rule its new index; holds of rules that are gone drop. Their timers do so by themselves.
pub(super) fn renumber(holds: &mut Vec<Hold>, kept: &[Option<u32>]) {
    holds.retain_mut(|hold| match kept.get(hold.rule as usize).copied().flatten() {
        Some(new) => {
            hold.rule = new;
            true
        }
        None => false,
    });
}

/// When a state will have lasted long enough, or been gone for long enough, if that is waited for.
pub(super) fn deadline(occurrence: &Occurrence, subject: Subject, rule: u32) -> Option<Deadline> {
    let hold = holds(occurrence, subject).iter().find(|hold| hold.rule == rule)?;
    match hold.state {
        HoldState::Pending { deadline, .. } | HoldState::Fading { deadline, .. } => Some(deadline),
        HoldState::Firing(_) => None,
    }
}

/// The key of a state, by its values: those of a participant, or of the meeting.
pub(super) fn key_values(key: &Key, occurrence: &Occurrence, seat: Option<u32>) -> impl Iterator<Item = CompactString> {
    let participant = seat.and_then(|seat| occurrence.participant(seat));
    key.fields.iter().map(move |field| match (field, participant) {
        (KeyField::PartyId, Some(participant)) => participant.known.party_id.clone(),
        _ => occurrence.billing_code.clone(),
    })
}

fn begin(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    subject: Subject,
    rule: u32,
    for_: Duration,
    cause: &Cause<'_>,
) {
    let evidence = cause.received.map(Received::evidence);
    let state = if for_.is_zero() {
        HoldState::Firing(fire(step, alerts, occurrence, subject, rule, cause.at, evidence))
    } else {
        step.counts.rules[rule as usize].pending += 1;
        let deadline = step.deadlines.set(cause.at.plus(for_), Timer::Hold { subject, rule });
        HoldState::Pending {
            deadline,
            since: cause.at,
            evidence,
        }
    };
    if let Some(holds) = holds_mut(occurrence, subject) {
        holds.push(Hold { rule, state });
    }
}

fn fire(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &Occurrence,
    subject: Subject,
    rule: u32,
    since: Time,
    evidence: Option<Arc<Evidence>>,
) -> AlertAge {
    let participant = subject.seat.and_then(|seat| occurrence.participant(seat));
    let values = key_values(&step.rules.rules[rule as usize].key, occurrence, subject.seat).collect();
    // The texts of a rule over the meeting may show the notification that began the state.
    let began = evidence.clone();
    let at_hand = match (participant, began.as_ref().map(|began| &began.payload)) {
        (Some(participant), _) => AtHand::Party(&participant.known),
        (None, Some(Payload::Conf(conf))) => AtHand::Conf(conf),
        (None, Some(Payload::Party(party))) => AtHand::Party(party),
        (None, None) => AtHand::Meeting(&occurrence.billing_code),
    };
    let facts = Facts {
        at_hand,
        previous: Previous::Nothing,
        meeting: &occurrence.facts,
        source: began.as_ref().map_or("", |began| &began.source),
        occurred_at: since,
        received_at: began.as_ref().map_or(since, |began| began.received_at),
    };
    let key = KeyOf {
        place: Some(subject.place),
        values,
    };
    alerts.matched(
        step,
        Match {
            about: AlertKey { rule, key },
            facts: &facts,
            at: since,
            evidence: evidence.into_iter().collect(),
        },
    )
}

/// What the expression of a state sees; `None` where the participant is gone.
pub(super) fn facts<'a>(
    occurrence: &'a Occurrence,
    subject: Subject,
    cause: &Cause<'a>,
    now: Time,
) -> Option<Facts<'a>> {
    let at_hand = match subject.seat {
        None => AtHand::Meeting(&occurrence.billing_code),
        Some(seat) => AtHand::Party(&occurrence.participant(seat)?.known),
    };
    Some(Facts {
        at_hand,
        previous: Previous::Nothing,
        meeting: &occurrence.facts,
        source: cause.received.map_or("", |received| &received.notification.source),
        occurred_at: cause.at,
        received_at: now,
    })
}

fn holds(occurrence: &Occurrence, subject: Subject) -> &[Hold] {
    match subject.seat {
        None => &occurrence.holds,
        Some(seat) => occurrence
            .participant(seat)
            .map_or(&[], |participant| &participant.holds),
    }
}

fn holds_mut(occurrence: &mut Occurrence, subject: Subject) -> Option<&mut Vec<Hold>> {
    match subject.seat {
        None => Some(&mut occurrence.holds),
        Some(seat) => occurrence
            .participant_mut(seat)
            .map(|participant| &mut participant.holds),
    }
}

fn position(occurrence: &Occurrence, subject: Subject, rule: u32) -> Option<usize> {
    holds(occurrence, subject).iter().position(|hold| hold.rule == rule)
}

fn forget(occurrence: &mut Occurrence, subject: Subject, place: usize) {
    if let Some(holds) = holds_mut(occurrence, subject) {
        holds.remove(place);
    }
}
