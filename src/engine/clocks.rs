//! The clocks of a rule that run: times that a state, its end, its absence or a silence has to last. For those who ask; the engine itself
//! goes by its deadlines.

use compact_str::CompactString;

use super::{
    Engine,
    deadlines::{Subject, Timer},
    keyed::State,
};
use crate::{
    model::Time,
    rules::{Condition, Key, KeyField},
};

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    /// When it falls due.
    pub due_at: Time,
    /// What it is about, by name, in the order of the rule's key.
    pub key: Vec<(CompactString, CompactString)>,
}

impl Engine {
    /// The clocks of the rule of that name, in the order in which they fall due.
    pub fn clocks(&self, rule: &str) -> Vec<Clock> {
        let rules = &self.rules.rules;
        let Some((index, rule)) = (0u32..).zip(rules).find(|(_, known)| known.name == rule) else {
            return Vec::new();
        };
        let timers = self.state.deadlines.of_rule(index);
        let clock = |(due_at, timer): (Time, &Timer)| {
            let (due_at, values) = match timer {
                Timer::Hold { subject, .. } => (due_at, self.subject_values(&rule.key, *subject)?),
                Timer::Key(place) => {
                    let (key, state) = self.state.keyed.entry(*place)?;
                    let due_at = match (state, &rule.condition) {
                        (State::Quiet(silence), Condition::Quiet(quiet)) => silence.ends(quiet),
                        _ => due_at,
                    };
                    (due_at, key.values.as_slice().to_vec())
                }
                _ => return None,
            };
            let names = rule.key.fields.iter().map(|field| field.name().into());
            let key = names.zip(values).collect();
            Some(Clock { due_at, key })
        };
        let mut clocks: Vec<Clock> = timers.filter_map(clock).collect();
        clocks.sort_unstable();
        clocks
    }

    fn subject_values(&self, key: &Key, subject: Subject) -> Option<Vec<CompactString>> {
        let occurrence = self.state.meetings.at(subject.place)?;
        let participant = subject.seat.and_then(|seat| occurrence.participant(seat));
        let value = |field: &KeyField| match (field, participant) {
            (KeyField::PartyId, Some(participant)) => participant.known.party_id.clone(),
            _ => occurrence.billing_code.clone(),
        };
        Some(key.fields.iter().map(value).collect())
    }
}
