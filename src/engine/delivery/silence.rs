//! Silences: while one holds, the mail of the alerts that its filter takes is held back. The record is not: subscribers see such an alert
//! marked. A silence is weighed against an alert when it begins to hold, when the alert fires, and when the alert becomes worse, is
//! acknowledged or the rules change. One with a schedule holds and lets go again until it ends.

mod ended;
mod known;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::{
    ended::Ended,
    known::{Known, Meaning},
};
use super::Delivery;
use crate::{
    engine::{
        deadlines::Timer,
        effect::Acted,
        input::NewSilence,
        lifecycle::{AlertAge, Open, OpenAlert},
        short_hash,
        step::Step,
    },
    model::{Alert, AlertEventKind, Silence, SilenceId, SilenceState, Time},
};

/// All silences that are known.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Silences {
    known: BTreeMap<SilenceId, Known>,
    ended: Ended,
}

impl Silences {
    /// Weighs all that hold against an alert; true: none holds its mail back any more.
    fn weigh(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) -> bool {
        let Some(OpenAlert { alert, .. }) = open.get_mut(&age) else {
            return false;
        };
        let mut by = Vec::new();
        for (id, known) in self.known.iter_mut().filter(|(_, known)| known.holds) {
            if known.takes(alert) {
                known.held.insert(age);
                by.push(*id);
            } else {
                known.held.remove(&age);
            }
        }
        mark(step, alert, by)
    }

    /// An alert is over.
    pub fn forget(&mut self, age: AlertAge, alert: &Alert) {
        for id in &alert.silenced_by {
            if let Some(known) = self.known.get_mut(id) {
                known.held.remove(&age);
            }
        }
    }
}

/// Sets which silences hold an alert's mail back; true: none does any more.
fn mark(step: &mut Step<'_>, alert: &mut Alert, by: Vec<SilenceId>) -> bool {
    let (before, now) = (!alert.silenced_by.is_empty(), !by.is_empty());
    alert.silenced_by = by;
    match (before, now) {
        (false, true) => step.say(AlertEventKind::Silenced, alert),
        (true, false) => step.say(AlertEventKind::Unsilenced, alert),
        _ => {}
    }
    before && !now
}

impl Delivery {
    /// Weighs all silences that hold against an alert.
    pub(super) fn weigh_silences(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        if self.silences.weigh(step, open, age) {
            self.wake_groups_of(step, open, age);
        }
    }

    /// Makes a silence, unless there is one that says the same.
    pub fn silence(&mut self, step: &mut Step<'_>, open: &mut Open, new: NewSilence) -> Acted {
        let mut known = self.silences.known.iter();
        if let Some((id, _)) = known.find(|(_, known)| known.is(&new, step.now)) {
            return Acted::Silenced(*id);
        }
        if self.silences.known.len() >= step.settings.silences as usize {
            return Acted::TooManySilences;
        }
        if new.ends_at <= step.now || new.ends_at <= new.starts_at {
            return Acted::SilenceIsOver;
        }
        let silence = Silence {
            id: id_of_new(step),
            filter: new.filter,
            starts_at: new.starts_at.max(step.now),
            ends_at: new.ends_at,
            schedule: new.schedule,
            author: new.author,
            comment: new.comment,
        };
        let meaning = match Meaning::of(&silence) {
            Ok(meaning) => meaning,
            Err(why) => return why,
        };
        if !meaning.ever_holds(&silence) {
            return Acted::SilenceNeverHolds;
        }
        let (holds, until) = meaning.stands(&silence, step.now);
        let id = silence.id;
        let known = Known {
            silence,
            meaning: Some(meaning),
            holds: false,
            turn: step.deadlines.set(until, Timer::Silence(id)),
            held: BTreeSet::new(),
        };
        self.silences.known.insert(id, known);
        if holds {
            self.hold(step, open, id);
        }
        Acted::Silenced(id)
    }

    /// Ends a silence before its time.
    pub fn expire_silence(&mut self, step: &mut Step<'_>, open: &mut Open, id: SilenceId) -> Acted {
        if !self.silences.known.contains_key(&id) {
            return Acted::NoSuchSilence;
        }
        self.end_silence(step, open, id);
        Acted::Done
    }

    /// A silence is to hold or to let go, or ends.
    pub fn silence_turns(&mut self, step: &mut Step<'_>, open: &mut Open, id: SilenceId) {
        let Some(known) = self.silences.known.get_mut(&id) else {
            return;
        };
        if known.silence.ends_at <= step.now {
            return self.end_silence(step, open, id);
        }
        let (holds, until) = known.stands(step.now);
        known.turn = step.deadlines.set(until, Timer::Silence(id));
        match (known.holds, holds) {
            (false, true) => self.hold(step, open, id),
            (true, false) => {
                known.holds = false;
                let held = std::mem::take(&mut known.held);
                self.let_go(step, open, id, held);
            }
            _ => {}
        }
    }

    fn hold(&mut self, step: &mut Step<'_>, open: &mut Open, id: SilenceId) {
        let Some(known) = self.silences.known.get_mut(&id) else {
            return;
        };
        known.holds = true;
        for (age, OpenAlert { alert, .. }) in open.iter_mut() {
            if known.takes(alert) {
                known.held.insert(*age);
                let mut by = alert.silenced_by.clone();
                by.push(id);
                by.sort_unstable();
                mark(step, alert, by);
            }
        }
    }

    fn let_go(&mut self, step: &mut Step<'_>, open: &mut Open, id: SilenceId, held: BTreeSet<AlertAge>) {
        for age in held {
            let Some(OpenAlert { alert, .. }) = open.get_mut(&age) else {
                continue;
            };
            let by = alert.silenced_by.iter().copied().filter(|by| *by != id).collect();
            if mark(step, alert, by) {
                self.wake_groups_of(step, open, age);
            }
        }
    }

    fn end_silence(&mut self, step: &mut Step<'_>, open: &mut Open, id: SilenceId) {
        let Some(known) = self.silences.known.remove(&id) else {
            return;
        };
        step.deadlines.cancel(known.turn);
        self.let_go(step, open, id, known.held);
        let forgot_another = self.silences.ended.add(known.silence, step.now);
        step.counts.silences_forgotten += u64::from(forgot_another);
    }

    /// The silences that have not ended, by their ids.
    pub fn silences(&self) -> impl Iterator<Item = (&Silence, SilenceState)> {
        let known = self.silences.known.values();
        known.map(|known| (&known.silence, known.state()))
    }

    /// The silences that have ended lately, in the order of their ends.
    pub fn ended_silences(&self, now: Time) -> impl Iterator<Item = (&Silence, SilenceState)> {
        let ended = self.silences.ended.shown(now);
        ended.map(|(at, silence)| (silence, SilenceState::Ended { at }))
    }
}

fn id_of_new(step: &Step<'_>) -> SilenceId {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"silence")
        .update(&step.store.0)
        .update(&step.offset.to_be_bytes());
    SilenceId(short_hash(&hasher))
}
