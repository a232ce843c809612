//! API messages as JSON, by protobuf's own mapping: lowerCamelCase names, 64-bit numbers as strings, enums by their full names, codes that
//! no enum lists by number. Fields without presence are always there, so that programs need not guess.

mod delivery;
mod explanation;
mod receiver;
mod silence;

use prost_types::Timestamp;
use serde_json::{Map, Value, json};

use super::show::rfc3339;
use crate::api;

pub(super) use delivery::{delivery, destination};
pub(super) use explanation::explanation;
pub(super) use receiver::receivers;
pub(super) use silence::silence;

/// A message with one of its events.
pub(super) fn subscribe_response(cursor: &str, event: &api::AlertEvent) -> Value {
    json!({ "cursor": cursor, "event": alert_event(event) })
}

pub(super) fn alert_event(event: &api::AlertEvent) -> Value {
    object([
        ("sequence", uint64(event.sequence)),
        ("type", name(event.r#type, api::alert_event::Type::as_str_name)),
        ("occurredAt", timestamp(event.occurred_at.as_ref())),
        ("alert", event.alert.as_ref().map_or(Value::Null, alert)),
    ])
}

pub(super) fn alert(alert: &api::Alert) -> Value {
    object([
        ("id", json!(alert.id)),
        ("rule", json!(alert.rule)),
        ("severity", name(alert.severity, api::Severity::as_str_name)),
        ("state", name(alert.state, api::alert::State::as_str_name)),
        ("labels", json!(alert.labels)),
        ("key", json!(alert.key)),
        ("summary", json!(alert.summary)),
        ("description", json!(alert.description)),
        ("runbookUrl", json!(alert.runbook_url)),
        ("startedAt", timestamp(alert.started_at.as_ref())),
        ("lastSeenAt", timestamp(alert.last_seen_at.as_ref())),
        ("resolvedAt", timestamp(alert.resolved_at.as_ref())),
        (
            "resolveReason",
            name(alert.resolve_reason, api::alert::ResolveReason::as_str_name),
        ),
        ("occurrences", uint64(alert.occurrences)),
        ("evidence", alert.evidence.iter().map(evidence).collect()),
        (
            "acknowledgement",
            alert.acknowledgement.as_ref().map_or(Value::Null, acknowledgement),
        ),
        ("silencedBy", json!(alert.silenced_by)),
        ("inhibitedBy", json!(alert.inhibited_by)),
    ])
}

fn acknowledgement(acknowledgement: &api::Acknowledgement) -> Value {
    object([
        ("acknowledgedBy", json!(acknowledgement.acknowledged_by)),
        ("comment", json!(acknowledgement.comment)),
        ("acknowledgedAt", timestamp(acknowledgement.acknowledged_at.as_ref())),
    ])
}

fn evidence(evidence: &api::Evidence) -> Value {
    use api::evidence::Payload;
    let (conf, party) = match &evidence.payload {
        Some(Payload::Conf(of)) => (conference(of), Value::Null),
        Some(Payload::Party(of)) => (Value::Null, participant_notification(of)),
        None => (Value::Null, Value::Null),
    };
    object([
        ("sequence", uint64(evidence.sequence)),
        ("occurredAt", timestamp(evidence.occurred_at.as_ref())),
        ("receivedAt", timestamp(evidence.received_at.as_ref())),
        ("source", json!(evidence.source)),
        ("conf", conf),
        ("party", party),
    ])
}

fn conference(conf: &api::ConferenceNotification) -> Value {
    object([
        ("billingCode", json!(conf.billing_code)),
        ("status", optional(conf.status, api::ConferenceStatus::as_str_name)),
    ])
}

fn participant_notification(party: &api::ParticipantNotification) -> Value {
    object([
        ("billingCode", json!(party.billing_code)),
        ("partyId", json!(party.party_id)),
        ("name", json!(party.name)),
        ("phone", json!(party.phone)),
        ("country", json!(party.country)),
        ("areaCode", json!(party.area_code)),
        ("acmPhone", json!(party.acm_phone)),
        ("city", json!(party.city)),
        ("role", optional(party.role, api::Role::as_str_name)),
        ("status", optional(party.status, api::ParticipantStatus::as_str_name)),
        (
            "disconnectReason",
            optional(party.disconnect_reason, api::DisconnectReason::as_str_name),
        ),
        ("connectTime", timestamp(party.connect_time.as_ref())),
    ])
}

pub(super) fn meeting(meeting: &api::Meeting) -> Value {
    object([
        ("billingCode", json!(meeting.billing_code)),
        ("openedSequence", uint64(meeting.opened_sequence)),
        ("live", json!(meeting.live)),
        ("openedAt", timestamp(meeting.opened_at.as_ref())),
        ("startedAt", timestamp(meeting.started_at.as_ref())),
        ("endedAt", timestamp(meeting.ended_at.as_ref())),
        (
            "recording",
            optional(meeting.recording, api::ConferenceStatus::as_str_name),
        ),
        ("wasRecorded", json!(meeting.was_recorded)),
        ("mutedAll", json!(meeting.muted_all)),
        ("presentCount", json!(meeting.present_count)),
        ("talkingCount", json!(meeting.talking_count)),
        ("dialingCount", json!(meeting.dialing_count)),
        ("expertCount", json!(meeting.expert_count)),
        ("clientCount", json!(meeting.client_count)),
        ("peakPresentCount", json!(meeting.peak_present_count)),
        ("refusedCount", json!(meeting.refused_count)),
        ("participants", meeting.participants.iter().map(participant).collect()),
        ("timeline", meeting.timeline.iter().map(timeline_entry).collect()),
        ("alertIds", json!(meeting.alert_ids)),
    ])
}

fn participant(participant: &api::Participant) -> Value {
    object([
        (
            "known",
            participant.known.as_ref().map_or(Value::Null, participant_notification),
        ),
        ("changedAt", timestamp(participant.changed_at.as_ref())),
    ])
}

fn timeline_entry(entry: &api::TimelineEntry) -> Value {
    use api::timeline_entry::Change;
    let (conference, participant) = match entry.change {
        Some(Change::ConferenceStatus(status)) => (Some(status), None),
        Some(Change::ParticipantStatus(status)) => (None, Some(status)),
        None => (None, None),
    };
    object([
        ("occurredAt", timestamp(entry.occurred_at.as_ref())),
        ("partyId", json!(entry.party_id)),
        (
            "conferenceStatus",
            optional(conference, api::ConferenceStatus::as_str_name),
        ),
        (
            "participantStatus",
            optional(participant, api::ParticipantStatus::as_str_name),
        ),
        (
            "disconnectReason",
            optional(entry.disconnect_reason, api::DisconnectReason::as_str_name),
        ),
    ])
}

pub(super) fn rule(rule: &api::Rule) -> Value {
    object([
        ("name", json!(rule.name)),
        ("text", json!(rule.text)),
        ("file", json!(rule.file)),
        ("line", json!(rule.line)),
        ("severity", name(rule.severity, api::Severity::as_str_name)),
        ("enabled", json!(rule.enabled)),
        ("openAlerts", uint64(rule.open_alerts)),
        ("pending", uint64(rule.pending)),
        ("matched", uint64(rule.matched)),
        ("fired", uint64(rule.fired)),
        ("keyless", uint64(rule.keyless)),
        ("lastFiredAt", timestamp(rule.last_fired_at.as_ref())),
        ("keys", uint64(rule.keys)),
        ("evicted", uint64(rule.evicted)),
        ("sight", name(rule.sight, api::rule::Sight::as_str_name)),
    ])
}

pub(super) fn reload(reload: &api::ReloadRulesResponse) -> Value {
    object([
        ("applied", json!(reload.applied)),
        ("diagnostics", reload.diagnostics.iter().map(diagnostic).collect()),
        ("rules", reload.rules.iter().map(rule_change).collect()),
    ])
}

fn rule_change(change: &api::RuleChange) -> Value {
    object([
        ("name", json!(change.name)),
        ("fate", name(change.fate, api::rule_change::Fate::as_str_name)),
        ("alerts", uint64(change.alerts)),
        ("timers", uint64(change.timers)),
    ])
}

fn diagnostic(diagnostic: &api::Diagnostic) -> Value {
    object([
        ("level", name(diagnostic.level, api::diagnostic::Level::as_str_name)),
        ("message", json!(diagnostic.message)),
        ("advice", json!(diagnostic.advice)),
        ("file", json!(diagnostic.file)),
        ("line", json!(diagnostic.line)),
        ("column", json!(diagnostic.column)),
        ("rendered", json!(diagnostic.rendered)),
        ("endLine", json!(diagnostic.end_line)),
        ("endColumn", json!(diagnostic.end_column)),
    ])
}

/// An object of what is there: `null` stands for an absent field and is left out.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let there = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(
        there
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

fn uint64(number: u64) -> Value {
    Value::String(number.to_string())
}

fn timestamp(time: Option<&Timestamp>) -> Value {
    time.map_or(Value::Null, |time| Value::String(rfc3339(time)))
}

fn name<E: TryFrom<i32>>(number: i32, name: fn(&E) -> &'static str) -> Value {
    E::try_from(number).map_or_else(|_| json!(number), |value| json!(name(&value)))
}

fn optional<E: TryFrom<i32>>(number: Option<i32>, as_name: fn(&E) -> &'static str) -> Value {
    number.map_or(Value::Null, |number| name(number, as_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_as_protobuf_maps_it() {
        let at = |seconds| {
            Some(Timestamp {
                seconds,
                nanos: 500_000_000,
            })
        };
        let event = api::AlertEvent {
            sequence: u64::MAX,
            r#type: api::alert_event::Type::Fired.into(),
            occurred_at: at(0),
            alert: Some(api::Alert {
                id: "a1".to_owned(),
                rule: "port-full".to_owned(),
                severity: api::Severity::Critical.into(),
                state: api::alert::State::Firing.into(),
                key: [("billing_code".to_owned(), "33333".to_owned())].into(),
                occurrences: 1,
                evidence: vec![api::Evidence {
                    sequence: 7,
                    payload: Some(api::evidence::Payload::Party(api::ParticipantNotification {
                        billing_code: "33333".to_owned(),
                        status: Some(0),
                        disconnect_reason: Some(6),
                        ..Default::default()
                    })),
                    ..Default::default()
                }],
                acknowledgement: Some(api::Acknowledgement {
                    acknowledged_by: "duty".to_owned(),
                    comment: "on it".to_owned(),
                    acknowledged_at: at(1),
                }),
                silenced_by: vec!["51".to_owned()],
                ..Default::default()
            }),
        };
        assert_eq!(
            subscribe_response("c", &event),
            json!({
                "cursor": "c",
                "event": {
                    "sequence": "18446744073709551615",
                    "type": "TYPE_FIRED",
                    "occurredAt": "1970-01-01T00:00:00.5Z",
                    "alert": {
                        "id": "a1", "rule": "port-full", "severity": "SEVERITY_CRITICAL", "state": "STATE_FIRING",
                        "labels": {}, "key": { "billing_code": "33333" }, "summary": "", "description": "", "runbookUrl": "",
                        "resolveReason": "RESOLVE_REASON_UNSPECIFIED", "occurrences": "1",
                        "evidence": [{
                            "sequence": "7", "source": "",
                            "party": {
                                "billingCode": "33333", "partyId": "", "name": "", "phone": "", "country": "", "areaCode": "",
                                "acmPhone": "", "city": "", "status": "PARTICIPANT_STATUS_DISCONNECTED", "disconnectReason": 6
                            }
                        }],
                        "acknowledgement": {
                            "acknowledgedBy": "duty", "comment": "on it", "acknowledgedAt": "1970-01-01T00:00:01.5Z"
                        },
                        "silencedBy": ["51"], "inhibitedBy": []
                    }
                }
            })
        );
    }

    #[test]
    fn what_is_absent_is_left_out_and_zero_is_not() {
        let entry = api::TimelineEntry {
            change: Some(api::timeline_entry::Change::ParticipantStatus(0)),
            ..Default::default()
        };
        assert_eq!(
            timeline_entry(&entry),
            json!({ "partyId": "", "participantStatus": "PARTICIPANT_STATUS_DISCONNECTED" })
        );
    }
}
