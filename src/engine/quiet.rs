//! *quiet*: nothing of the kind for so long, from the first notification of the kind on. The only condition that takes notice of
//! repeats, and the only one that begins anew when the service starts, since nobody listened before.

use serde::{Deserialize, Serialize};

use super::{
    deadlines::{Age, Deadline, Deadlines, Timer},
    events::Shown,
    key::KeyOf,
    keyed::{self, KeyPlace, State},
    lifecycle::{AlertAge, AlertKey, Alerts, Match},
    meetings::Meetings,
    step::Step,
    witness::Witness,
};
use crate::{
    model::{ResolveReason, Time},
    rules::{Condition, Quiet},
};

/// How quiet it is at a key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct QuietState {
    /// When the last of the kind happened, or the service started after it.
    since: Time,
    /// When that moved the deadline ahead, though it may still stand at an earlier one's.
    age: Age,
    phase: Phase,
    /// The last of the kind.
    last: Box<Witness>,
}

/// What has come of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Phase {
    /// Nothing yet. The deadline may be that of an earlier one of the kind: whether it is quiet is looked at when it falls due.
    Listening(Deadline),
    /// It has been quiet for so long. The alert may be over by other means.
    Firing(AlertAge),
    /// Nobody listens: the rule sees nothing.
    Paused,
    /// An operator ended the alert: nothing is missed before the next of the kind, whether or not somebody listens meanwhile.
    Ended,
}

/// Hears a notification, repeats included, if it is of the kind.
pub(super) fn show(step: &mut Step<'_>, alerts: &mut Alerts, rule: u32, quiet: &Quiet, shown: &Shown<'_>) {
    if !shown.holds(&quiet.what) {
        return;
    }
    let Some(key) = shown.key(step, rule) else {
        return;
    };
    let at = shown.received.at;
    let place = keyed::touch(step, alerts, rule, &key, |deadlines, place| {
        let age = deadlines.age();
        State::Quiet(QuietState {
            since: at,
            age,
            phase: Phase::Listening(deadlines.set_aged(at.plus(quiet.for_), age, Timer::Key(place))),
            last: Box::new(Witness::of(shown)),
        })
    });
    let Some(State::Quiet(state)) = step.keyed.get_mut(place) else {
        return;
    };
    // What is older than the last one tells nothing of how quiet it is now.
    if at <= state.since {
        return;
    }
    state.since = at;
    state.age = step.deadlines.age();
    *state.last = Witness::of(shown);
    let ends = at.plus(quiet.for_);
    // Nor does what is told so late that it has been quiet for as long since.
    if ends <= step.now {
        return;
    }
    let over = match state.phase {
        Phase::Firing(alert) => Some(alert),
        Phase::Ended => None,
        Phase::Listening(_) | Phase::Paused => return,
    };
    state.phase = Phase::Listening(step.deadlines.set_aged(ends, state.age, Timer::Key(place)));
    if let Some(alert) = over {
        alerts.resolve(step, alert, ResolveReason::Match);
    }
}

/// An operator ended the alert about that key: it is not missed again before it has been heard of.
pub(super) fn ended_by_operator(step: &mut Step<'_>, rule: u32, key: &KeyOf) {
    if let Some(place) = step.keyed.find(rule, key)
        && let Some(State::Quiet(state)) = step.keyed.get_mut(place)
        && let Phase::Firing(_) = state.phase
    {
        state.phase = Phase::Ended;
    }
}

/// It may have been quiet for so long.
pub(super) fn due(step: &mut Step<'_>, alerts: &mut Alerts, meetings: &Meetings, place: KeyPlace) {
    let Condition::Quiet(quiet) = &step.rules.rules[place.rule as usize].condition else {
        return;
    };
    let Some((key, State::Quiet(state))) = step.keyed.entry_mut(place) else {
        return;
    };
    let ends = state.ends(quiet);
    // The later one also at the same instant: what has begun anew stands behind what was set in between.
    if state
        .deadline()
        .is_some_and(|set| (set.at(), set.age()) < (ends, state.age))
    {
        state.phase = Phase::Listening(step.deadlines.set_aged(ends, state.age, Timer::Key(place)));
        return;
    }
    let (key, last) = (key.clone(), state.last.clone());
    let meeting = meetings.facts(last.place).unwrap_or(last.meeting);
    let matched = Match {
        about: AlertKey { rule: place.rule, key },
        facts: &last.facts(&meeting),
        at: step.now,
        evidence: vec![last.evidence.clone()],
    };
    let alert = alerts.matched(step, matched);
    if let Some(State::Quiet(state)) = step.keyed.get_mut(place) {
        state.phase = Phase::Firing(alert);
    }
}

impl QuietState {
    /// The service starts: what was not heard before is not quiet.
    pub fn begin_anew(&mut self, now: Time, deadlines: &mut Deadlines) {
        if let Phase::Listening(_) = self.phase {
            self.since = now;
            self.age = deadlines.age();
        }
    }

    /// When it will have been quiet for so long, though the deadline may stand at an earlier instant.
    pub fn ends(&self, quiet: &Quiet) -> Time {
        self.since.plus(quiet.for_)
    }

    /// What it waits for.
    pub fn deadline(&self) -> Option<Deadline> {
        match self.phase {
            Phase::Listening(deadline) => Some(deadline),
            Phase::Firing(_) | Phase::Paused | Phase::Ended => None,
        }
    }

    /// Nobody listens any more; hands back what it waits for.
    pub fn pause(&mut self) -> Option<Deadline> {
        let deadline = self.deadline();
        if !matches!(self.phase, Phase::Ended) {
            self.phase = Phase::Paused;
        }
        deadline
    }

    /// Somebody listens again: the silence that lasts begins now.
    pub fn listen(&mut self, now: Time, deadline: impl FnOnce() -> Deadline) {
        if let Phase::Paused = self.phase {
            self.since = now;
            self.phase = Phase::Listening(deadline());
        }
    }
}
