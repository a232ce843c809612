//! What one notification sets off: the state of its meeting takes it in, the rules of events are shown it, and the states that it may
//! have changed are weighed. Which occurrence it belongs to is absent: that is `meetings`' to say.

use super::{
    deadlines::{Subject, Timer},
    events::{self, Shown},
    held::{self, Cause},
    lifecycle::Alerts,
    meeting::{Grace, Occurrence, Place},
    received::Received,
    step::Step,
    watch::Taken,
};
use crate::{
    model::{Party, Payload, ResolveReason, Time},
    rules::{expr::MeetingFields, facts::MeetingFacts, index::Watch},
};

/// A notification that says something new, of the participant who sits there: the state takes it in, and every rule that it can touch
/// sees it.
pub(super) fn apply(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    place: Place,
    seat: Option<u32>,
    received: &Received<'_>,
) {
    let before = occurrence.facts;
    let (previous, is_news) = match &received.notification.payload {
        Payload::Conf(conf) => {
            let previous = occurrence.previous_conf(conf);
            (previous, occurrence.note_conf(conf, received.at, received.order))
        }
        Payload::Party(party) => {
            let is_news = occurrence.note_party(party, seat, received.at, received.order);
            (occurrence.previous_party(seat), is_news)
        }
    };
    let facts = received.facts(previous, &occurrence.facts);
    let seen = step.look_at(received, Taken::News, place.occurrence, &facts);
    let shown = Shown::new(step.rules, place, received, &facts);
    events::show(step, alerts, &shown);

    if !is_news {
        step.counts.late += u64::from(!received.is_too_late);
        if let Payload::Party(party) = &received.notification.payload {
            occurrence.keep_late(party, seat);
        }
    } else if let Payload::Party(party) = &received.notification.payload {
        let seat = take_seat(step, alerts, occurrence, party, seat, received.order);
        weigh_participant(
            step,
            alerts,
            occurrence,
            Subject {
                place,
                seat: Some(seat),
            },
            received,
        );
    }
    weigh_meeting(step, alerts, occurrence, place, &before, received);
    // After all that a rule may wait for, which at the same instant still happens.
    let ended_at = occurrence.facts.ended_at;
    if let Some(ended_at) = ended_at.filter(|_| before.ended_at != ended_at) {
        let (at, timer) = (ended_at.plus(step.settings.grace), Timer::Grace(place));
        // It is the last end that counts, where one is told again.
        let deadline = match occurrence.grace {
            Grace::Running(deadline) => {
                step.deadlines.cancel(deadline);
                step.deadlines.set_aged(at, deadline.age(), timer)
            }
            Grace::NotEnded | Grace::Over => step.deadlines.set(at, timer),
        };
        occurrence.grace = Grace::Running(deadline);
    }
    step.show(seen.map(|seen| seen.taken_in(is_news, occurrence)));
}

/// A notification that says what the last one said: only that it was said.
pub(super) fn repeat(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &Occurrence,
    place: Place,
    seat: Option<u32>,
    received: &Received<'_>,
) {
    let previous = match &received.notification.payload {
        Payload::Conf(conf) => occurrence.previous_conf(conf),
        Payload::Party(_) => occurrence.previous_party(seat),
    };
    let facts = received.facts(previous, &occurrence.facts);
    let seen = step.look_at(received, Taken::Repeat, place.occurrence, &facts);
    step.show(seen);
    let shown = Shown::new(step.rules, place, received, &facts);
    events::repeat(step, alerts, &shown);
}

/// Seats the participant that a notification is about, if it does not sit yet; the longest idle one makes room where there are too
/// many.
fn take_seat(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    party: &Party,
    seat: Option<u32>,
    order: Time,
) -> u32 {
    let is_full = occurrence.participant_count() >= step.settings.participants_per_meeting.max(1) as usize;
    if is_full
        && seat.is_none()
        && let Some(gone) = occurrence.evict()
    {
        step.counts.participants_evicted += 1;
        for alert in held::drop_all(step, gone.holds) {
            alerts.resolve(step, alert, ResolveReason::Evicted);
        }
    }
    occurrence.seat(party, seat, order)
}

/// Weighs the rules over a participant that changed: those whose state has begun, and those that could hold now.
fn weigh_participant(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    subject: Subject,
    received: &Received<'_>,
) {
    let cause = Cause {
        at: received.at,
        received: Some(received),
    };
    let Some(facts) = held::facts(occurrence, subject, &cause, step.now) else {
        return;
    };
    let participant = subject.seat.and_then(|seat| occurrence.participant(seat));
    let begun = participant.map_or(&[][..], |participant| &participant.holds);
    let index = &step.rules.index;
    let cells = index.cells(&facts);
    let touched = index.held_party(&cells, &facts);
    if begun.is_empty() && touched.is_empty() {
        return;
    }
    let rules = begun.iter().rev().map(|hold| hold.rule).chain(touched);
    let turns = held::turns(step, occurrence, subject, rules, &facts, &index.memory(&cells));
    held::turn(step, alerts, occurrence, subject, turns, &cause);
}

/// Weighs the rules that read what has changed of the meeting: over the meeting, or over every participant in it.
fn weigh_meeting(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    place: Place,
    before: &MeetingFacts,
    received: &Received<'_>,
) {
    let changed = MeetingFields::changed(before, &occurrence.facts);
    // What nobody has changed yet may hold from the beginning.
    let is_new = occurrence.opened_sequence == received.sequence;
    if changed.is_empty() && !is_new {
        return;
    }
    let cause = Cause {
        at: received.at,
        received: Some(received),
    };
    let index = &step.rules.index;
    let concerned = |watch: &&Watch| is_new || watch.meeting.intersects(changed);
    let of_meeting = index.held_meeting().iter().filter(concerned).map(|watch| watch.rule);
    let subject = Subject { place, seat: None };
    if let Some(facts) = held::facts(occurrence, subject, &cause, step.now) {
        let memory = index.memory(&index.cells(&facts));
        let turns = held::turns(step, occurrence, subject, of_meeting, &facts, &memory);
        held::turn(step, alerts, occurrence, subject, turns, &cause);
    }
    for watch in index.held_party_by_meeting().iter().filter(concerned) {
        weigh_all(step, alerts, occurrence, place, watch.rule, &cause);
    }
}

/// Weighs one rule over all its subjects in an occurrence.
pub(super) fn weigh_all(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    place: Place,
    rule: u32,
    cause: &Cause<'_>,
) {
    if step.rules.rules[rule as usize].key.names_participant() {
        for seat in 0..occurrence.seat_count() {
            held::weigh(
                step,
                alerts,
                occurrence,
                Subject {
                    place,
                    seat: Some(seat),
                },
                rule,
                cause,
            );
        }
    } else {
        held::weigh(step, alerts, occurrence, Subject { place, seat: None }, rule, cause);
    }
}
