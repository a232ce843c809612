//! What every part of the engine shares while one input is applied.

use super::{
    StoreId,
    counts::Counts,
    deadlines::Deadlines,
    effect::Effect,
    input::Settings,
    keyed::Keyed,
    received::Received,
    watch::{Seen, Taken, Watch},
};
use crate::{
    model::{Alert, AlertEvent, AlertEventKind, Time},
    rules::{RuleSet, facts::Facts},
};

/// The surroundings of one input.
pub(super) struct Step<'a> {
    pub rules: &'a RuleSet,
    /// Who looks on; mostly nobody.
    pub watch: Option<&'a mut Watch>,
    pub settings: &'a Settings,
    pub store: StoreId,
    /// The input's place in the journal.
    pub offset: u64,
    /// The engine's time.
    pub now: Time,
    /// What rules keep by key, held states apart.
    pub keyed: &'a mut Keyed,
    pub deadlines: &'a mut Deadlines,
    pub counts: &'a mut Counts,
    /// The sequence of the next alert event.
    pub next_event: &'a mut u64,
    /// By rule: whether it sees nothing.
    pub blind: &'a [bool],
    /// The rule that is being weighed.
    pub at_work: &'a mut Option<u32>,
    pub out: &'a mut Vec<Effect>,
}

impl Step<'_> {
    /// What there is to see of a notification, if somebody looks.
    pub fn look_at(&self, received: &Received<'_>, taken: Taken, occurrence: u64, facts: &Facts<'_>) -> Option<Seen> {
        let watch = self.watch.as_ref()?;
        watch
            .looks_at(received, self.rules, facts)
            .then(|| Seen::new(received, taken, occurrence, facts))
    }

    /// Shows it to whoever looks.
    pub fn show(&mut self, seen: Option<Seen>) {
        if let Some(watch) = &mut self.watch {
            watch.seen.extend(seen);
        }
    }

    /// Whether a rule sees anything now: it does not outside of its schedule.
    pub fn sees(&self, rule: u32) -> bool {
        !self.blind[rule as usize]
    }

    /// Says what happened to an alert.
    pub fn say(&mut self, kind: AlertEventKind, alert: &Alert) {
        let sequence = *self.next_event;
        *self.next_event += 1;
        self.out.push(Effect::Alert(Box::new(AlertEvent {
            sequence,
            kind,
            at: self.now,
            alert: alert.clone(),
        })));
    }
}
