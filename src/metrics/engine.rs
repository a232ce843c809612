//! The engine's own figures, taken from it when somebody asks.

use std::{collections::BTreeMap, sync::PoisonError};

use compact_str::CompactString;

use super::{Evicted, Irregularity, Kind, Metrics, Outcome, gauge};
use crate::{
    engine::{Counts, Engine, RuleCounts},
    model::Severity,
};

/// What the engine had counted when it was looked at.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    counts: Counts,
    /// By name: a reload gives rules other places.
    rules: BTreeMap<CompactString, RuleCounts>,
}

impl Observed {
    fn of(engine: &Engine) -> Self {
        let counts = engine.counts().clone();
        let names = engine.rules().rules.iter().map(|rule| rule.name.clone());
        let rules = names.zip(counts.rules.iter().cloned()).collect();
        Self { counts, rules }
    }
}

impl Metrics {
    /// Brings every series up to date that the engine knows the figure of. Counters begin at the process's first look.
    pub fn observe(&self, engine: &Engine) {
        let now = engine.now();
        for severity in Severity::ALL {
            let open = engine.open_alerts().filter(|alert| alert.severity == severity).count();
            self.alerts_open(severity, open as u64);
        }
        self.meetings_open.set(gauge(engine.meeting_count() as u64));
        self.participants_known.set(gauge(engine.participant_count() as u64));
        let (ids, oldest) = engine.ids();
        self.ids_remembered.set(gauge(ids as u64));
        self.ids_oldest_age(oldest.map(|oldest| now - oldest).unwrap_or_default());
        let (mails, oldest) = engine.outbox();
        self.outbox_mails.set(gauge(mails as u64));
        self.alert_groups.set(gauge(engine.group_count() as u64));
        self.silences.set(gauge(engine.silences().count() as u64));
        self.outbox_oldest_age(oldest.map(|oldest| now - oldest).unwrap_or_default());

        let mut observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Observed::of(engine);
        if let Some(before) = observed.replace(now.clone()) {
            self.grow(&before.counts, &now.counts);
            for (name, now) in now.rules {
                let before = before.rules.get(&name).cloned().unwrap_or_default();
                let counters = self.rule(&name);
                // Those of a rule whose meaning changed begin anew.
                counters
                    .matched
                    .inc_by(now.matched.checked_sub(before.matched).unwrap_or(now.matched));
                counters
                    .fired
                    .inc_by(now.fired.checked_sub(before.fired).unwrap_or(now.fired));
            }
        }
    }

    fn grow(&self, before: &Counts, now: &Counts) {
        let grown = |count: fn(&Counts) -> u64| count(now).saturating_sub(count(before));
        for (kind, before, now) in [
            (Kind::Conf, before.conf, now.conf),
            (Kind::Party, before.party, now.party),
        ] {
            self.notifications(kind, Outcome::Accepted, now.accepted.saturating_sub(before.accepted));
            self.notifications(
                kind,
                Outcome::Duplicate,
                now.duplicates.saturating_sub(before.duplicates),
            );
            self.notifications(
                kind,
                Outcome::IdReused,
                now.ids_reused.saturating_sub(before.ids_reused),
            );
        }
        self.evicted(Evicted::Id, grown(|counts| counts.ids_evicted));
        self.evicted(Evicted::Meeting, grown(|counts| counts.meetings_evicted));
        self.evicted(Evicted::Participant, grown(|counts| counts.participants_evicted));
        self.evicted(Evicted::Alert, grown(|counts| counts.alerts_evicted));
        self.evicted(Evicted::Key, grown(|counts| counts.keys_evicted));
        self.evicted(Evicted::Sequence, grown(|counts| counts.sequences_evicted));
        self.evicted(Evicted::Match, grown(|counts| counts.matches_forgotten));
        self.evicted(Evicted::Mail, grown(|counts| counts.mails_given_up));
        self.evicted(Evicted::Group, grown(|counts| counts.groups_full));
        self.evicted(Evicted::Silence, grown(|counts| counts.silences_forgotten));
        self.irregular(Irregularity::Repeat, grown(|counts| counts.repeats));
        self.irregular(Irregularity::Late, grown(|counts| counts.late));
        self.irregular(Irregularity::Early, grown(|counts| counts.early));
        self.irregular(Irregularity::UnlistedCode, grown(|counts| counts.unlisted_codes));
        self.irregular(Irregularity::UnknownKey, grown(|counts| counts.unknown_keys));
        self.irregular(Irregularity::SkippedInput, grown(|counts| counts.inputs_skipped));
        self.mails_held_back.inc_by(grown(|counts| counts.mails_held_back));
        self.fallbacks.inc_by(grown(|counts| counts.fallbacks));
    }
}
