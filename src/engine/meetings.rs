//! All meetings: which occurrence of its billing code a notification belongs to, when occurrences open and close, and what each
//! notification sets off.

use std::collections::BTreeMap;

use compact_str::CompactString;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{
    deadlines::{Subject, Timer},
    held::{self, Cause},
    key,
    lifecycle::{Alerts, Match},
    meeting::{Grace, Occurrence, Place},
    recency::Recency,
    step::Step,
};
use crate::{
    model::{ConferenceStatus, Evidence, Notification, Party, Payload, ResolveReason, Time},
    rules::{
        Condition,
        expr::MeetingFields,
        facts::{AtHand, Facts, MeetingFacts, Previous},
    },
};

/// The meetings that are open, and a little of those that closed lately.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Meetings {
    slots: Vec<Option<Conference>>,
    free: Vec<u32>,
    recency: Recency,
    by_opening: BTreeMap<u64, u32>,
    #[serde(skip)]
    by_code: HashMap<CompactString, u32>,
}

/// What is kept for one billing code.
#[derive(Debug, Serialize, Deserialize)]
struct Conference {
    billing_code: CompactString,
    open: Option<Occurrence>,
    closed: Option<Closed>,
}

/// What is kept of a closed occurrence for as long as something late may belong to it.
#[derive(Debug, Serialize, Deserialize)]
struct Closed {
    occurrence: u64,
    facts: MeetingFacts,
    ended_at: Time,
}

/// A notification with the times that it counts at.
pub(super) struct Received {
    pub sequence: u64,
    pub notification: Notification,
    /// When it counts.
    pub at: Time,
    /// Where it stands in the order of what happened: an older one never overwrites newer state.
    pub order: Time,
    pub received_at: Time,
}

impl Received {
    pub fn evidence(&self) -> Evidence {
        Evidence {
            sequence: self.sequence,
            occurred_at: self.at,
            received_at: self.received_at,
            source: self.notification.source.clone(),
            payload: self.notification.payload.clone(),
        }
    }

    fn facts<'a>(&'a self, previous: Previous<'a>, meeting: &'a MeetingFacts) -> Facts<'a> {
        Facts {
            at_hand: match &self.notification.payload {
                Payload::Conf(conf) => AtHand::Conf(conf),
                Payload::Party(party) => AtHand::Party(party),
            },
            previous,
            meeting,
            source: &self.notification.source,
            occurred_at: self.at,
            received_at: self.received_at,
        }
    }
}

/// Which occurrence a notification belongs to.
enum Belongs {
    /// The open one.
    Open,
    /// The one before, which has closed.
    Closed,
    /// None yet: it opens the next, and closes the open one if there is one.
    Next,
}

impl Meetings {
    /// Takes a notification in: into the state of its meeting, and past every rule that it can touch.
    pub fn take(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, received: Received) {
        let slot = self.slot(received.notification.payload.billing_code());
        match self.belongs(step, slot, &received) {
            Belongs::Open => {}
            Belongs::Closed => return self.take_late(step, alerts, slot, &received),
            Belongs::Next => {
                self.close(step, alerts, slot, received.order, ResolveReason::MeetingClosed);
                self.open(step, alerts, slot, &received);
            }
        }
        self.recency.touch(slot);
        let Some(occurrence) = self.occurrence_mut(slot) else {
            return;
        };
        occurrence.heard_at = step.now;
        let place = Place {
            slot,
            occurrence: occurrence.opened_sequence,
        };
        if occurrence.repeats(&received.notification.payload) {
            step.counts.repeats += 1;
            see_repeat(step, alerts, occurrence, place, &received);
            return;
        }
        apply(step, alerts, occurrence, place, &received);
        if occurrence.grace == Grace::Over && occurrence.facts.present == 0 {
            self.close(step, alerts, slot, step.now, ResolveReason::MeetingClosed);
        }
    }

    /// A hold's time has come.
    pub fn hold_due(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, subject: Subject, rule: u32) {
        if let Some(occurrence) = self.at_mut(subject.place) {
            held::due(step, alerts, occurrence, subject, rule);
        }
    }

    /// The grace after an end is over.
    pub fn grace_over(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, place: Place) {
        let Some(occurrence) = self.at_mut(place) else {
            return;
        };
        occurrence.grace = Grace::Over;
        if occurrence.facts.present == 0 {
            self.close(step, alerts, place.slot, step.now, ResolveReason::MeetingClosed);
        }
    }

    /// A meeting may have been silent for too long.
    pub fn idle(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, place: Place) {
        let Some(occurrence) = self.at_mut(place) else {
            return;
        };
        let at = occurrence.heard_at.plus(step.settings.meeting_idle);
        if at > step.now {
            occurrence.idle = step.deadlines.set(at, Timer::Idle(place));
        } else {
            self.close(step, alerts, place.slot, step.now, ResolveReason::MeetingClosed);
        }
    }

    /// Nothing late can belong to a closed occurrence any more.
    pub fn forget(&mut self, place: Place) {
        let Some(conference) = self.slots.get_mut(place.slot as usize).and_then(Option::as_mut) else {
            return;
        };
        if conference
            .closed
            .as_ref()
            .is_some_and(|closed| closed.occurrence == place.occurrence)
        {
            conference.closed = None;
        }
        if conference.closed.is_none() && conference.open.is_none() {
            self.by_code.remove(&conference.billing_code);
            self.slots[place.slot as usize] = None;
            self.free.push(place.slot);
        }
    }

    /// A new rule set is in force: holds of kept rules go on under their new index, and the states that the `fresh` rules watch are
    /// weighed from now on.
    pub fn renumber(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, kept: &[Option<u32>], fresh: &[u32]) {
        for slot in self.by_opening.values().copied().collect::<Vec<_>>() {
            let Some(occurrence) = self.occurrence_mut(slot) else {
                continue;
            };
            let place = Place {
                slot,
                occurrence: occurrence.opened_sequence,
            };
            held::renumber(&mut occurrence.holds, kept);
            for seat in 0..occurrence.seat_count() {
                if let Some(participant) = occurrence.participant_mut(seat) {
                    held::renumber(&mut participant.holds, kept);
                }
            }
            let cause = Cause {
                at: step.now,
                received: None,
            };
            for &rule in fresh {
                weigh_all(step, alerts, occurrence, place, rule, &cause);
            }
        }
    }

    /// The open occurrences, in the order of their opening, from that sequence on.
    pub fn open_from(&self, sequence: u64) -> impl Iterator<Item = &Occurrence> {
        self.by_opening
            .range(sequence..)
            .filter_map(|(_, slot)| self.occurrence(*slot))
    }

    /// The open occurrence of a billing code.
    pub fn get(&self, billing_code: &str) -> Option<(Place, &Occurrence)> {
        let slot = *self.by_code.get(billing_code)?;
        let occurrence = self.occurrence(slot)?;
        Some((
            Place {
                slot,
                occurrence: occurrence.opened_sequence,
            },
            occurrence,
        ))
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.by_opening.len()
    }

    /// How many participants are known in them.
    pub fn participant_count(&self) -> usize {
        self.open_from(0).map(Occurrence::participant_count).sum()
    }

    /// Makes the indexes anew, which snapshots do not hold.
    pub fn reindex(&mut self) {
        self.by_code.clear();
        for (slot, conference) in (0u32..).zip(&mut self.slots) {
            let Some(conference) = conference else {
                continue;
            };
            self.by_code.insert(conference.billing_code.clone(), slot);
            if let Some(occurrence) = &mut conference.open {
                occurrence.reindex();
            }
        }
    }

    fn belongs(&self, step: &Step<'_>, slot: u32, received: &Received) -> Belongs {
        let Some(conference) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return Belongs::Next;
        };
        // Only what says when it happened can have happened before an end that has been heard of.
        let dated = received.notification.occurred_at.is_some();
        if dated
            && conference
                .closed
                .as_ref()
                .is_some_and(|closed| received.order <= closed.ended_at)
        {
            return Belongs::Closed;
        }
        let Some(open) = &conference.open else {
            return Belongs::Next;
        };
        let is_start = matches!(&received.notification.payload, Payload::Conf(conf) if conf.status == ConferenceStatus::MEETING_START);
        if !is_start {
            return Belongs::Open;
        }
        match open.facts.ended_at {
            Some(ended_at) if dated && received.order <= ended_at => Belongs::Open,
            Some(_) => Belongs::Next,
            None if !open.has_started() => Belongs::Open,
            None if open.facts.present > 0 || step.now < open.heard_at.plus(step.settings.restart_gap) => Belongs::Open,
            None => Belongs::Next,
        }
    }

    fn slot(&mut self, billing_code: &CompactString) -> u32 {
        if let Some(&slot) = self.by_code.get(billing_code) {
            return slot;
        }
        let conference = Some(Conference {
            billing_code: billing_code.clone(),
            open: None,
            closed: None,
        });
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = conference;
                slot
            }
            None => {
                self.slots.push(conference);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.by_code.insert(billing_code.clone(), slot);
        slot
    }

    fn open(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, slot: u32, received: &Received) {
        while self.by_opening.len() >= step.settings.meetings.max(1) as usize {
            let Some(oldest) = self.recency.oldest() else {
                break;
            };
            step.counts.meetings_evicted += 1;
            self.close(step, alerts, oldest, step.now, ResolveReason::Evicted);
        }
        let Some(conference) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let sequence = received.sequence;
        let idle = Timer::Idle(Place {
            slot,
            occurrence: sequence,
        });
        let idle = step.deadlines.set(step.now.plus(step.settings.meeting_idle), idle);
        conference.open = Some(Occurrence::new(
            conference.billing_code.clone(),
            sequence,
            step.now,
            idle,
        ));
        self.by_opening.insert(sequence, slot);
    }

    /// Closes the open occurrence, if there is one: its holds drop, its alerts end.
    fn close(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, slot: u32, at: Time, reason: ResolveReason) {
        let Some(conference) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let Some(mut occurrence) = conference.open.take() else {
            return;
        };
        let place = Place {
            slot,
            occurrence: occurrence.opened_sequence,
        };
        conference.closed = Some(Closed {
            occurrence: place.occurrence,
            facts: occurrence.facts,
            ended_at: occurrence.facts.ended_at.unwrap_or(at),
        });
        step.deadlines
            .set(step.now.plus(step.settings.lateness), Timer::Forget(place));
        step.deadlines.cancel(occurrence.idle);
        if let Grace::Running(deadline) = occurrence.grace {
            step.deadlines.cancel(deadline);
        }
        for holds in occurrence.take_holds() {
            held::drop_all(step, holds);
        }
        self.by_opening.remove(&place.occurrence);
        self.recency.remove(slot);
        alerts.close(step, place, reason);
    }

    /// Something happened before the end of an occurrence that has closed: the rules of events see it, and its alerts end at once.
    fn take_late(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, slot: u32, received: &Received) {
        step.counts.late += 1;
        let Some(closed) = self
            .slots
            .get(slot as usize)
            .and_then(Option::as_ref)
            .and_then(|conference| conference.closed.as_ref())
        else {
            return;
        };
        let place = Place {
            slot,
            occurrence: closed.occurrence,
        };
        let facts = received.facts(Previous::Nothing, &closed.facts);
        match_each(step, alerts, place, received, &facts);
        alerts.close(step, place, ResolveReason::MeetingClosed);
    }

    fn at_mut(&mut self, place: Place) -> Option<&mut Occurrence> {
        self.occurrence_mut(place.slot)
            .filter(|occurrence| occurrence.opened_sequence == place.occurrence)
    }

    fn occurrence(&self, slot: u32) -> Option<&Occurrence> {
        self.slots.get(slot as usize)?.as_ref()?.open.as_ref()
    }

    fn occurrence_mut(&mut self, slot: u32) -> Option<&mut Occurrence> {
        self.slots.get_mut(slot as usize)?.as_mut()?.open.as_mut()
    }
}

/// A notification that says something new: the state takes it in, and every rule that it can touch sees it.
fn apply(step: &mut Step<'_>, alerts: &mut Alerts, occurrence: &mut Occurrence, place: Place, received: &Received) {
    let before = occurrence.facts;
    let (previous_conf, is_news) = match &received.notification.payload {
        Payload::Conf(conf) => {
            let previous = occurrence.previous_conf(conf);
            (previous, occurrence.note_conf(conf, received.at, received.order))
        }
        Payload::Party(party) => (
            Previous::Nothing,
            occurrence.note_party(party, received.at, received.order),
        ),
    };
    let previous = match &received.notification.payload {
        Payload::Conf(_) => previous_conf,
        Payload::Party(party) => occurrence.previous_party(&party.party_id),
    };
    let facts = received.facts(previous, &occurrence.facts);
    for &rule in step.rules.index.resolvers(&received.notification.payload) {
        let when = step.rules.rules[rule as usize].resolve.when.as_ref();
        if when.is_some_and(|when| when.holds(&facts)) {
            alerts.resolve_agreeing(step, rule, place, &facts);
        }
    }
    match_each(step, alerts, place, received, &facts);

    if !is_news {
        step.counts.late += 1;
    } else if let Payload::Party(party) = &received.notification.payload {
        let seat = seat(step, alerts, occurrence, party, received.order);
        weigh_participant(
            step,
            alerts,
            occurrence,
            Subject {
                place,
                seat: Some(seat),
            },
            party,
            received,
        );
    }
    weigh_meeting(step, alerts, occurrence, place, &before, received);
    // After all that a rule may wait for, which at the same instant still happens.
    if occurrence.facts.ended && occurrence.grace == Grace::NotEnded {
        let deadline = step
            .deadlines
            .set(received.at.plus(step.settings.grace), Timer::Grace(place));
        occurrence.grace = Grace::Running(deadline);
    }
}

/// Matches the rules of single notifications.
fn match_each(step: &mut Step<'_>, alerts: &mut Alerts, place: Place, received: &Received, facts: &Facts<'_>) {
    for &rule in step.rules.index.each(&received.notification.payload) {
        let compiled = &step.rules.rules[rule as usize];
        let Condition::Each { when } = &compiled.condition else {
            continue;
        };
        if !when.holds(facts) {
            continue;
        }
        let Some(values) = key::values(&compiled.key, facts) else {
            step.counts.rules[rule as usize].keyless += 1;
            continue;
        };
        let place = compiled.key.names_meeting().then_some(place);
        let evidence = Some(received.evidence());
        alerts.matched(
            step,
            Match {
                rule,
                values,
                place,
                facts,
                at: received.at,
                evidence,
            },
        );
    }
}

/// A repeat is no match; but the alert that it would match has been seen.
fn see_repeat(step: &Step<'_>, alerts: &mut Alerts, occurrence: &Occurrence, place: Place, received: &Received) {
    let previous = match &received.notification.payload {
        Payload::Conf(conf) => occurrence.previous_conf(conf),
        Payload::Party(party) => occurrence.previous_party(&party.party_id),
    };
    let facts = received.facts(previous, &occurrence.facts);
    for &rule in step.rules.index.each(&received.notification.payload) {
        let compiled = &step.rules.rules[rule as usize];
        let Condition::Each { when } = &compiled.condition else {
            continue;
        };
        if let Some(values) = when.holds(&facts).then(|| key::values(&compiled.key, &facts)).flatten() {
            let place = compiled.key.names_meeting().then_some(place);
            alerts.seen(rule, place, values, received.at);
        }
    }
}

/// Seats the participant that a notification is about; the longest idle one makes room where there are too many.
fn seat(step: &mut Step<'_>, alerts: &mut Alerts, occurrence: &mut Occurrence, party: &Party, order: Time) -> u32 {
    let is_full = occurrence.participant_count() >= step.settings.participants_per_meeting.max(1) as usize;
    if is_full
        && occurrence.seat_of(&party.party_id).is_none()
        && let Some(gone) = occurrence.evict()
    {
        step.counts.participants_evicted += 1;
        for alert in held::drop_all(step, gone.holds) {
            alerts.resolve(step, alert, ResolveReason::Evicted);
        }
    }
    occurrence.seat(party, order)
}

/// Weighs the rules over a participant that changed: those whose state has begun, and those that could hold now.
fn weigh_participant(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    subject: Subject,
    party: &Party,
    received: &Received,
) {
    let cause = Cause {
        at: received.at,
        received: Some(received),
    };
    // Backwards, since weighing may take the hold out.
    let begun = subject
        .seat
        .and_then(|seat| occurrence.participant(seat))
        .map_or(0, |participant| participant.holds.len());
    for place in (0..begun).rev() {
        let hold = subject
            .seat
            .and_then(|seat| occurrence.participant(seat)?.holds.get(place));
        if let Some(rule) = hold.map(|hold| hold.rule) {
            held::weigh(step, alerts, occurrence, subject, rule, &cause);
        }
    }
    for &rule in step.rules.index.held_party(party.status, party.disconnect_reason) {
        held::weigh(step, alerts, occurrence, subject, rule, &cause);
    }
}

/// Weighs the rules that read what has changed of the meeting: over the meeting, or over every participant in it.
fn weigh_meeting(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    place: Place,
    before: &MeetingFacts,
    received: &Received,
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
    for watch in index.held_meeting().iter().chain(index.held_party_watches()) {
        if is_new || watch.meeting.intersects(changed) {
            weigh_all(step, alerts, occurrence, place, watch.rule, &cause);
        }
    }
}

/// Weighs one rule over all its subjects in an occurrence.
fn weigh_all(
    step: &mut Step<'_>,
    alerts: &mut Alerts,
    occurrence: &mut Occurrence,
    place: Place,
    rule: u32,
    cause: &Cause<'_>,
) {
    if held::is_of_participants(&step.rules.rules[rule as usize]) {
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
