//! All meetings: which occurrence of its billing code a notification belongs to, and when occurrences open and close. What a
//! notification sets off there is absent: that is `news`.

use std::{collections::BTreeMap, time::Duration};

use compact_str::CompactString;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{
    deadlines::{Subject, Timer},
    events::{self, Shown},
    held::{self, Cause},
    keyed,
    lifecycle::Alerts,
    meeting::{Grace, Occurrence, Place, TimelineEntry},
    news,
    received::Received,
    recency::Recency,
    step::Step,
    watch::Taken,
};
use crate::{
    model::{ConferenceStatus, Payload, ResolveReason, Time},
    rules::facts::{MeetingFacts, Previous},
};

/// How much of a meeting's timeline a mail tells.
const RECENT: usize = 20;

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
    pub fn take(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, received: &Received<'_>) {
        let slot = self.slot(received.notification.payload.billing_code());
        match self.belongs(step, slot, received) {
            Belongs::Open => {}
            Belongs::Closed => return self.take_late(step, alerts, slot, received),
            Belongs::Next => {
                self.close(step, alerts, slot, received.order, ResolveReason::MeetingClosed);
                self.open(step, alerts, slot, received);
            }
        }
        self.recency.touch(slot);
        let Some(occurrence) = self.occurrence_mut(slot) else {
            return;
        };
        occurrence.heard_at = step.now;
        occurrence.heard_age = step.deadlines.age();
        let place = Place {
            slot,
            occurrence: occurrence.opened_sequence,
        };
        let seat = occurrence.seat_of(&received.notification.payload);
        if occurrence.repeats(&received.notification.payload, seat, received.order) {
            step.counts.repeats += 1;
            occurrence.confirm(&received.notification.payload, seat, received.order);
            news::repeat(step, alerts, occurrence, place, seat, received);
            return;
        }
        news::apply(step, alerts, occurrence, place, seat, received);
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
        if at > occurrence.idle.at() {
            occurrence.idle = step.deadlines.set_aged(at, occurrence.heard_age, Timer::Idle(place));
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

    /// A new rule set is in force: holds of kept rules go on under their new index, and how bad their alerts are is weighed.
    pub fn renumber(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, kept: &[Option<u32>]) {
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
            held::weigh_severities(step, alerts, occurrence, place, &cause);
        }
    }

    /// Weighs the states that these rules watch, which begin now if they are there.
    pub fn weigh_from_now(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, rules: &[u32]) {
        let cause = Cause {
            at: step.now,
            received: None,
        };
        for slot in self.by_opening.values().copied().collect::<Vec<_>>() {
            let Some(occurrence) = self.occurrence_mut(slot) else {
                continue;
            };
            let place = Place {
                slot,
                occurrence: occurrence.opened_sequence,
            };
            for &rule in rules {
                news::weigh_all(step, alerts, occurrence, place, rule, &cause);
            }
        }
    }

    /// Drops the states that these rules watch, with their timers; their alerts stay.
    pub fn drop_holds(&mut self, step: &mut Step<'_>, alerts: &Alerts, rules: &[u32]) {
        for slot in self.by_opening.values().copied().collect::<Vec<_>>() {
            if let Some(occurrence) = self.occurrence_mut(slot) {
                held::drop_of(step, alerts, &mut occurrence.holds, rules);
                for seat in 0..occurrence.seat_count() {
                    if let Some(participant) = occurrence.participant_mut(seat) {
                        held::drop_of(step, alerts, &mut participant.holds, rules);
                    }
                }
            }
        }
    }

    /// The open occurrences, in the order of their opening, from that sequence on.
    pub fn open_from(&self, sequence: u64) -> impl Iterator<Item = &Occurrence> {
        self.by_opening
            .range(sequence..)
            .filter_map(|(_, slot)| self.occurrence(*slot))
    }

    /// What happened last in an occurrence, oldest first; nothing if it is closed.
    pub fn recent(&self, place: Place) -> Vec<TimelineEntry> {
        let occurrence = self
            .occurrence(place.slot)
            .filter(|known| known.opened_sequence == place.occurrence);
        let timeline = occurrence.map(|occurrence| &occurrence.timeline);
        let newest = timeline.into_iter().flatten().rev().take(RECENT);
        let mut newest: Vec<TimelineEntry> = newest.cloned().collect();
        newest.reverse();
        newest
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

    /// The occurrences of a billing code of which something is known: the open one, and the one before while what is late may belong to it.
    pub fn places(&self, billing_code: &str) -> impl Iterator<Item = Place> {
        let slot = self.by_code.get(billing_code).copied();
        slot.into_iter().flat_map(|slot| {
            let conference = self.slots.get(slot as usize).and_then(Option::as_ref);
            let open = conference.and_then(|conference| Some(conference.open.as_ref()?.opened_sequence));
            let closed = conference.and_then(|conference| Some(conference.closed.as_ref()?.occurrence));
            let place = move |occurrence| Place { slot, occurrence };
            open.into_iter().chain(closed).map(place)
        })
    }

    /// What is known of an occurrence that is open, or has closed lately.
    pub fn facts(&self, place: Place) -> Option<MeetingFacts> {
        let conference = self.slots.get(place.slot as usize)?.as_ref()?;
        let open = conference.open.as_ref().map(|open| (open.opened_sequence, open.facts));
        let closed = conference
            .closed
            .as_ref()
            .map(|closed| (closed.occurrence, closed.facts));
        let (_, facts) = open
            .into_iter()
            .chain(closed)
            .find(|(occurrence, _)| *occurrence == place.occurrence)?;
        Some(facts)
    }

    /// Whether an occurrence has not closed yet.
    pub fn is_open(&self, place: Place) -> bool {
        let open = self.occurrence(place.slot);
        open.is_some_and(|open| open.opened_sequence == place.occurrence)
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

    fn belongs(&self, step: &Step<'_>, slot: u32, received: &Received<'_>) -> Belongs {
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

    fn open(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, slot: u32, received: &Received<'_>) {
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
            // What closes one that had no end is no part of it, nor is what happened at the same instant.
            ended_at: occurrence.facts.ended_at.unwrap_or(at.minus(Duration::from_nanos(1))),
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
        keyed::close(step, place, &occurrence.facts);
        alerts.close(step, place, reason);
    }

    /// Something happened before the end of an occurrence that has closed: the rules of events see it, and its alerts end at once.
    fn take_late(&mut self, step: &mut Step<'_>, alerts: &mut Alerts, slot: u32, received: &Received<'_>) {
        step.counts.late += u64::from(!received.is_too_late);
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
        let meeting = closed.facts;
        let facts = received.facts(Previous::Nothing, &meeting);
        let seen = step.look_at(received, Taken::Late, place.occurrence, &facts);
        step.show(seen);
        let shown = Shown::new(step.rules, place, received, &facts);
        events::show(step, alerts, &shown);
        keyed::close(step, place, &meeting);
        alerts.close(step, place, ResolveReason::MeetingClosed);
    }

    /// The occurrence that is kept there, if it is still open.
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
