//! The clocks of a rule that run: times that a state, its end, its absence or a silence has to last. For those who ask; the engine itself
//! goes by its deadlines. What is asked about one meeting is found by that meeting, however many others there are.

use compact_str::CompactString;

use super::{
    Engine,
    deadlines::Subject,
    held,
    keyed::{KeyPlace, State},
};
use crate::{
    model::Time,
    rules::{Condition, Key, Rule},
};

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    /// When it falls due.
    pub due_at: Time,
    /// What it is about, by name, in the order of the rule's key.
    pub key: Vec<(CompactString, CompactString)>,
    /// Where its key is kept; `None`: it is a state's.
    place: Option<KeyPlace>,
}

impl Engine {
    /// The clocks of the rule of that name, in the order in which they fall due; where a meeting is given and they are about meetings,
    /// its clocks. One that is known from before is among them if it still runs, though nothing else may be left of its occurrence.
    pub fn clocks(&self, rule: &str, billing_code: Option<&str>, known: &[Clock]) -> Vec<Clock> {
        let mut rules = (0u32..).zip(&self.rules.rules);
        let Some((index, rule)) = rules.find(|(_, known)| known.name == rule) else {
            return Vec::new();
        };
        let mut clocks = match rule.condition {
            Condition::Held { .. } => self.clocks_of_states(index, &rule.key, billing_code),
            _ => {
                let mut places = self.places_of_keys(index, &rule.key, billing_code);
                let known = known.iter().filter_map(|clock| clock.place);
                places.extend(known.map(|place| place.under(index)));
                let clocks = places.into_iter().filter_map(|place| self.clock_of_key(rule, place));
                clocks.collect()
            }
        };
        clocks.sort_unstable();
        clocks.dedup();
        clocks
    }

    /// States are those of an open meeting, and of its participants.
    fn clocks_of_states(&self, rule: u32, key: &Key, billing_code: Option<&str>) -> Vec<Clock> {
        let Some((place, occurrence)) = billing_code.and_then(|code| self.state.meetings.get(code)) else {
            return Vec::new();
        };
        let seats = (0..occurrence.seat_count()).map(Some).chain([None]);
        let clock = |seat: Option<u32>| {
            let deadline = held::deadline(occurrence, Subject { place, seat }, rule)?;
            Some(Clock {
                due_at: deadline.at(),
                key: named(key, held::key_values(key, occurrence, seat)),
                place: None,
            })
        };
        seats.filter_map(clock).collect()
    }

    fn places_of_keys(&self, rule: u32, key: &Key, billing_code: Option<&str>) -> Vec<KeyPlace> {
        let keyed = &self.state.keyed;
        match billing_code.filter(|_| key.names_meeting()) {
            Some(code) => {
                let occurrences = self.state.meetings.places(code);
                let places = occurrences.flat_map(|occurrence| keyed.of_occurrence(occurrence, rule..=rule));
                places.collect()
            }
            None => keyed.of_rule(rule),
        }
    }

    fn clock_of_key(&self, rule: &Rule, place: KeyPlace) -> Option<Clock> {
        let (key, kept) = self.state.keyed.entry(place)?;
        let deadline = kept.deadline()?;
        let due_at = match (kept, &rule.condition) {
            (State::Quiet(state), Condition::Quiet(quiet)) => state.ends(quiet),
            _ => deadline.at(),
        };
        Some(Clock {
            due_at,
            key: named(&rule.key, key.values.as_slice().iter().cloned()),
            place: Some(place),
        })
    }
}

fn named(key: &Key, values: impl Iterator<Item = CompactString>) -> Vec<(CompactString, CompactString)> {
    let names = key.fields.iter().map(|field| field.name().into());
    names.zip(values).collect()
}
