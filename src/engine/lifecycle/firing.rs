//! An alert as it is at its firing: its identity, its severity and its texts.

use compact_str::CompactString;

use super::{AlertKey, Match};
use crate::{
    engine::{short_hash, step::Step},
    model::{Alert, AlertId, AlertState, Severity},
};

/// The alert that a match fires, with this severity.
pub(super) fn new_alert(step: &Step<'_>, matched: Match<'_>, severity: Severity) -> Alert {
    let rule = &step.rules.rules[matched.about.rule as usize];
    let id = alert_id(step, &matched.about, &rule.name);
    let named: Vec<(CompactString, CompactString)> = rule
        .key
        .fields
        .iter()
        .map(|field| CompactString::const_new(field.name()))
        .zip(matched.about.key.values.as_slice().iter().cloned())
        .collect();
    let (summary, description) = rule
        .texts
        .fill(matched.facts, &rule.name, severity, &rule.labels, &named);
    Alert {
        id,
        rule: rule.name.clone(),
        severity,
        state: AlertState::Firing,
        labels: rule.labels.clone(),
        key: named,
        summary,
        description,
        runbook_url: rule.runbook_url.clone(),
        started_at: step.now,
        last_seen_at: matched.at,
        occurrences: 1,
        evidence: matched.evidence,
        acknowledgement: None,
        silenced_by: Vec::new(),
        inhibited_by: None,
    }
}

/// A hash of the store, the rule, the key, the occurrence and the input: the same wherever the journal is replayed.
fn alert_id(step: &Step<'_>, key: &AlertKey, rule: &str) -> AlertId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&step.store.0).update(&step.offset.to_be_bytes());
    hasher.update(&key.key.place.map_or(0, |place| place.occurrence).to_be_bytes());
    for part in std::iter::once(rule).chain(key.key.values.as_slice().iter().map(CompactString::as_str)) {
        hasher
            .update(&(part.len() as u64).to_be_bytes())
            .update(part.as_bytes());
    }
    AlertId(short_hash(&hasher))
}
