//! What a subscriber saw: how often which rule fired, and how many alerts ended.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::api::{self, alert_event::Type};

#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The sequence of the last event.
    pub(super) last: u64,
    /// How many alerts have resolved.
    pub(super) resolved: usize,
    fired: BTreeMap<String, Fired>,
}

/// How often a rule fired.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fired {
    pub(super) severity: i32,
    pub(super) times: usize,
}

impl Tally {
    /// Takes note of an event, and hands it back.
    pub(super) fn count(&mut self, event: api::AlertEvent) -> api::AlertEvent {
        self.last = event.sequence;
        match (Type::try_from(event.r#type), &event.alert) {
            (Ok(Type::Fired), Some(alert)) => {
                let fired = self.fired.entry(alert.rule.clone()).or_insert(Fired {
                    severity: alert.severity,
                    times: 0,
                });
                fired.times += 1;
            }
            (Ok(Type::Resolved), _) => self.resolved += 1,
            _ => {}
        }
        event
    }

    /// How many alerts have fired.
    pub(super) fn fired(&self) -> usize {
        self.fired.values().map(|fired| fired.times).sum()
    }

    /// The rules that fired: the worst first, then by name.
    pub(super) fn by_rule(&self) -> Vec<(&str, Fired)> {
        let mut rules: Vec<_> = self.fired.iter().map(|(rule, fired)| (rule.as_str(), *fired)).collect();
        rules.sort_by_key(|(_, fired)| Reverse(fired.severity));
        rules
    }
}
