//! *quiet*: nothing of the kind for so long.

use super::{
    history::{History, What},
    key::{Key, Parts},
    matches::holds,
    rule::{Rule, Text},
};
use crate::model::{AlertEventKind, Time};

/// The keys that are listened for, since when, and the place in the history that decided it.
pub(super) fn listening(history: &History, rule: &Rule, since: usize, of: &Text) -> Vec<(Key, Time, usize)> {
    let mut listening: Vec<(Key, Time, usize)> = Vec::new();
    for (place, entry) in history.entries.iter().enumerate().skip(since) {
        match &entry.what {
            What::Heard(heard) if holds(of, heard) => {
                let Some(key) = Parts::of(&rule.fields(), heard).whole() else { continue };
                if heard.over && key.occurrence.is_some() {
                    continue;
                }
                let known = listening.iter().find(|(known, ..)| *known == key);
                if known.is_some_and(|(_, last, _)| *last >= heard.at) {
                    continue;
                }
                listening.retain(|(known, ..)| *known != key);
                listening.push((key, heard.at, place));
            }
            What::Started => {
                for (_, last, decided) in &mut listening {
                    (*last, *decided) = (entry.at, place);
                }
            }
            What::Closed(occurrence, _) => listening.retain(|(key, ..)| key.occurrence != Some(*occurrence)),
            What::Told(name, AlertEventKind::Fired, ..) => {
                listening.retain(|(key, ..)| rule.name(key.clone()) != *name);
            }
            _ => {}
        }
    }
    listening
}
