//! To the wire: alerts as everyone may see them. Personal data is masked in every field that can hold it; a form in clear is
//! deliberately absent. The same value always becomes the same bytes.

mod explanation;

use std::collections::BTreeMap;

use compact_str::CompactString;

use crate::{
    api,
    model::{
        Acknowledgement, Alert, AlertEvent, AlertEventKind, AlertState, Conf, Evidence, Party, Payload, ResolveReason,
        Severity, Time, masked_part,
    },
};

pub use explanation::explanation;

/// Something that happened to an alert.
pub fn alert_event(event: &AlertEvent) -> api::AlertEvent {
    let kind = match event.kind {
        AlertEventKind::Fired => api::alert_event::Type::Fired,
        AlertEventKind::Updated => api::alert_event::Type::Updated,
        AlertEventKind::Escalated => api::alert_event::Type::Escalated,
        AlertEventKind::Acknowledged => api::alert_event::Type::Acknowledged,
        AlertEventKind::Silenced => api::alert_event::Type::Silenced,
        AlertEventKind::Unsilenced => api::alert_event::Type::Unsilenced,
        AlertEventKind::Inhibited => api::alert_event::Type::Inhibited,
        AlertEventKind::Uninhibited => api::alert_event::Type::Uninhibited,
        AlertEventKind::Resolved => api::alert_event::Type::Resolved,
    };
    api::AlertEvent {
        sequence: event.sequence,
        r#type: kind.into(),
        occurred_at: Some(timestamp(event.at)),
        alert: Some(alert(&event.alert)),
    }
}

/// An alert that is open at the time of a snapshot. Nothing happened, so it has no sequence.
pub fn current(open: &Alert, at: Time) -> api::AlertEvent {
    api::AlertEvent {
        sequence: 0,
        r#type: api::alert_event::Type::Current.into(),
        occurred_at: Some(timestamp(at)),
        alert: Some(alert(open)),
    }
}

/// An alert.
pub fn alert(alert: &Alert) -> api::Alert {
    let (state, resolved_at, reason) = match alert.state {
        AlertState::Firing => (api::alert::State::Firing, None, api::alert::ResolveReason::Unspecified),
        AlertState::Resolved { at, reason } => {
            (api::alert::State::Resolved, Some(timestamp(at)), resolve_reason(reason))
        }
    };
    api::Alert {
        id: alert.id.to_string(),
        rule: alert.rule.to_string(),
        severity: severity(alert.severity).into(),
        state: state.into(),
        labels: alert
            .labels
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        key: key(&alert.key),
        summary: alert.summary.masked.clone(),
        description: alert.description.masked.clone(),
        runbook_url: alert.runbook_url.clone(),
        started_at: Some(timestamp(alert.started_at)),
        last_seen_at: Some(timestamp(alert.last_seen_at)),
        resolved_at,
        resolve_reason: reason.into(),
        occurrences: alert.occurrences,
        evidence: alert.evidence.iter().map(|one| evidence(one)).collect(),
        acknowledgement: alert.acknowledgement.as_ref().map(acknowledgement),
        silenced_by: alert.silenced_by.iter().map(ToString::to_string).collect(),
        inhibited_by: alert.inhibited_by.iter().map(ToString::to_string).collect(),
    }
}

/// A participant, personal data masked. What the vendor's table does not name is left out: it may be personal.
pub fn participant(party: &Party) -> api::ParticipantNotification {
    api::ParticipantNotification {
        billing_code: party.billing_code.to_string(),
        party_id: party.party_id.to_string(),
        name: party.name.masked(),
        phone: party.phone.masked(),
        country: party.country.to_string(),
        area_code: party.area_code.to_string(),
        acm_phone: party.acm_phone.masked(),
        city: party.city.masked(),
        role: party.role.map(|role| role.0),
        status: Some(party.status.0),
        disconnect_reason: party.disconnect_reason.map(|reason| reason.0),
        connect_time: party.connect_time.map(timestamp),
    }
}

/// How bad an alert is.
pub const fn severity(severity: Severity) -> api::Severity {
    match severity {
        Severity::Info => api::Severity::Info,
        Severity::Warning => api::Severity::Warning,
        Severity::Critical => api::Severity::Critical,
    }
}

/// An instant.
pub fn timestamp(time: Time) -> prost_types::Timestamp {
    let (seconds, nanos) = time.to_parts();
    prost_types::Timestamp { seconds, nanos }
}

const fn resolve_reason(reason: ResolveReason) -> api::alert::ResolveReason {
    match reason {
        ResolveReason::Condition => api::alert::ResolveReason::Condition,
        ResolveReason::Match => api::alert::ResolveReason::Match,
        ResolveReason::Timeout => api::alert::ResolveReason::Timeout,
        ResolveReason::MeetingClosed => api::alert::ResolveReason::MeetingClosed,
        ResolveReason::Operator => api::alert::ResolveReason::Operator,
        ResolveReason::RuleChanged => api::alert::ResolveReason::RuleChanged,
        ResolveReason::RuleRemoved => api::alert::ResolveReason::RuleRemoved,
        ResolveReason::OffSchedule => api::alert::ResolveReason::OffSchedule,
        ResolveReason::RuleFailed => api::alert::ResolveReason::RuleFailed,
        ResolveReason::Evicted => api::alert::ResolveReason::Evicted,
    }
}

fn acknowledgement(acknowledgement: &Acknowledgement) -> api::Acknowledgement {
    api::Acknowledgement {
        acknowledged_by: acknowledgement.who.to_string(),
        comment: acknowledgement.why.clone(),
        acknowledged_at: Some(timestamp(acknowledgement.at)),
    }
}

fn key(key: &[(CompactString, CompactString)]) -> BTreeMap<String, String> {
    let shown = |(name, value): &(CompactString, CompactString)| (name.to_string(), masked_part(name, value).into());
    key.iter().map(shown).collect()
}

fn evidence(evidence: &Evidence) -> api::Evidence {
    let payload = match &evidence.payload {
        Payload::Conf(conf) => api::evidence::Payload::Conf(conference(conf)),
        Payload::Party(party) => api::evidence::Payload::Party(participant(party)),
    };
    api::Evidence {
        sequence: evidence.sequence,
        occurred_at: Some(timestamp(evidence.occurred_at)),
        received_at: Some(timestamp(evidence.received_at)),
        source: evidence.source.to_string(),
        payload: Some(payload),
    }
}

fn conference(conf: &Conf) -> api::ConferenceNotification {
    api::ConferenceNotification {
        billing_code: conf.billing_code.to_string(),
        status: Some(conf.status.0),
    }
}

#[cfg(test)]
mod tests;
