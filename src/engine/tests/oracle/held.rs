//! *held*: a state that lasts.

use super::{
    history::{Heard, History, Name, What},
    key::Key,
    rule::{Rule, Text},
};
use crate::{
    model::{AlertEventKind, Party, Time},
    rules::facts::{AtHand, Facts, Previous},
};

/// How far the state of one key has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    False,
    /// True since that time; with the place in the history.
    Pending(Time, usize),
    Firing,
    /// False since that time; with the place in the history.
    Ending(Time, usize),
}

/// What a rule knows of one key, and whether that is critical now.
pub(super) struct Known {
    pub key: Key,
    pub state: State,
    pub is_critical: bool,
}

/// What is known of every key in the meetings that are open, from what the rule has seen since that place in the history.
pub(super) fn known(history: &History, rule: &Rule, since: usize, state: &Text) -> Vec<Known> {
    let mut states = Vec::new();
    for occurrence in history.open_occurrences() {
        let heard = history.heard_in(occurrence);
        let last = heard.last().expect("it was opened by a notification");
        let subjects: Vec<Option<&Party>> = match rule.fields().contains(&"party.party_id") {
            true => last.participants.iter().map(Some).collect(),
            false => vec![None],
        };
        for subject in subjects {
            let key = key(rule, last, subject);
            let id = subject.map(|party| party.party_id.as_str());
            let follows = |heard: &Heard| holds(state, heard, id);
            let critical_if = rule.critical_if.as_ref();
            states.push(Known {
                state: follow(history, since, &rule.name(key.clone()), occurrence, follows),
                is_critical: critical_if.is_some_and(|critical_if| holds(critical_if, last, id)),
                key,
            });
        }
    }
    states
}

fn follow(history: &History, since: usize, name: &Name, occurrence: u64, holds: impl Fn(&Heard) -> bool) -> State {
    let mut state = State::False;
    let mut before = history
        .heard()
        .filter(|(place, heard)| *place < since && heard.occurrence == occurrence && !heard.over);
    if before.next_back().is_some_and(|(_, heard)| holds(heard)) {
        state = State::Pending(history.entries[since].at, since);
    }
    for (place, entry) in history.entries.iter().enumerate().skip(since) {
        state = match &entry.what {
            What::Heard(heard) if heard.occurrence == occurrence && !heard.over => match (state, holds(heard)) {
                (State::False, true) => State::Pending(heard.at, place),
                (State::Pending(..), false) => State::False,
                (State::Firing, false) => State::Ending(heard.at, place),
                (State::Ending(..), true) => State::Firing,
                (as_it_is, _) => as_it_is,
            },
            What::Told(told) if told.name == *name => match told.kind {
                AlertEventKind::Fired => State::Firing,
                AlertEventKind::Resolved => State::False,
                _ => state,
            },
            _ => state,
        };
    }
    state
}

fn holds(state: &Text, heard: &Heard, party_id: Option<&str>) -> bool {
    let at_hand = match party_id {
        None => AtHand::Meeting(heard.payload.billing_code()),
        Some(id) => match heard.participants.iter().find(|party| party.party_id == id) {
            Some(party) => AtHand::Party(party),
            None => return false,
        },
    };
    state.holds(&Facts {
        at_hand,
        previous: Previous::Nothing,
        meeting: &heard.meeting,
        source: "",
        occurred_at: heard.at,
        received_at: heard.received,
    })
}

fn key(rule: &Rule, heard: &Heard, party: Option<&Party>) -> Key {
    let parts = rule.fields().into_iter().map(|field| match (field, party) {
        ("party.party_id", Some(party)) => (field, party.party_id.to_string()),
        _ => (field, heard.payload.billing_code().to_string()),
    });
    Key {
        parts: parts.collect(),
        occurrence: Some(heard.occurrence),
    }
}
