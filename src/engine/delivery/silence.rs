//! Silences: while one holds, the mail of the alerts that its filter takes is held back. The record is not: subscribers see such an alert
//! marked. A silence is weighed against an alert when either begins, and when the alert becomes worse, is acknowledged or the rules change.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Delivery;
use crate::{
    engine::{
        deadlines::{Deadline, Timer},
        effect::Acted,
        input::NewSilence,
        lifecycle::{AlertAge, Open, OpenAlert},
        short_hash,
        step::Step,
    },
    model::{Alert, AlertEventKind, Silence, SilenceId, Time, masked_part},
    rules::{
        expr::{Defines, Expr, MAX_FILTER, Schema},
        facts::AlertFacts,
    },
};

/// The silences that have not ended.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Silences(BTreeMap<SilenceId, Known>);

/// A silence that has not ended.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    silence: Silence,
    /// Compiled of its text; made anew after a snapshot was read.
    #[serde(skip)]
    filter: Option<Expr>,
    has_begun: bool,
    /// When it begins or ends.
    turn: Deadline,
    /// The alerts whose mail it holds back.
    held: BTreeSet<AlertAge>,
}

impl Known {
    /// Whether it says what somebody asks for, who may be asking again.
    fn is(&self, new: &NewSilence, now: Time) -> bool {
        let NewSilence {
            filter,
            starts_at,
            ends_at,
            author,
            comment,
        } = new;
        let known = &self.silence;
        let begins_alike = known.starts_at == *starts_at || (self.has_begun && *starts_at <= now);
        begins_alike
            && known.ends_at == *ends_at
            && known.filter == *filter
            && known.author == *author
            && known.comment == *comment
    }

    /// Whether it takes an alert, which it sees as operators do: personal data masked.
    fn takes(&mut self, alert: &Alert) -> bool {
        if self.filter.is_none() {
            // It compiled when it was made, and means the same to every version that reads the same snapshots.
            self.filter = Expr::compile(&self.silence.filter, Schema::Alert, &Defines::default(), MAX_FILTER).ok();
        }
        let key: Vec<_> = alert
            .key
            .iter()
            .map(|(name, value)| (name.clone(), masked_part(name, value).into()))
            .collect();
        let facts = AlertFacts {
            key: &key,
            ..AlertFacts::of(alert)
        };
        self.filter.as_ref().is_some_and(|filter| filter.matches_alert(&facts))
    }
}

impl Silences {
    /// Weighs all that have begun against an alert; true: none holds its mail back any more.
    fn weigh(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) -> bool {
        let Some(OpenAlert { alert, .. }) = open.get_mut(&age) else {
            return false;
        };
        let mut by = Vec::new();
        for (id, known) in self.0.iter_mut().filter(|(_, known)| known.has_begun) {
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
            if let Some(known) = self.0.get_mut(id) {
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
    /// Weighs all silences that have begun against an alert.
    pub(super) fn weigh_silences(&mut self, step: &mut Step<'_>, open: &mut Open, age: AlertAge) {
        if self.silences.weigh(step, open, age) {
            self.wake_groups_of(step, open, age);
        }
    }

    /// Makes a silence, unless there is one that says the same.
    pub fn silence(&mut self, step: &mut Step<'_>, open: &mut Open, new: NewSilence) -> Acted {
        if let Some((id, _)) = self.silences.0.iter().find(|(_, known)| known.is(&new, step.now)) {
            return Acted::Silenced(*id);
        }
        if self.silences.0.len() >= step.settings.silences as usize {
            return Acted::TooManySilences;
        }
        if new.ends_at <= step.now || new.ends_at <= new.starts_at {
            return Acted::SilenceIsOver;
        }
        let Ok(filter) = Expr::compile(&new.filter, Schema::Alert, &Defines::default(), MAX_FILTER) else {
            return Acted::BadFilter;
        };
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(b"silence")
            .update(&step.store.0)
            .update(&step.offset.to_be_bytes());
        let id = SilenceId(short_hash(&hasher));
        let starts_at = new.starts_at.max(step.now);
        let known = Known {
            silence: Silence {
                id,
                filter: new.filter,
                starts_at,
                ends_at: new.ends_at,
                author: new.author,
                comment: new.comment,
            },
            filter: Some(filter),
            has_begun: false,
            turn: step.deadlines.set(starts_at, Timer::Silence(id)),
            held: BTreeSet::new(),
        };
        self.silences.0.insert(id, known);
        if starts_at == step.now {
            self.silence_turns(step, open, id);
        }
        Acted::Silenced(id)
    }

    /// Ends a silence before its time.
    pub fn expire_silence(&mut self, step: &mut Step<'_>, open: &mut Open, id: SilenceId) -> Acted {
        if !self.silences.0.contains_key(&id) {
            return Acted::NoSuchSilence;
        }
        self.end_silence(step, open, id);
        Acted::Done
    }

    /// A silence begins or ends.
    pub fn silence_turns(&mut self, step: &mut Step<'_>, open: &mut Open, id: SilenceId) {
        let Some(known) = self.silences.0.get_mut(&id) else {
            return;
        };
        if known.has_begun || known.silence.ends_at <= step.now {
            return self.end_silence(step, open, id);
        }
        step.deadlines.cancel(known.turn);
        known.has_begun = true;
        known.turn = step.deadlines.set(known.silence.ends_at, Timer::Silence(id));
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

    fn end_silence(&mut self, step: &mut Step<'_>, open: &mut Open, id: SilenceId) {
        let Some(known) = self.silences.0.remove(&id) else {
            return;
        };
        step.deadlines.cancel(known.turn);
        for age in known.held {
            let Some(OpenAlert { alert, .. }) = open.get_mut(&age) else {
                continue;
            };
            let by = alert.silenced_by.iter().copied().filter(|by| *by != id).collect();
            if mark(step, alert, by) {
                self.wake_groups_of(step, open, age);
            }
        }
    }

    /// The silences that have not ended, by their ids, and whether each has begun.
    pub fn silences(&self) -> impl Iterator<Item = (&Silence, bool)> {
        self.silences.0.values().map(|known| (&known.silence, known.has_begun))
    }
}
