//! An alert as callers see it: whole, and with nothing personal in it.

use prost::Message as _;

use super::*;
use crate::model::{
    AlertId, ConferenceStatus, DisconnectReason, FilledText, Labels, ParticipantStatus, Personal, Role, SilenceId,
};

fn at(seconds: i64) -> Time {
    Time::from_nanos(seconds * 1_000_000_000 + 1)
}

/// An alert with personal data wherever it can be.
fn fired() -> Alert {
    let filled = |masked: &str, clear: &str| FilledText {
        masked: masked.to_owned(),
        clear: Some(clear.to_owned()),
    };
    let party = Party {
        billing_code: "33333".into(),
        party_id: "p1".into(),
        name: Personal::new("真实名称"),
        phone: Personal::new("13939232332"),
        country: "86".into(),
        area_code: "010".into(),
        acm_phone: Personal::new("(86)13939232332"),
        city: Personal::new("陕西.西安"),
        role: Some(Role::EXPERT),
        status: ParticipantStatus::DISCONNECTED,
        disconnect_reason: Some(DisconnectReason::PORT_FULL),
        connect_time: Some(at(90)),
        extra: Some([("seat".into(), Personal::new("真实名称"))].into()),
    };
    let conf = Conf {
        billing_code: "33333".into(),
        status: ConferenceStatus(0),
        extra: None,
    };
    let evidence = |sequence, payload| Evidence {
        sequence,
        occurred_at: at(99),
        received_at: at(100),
        source: "bridge".into(),
        payload,
    };
    Alert {
        id: AlertId(0xAB),
        rule: "port-full".into(),
        severity: Severity::Critical,
        state: AlertState::Firing,
        labels: Labels::from([("team".into(), "bridge".into())]),
        key: vec![
            ("phone".into(), "13939232332".into()),
            ("name".into(), "真实名称".into()),
            ("acm_phone".into(), "(86)13939232332".into()),
            ("city".into(), "陕西.西安".into()),
            ("billing_code".into(), "33333".into()),
        ],
        summary: filled("真** cannot join", "真实名称 cannot join"),
        description: filled("139****2332", "13939232332"),
        runbook_url: "https://runbooks/port-full".to_owned(),
        started_at: at(100),
        last_seen_at: at(101),
        occurrences: 3,
        evidence: vec![
            evidence(8, Payload::Party(party)).into(),
            evidence(7, Payload::Conf(conf)).into(),
        ],
        acknowledgement: Some(Acknowledgement {
            who: "duty".into(),
            why: "on it".to_owned(),
            at: at(102),
        }),
        silenced_by: vec![SilenceId(1), SilenceId(2)],
        inhibited_by: Some(AlertId(3)),
    }
}

#[test]
fn an_alert_is_shown_whole() {
    let wire = alert(&fired());
    assert_eq!(wire.id, format!("{:032x}", 0xAB));
    assert_eq!(wire.severity(), api::Severity::Critical);
    assert_eq!(wire.state(), api::alert::State::Firing);
    assert_eq!((wire.resolved_at, wire.resolve_reason), (None, 0));
    assert_eq!(wire.labels["team"], "bridge");
    assert_eq!(wire.key["billing_code"], "33333");
    assert_eq!(wire.key["phone"], "139****2332");
    let acknowledgement = wire.acknowledgement.clone().unwrap();
    assert_eq!(
        (
            acknowledgement.acknowledged_by.as_str(),
            acknowledgement.comment.as_str()
        ),
        ("duty", "on it")
    );
    assert_eq!(acknowledgement.acknowledged_at, Some(timestamp(at(102))));
    assert_eq!(wire.silenced_by, [format!("{:032x}", 1), format!("{:032x}", 2)]);
    assert_eq!(wire.inhibited_by, [format!("{:032x}", 3)]);
    assert_eq!(wire.started_at, Some(prost_types::Timestamp { seconds: 100, nanos: 1 }));
    let Some(api::evidence::Payload::Party(party)) = &wire.evidence[0].payload else {
        panic!("the first evidence is a party's")
    };
    assert_eq!(
        (party.party_id.as_str(), party.country.as_str(), party.name.as_str()),
        ("p1", "86", "真**")
    );
    assert_eq!(
        (party.role, party.status, party.disconnect_reason),
        (Some(0), Some(0), Some(5))
    );
    let Some(api::evidence::Payload::Conf(conf)) = &wire.evidence[1].payload else {
        panic!("the second evidence is a conf's")
    };
    assert_eq!(conf.status, Some(0));
}

#[test]
fn nothing_personal_leaves() {
    let bytes = alert(&fired()).encode_to_vec();
    let bytes = String::from_utf8_lossy(&bytes);
    for personal in ["真实", "3939232332", "西安"] {
        assert!(!bytes.contains(personal), "{personal}");
    }
}

#[test]
fn an_event_tells_what_happened() {
    let mut alert = fired();
    for (kind, expected) in [
        (AlertEventKind::Fired, api::alert_event::Type::Fired),
        (AlertEventKind::Updated, api::alert_event::Type::Updated),
        (AlertEventKind::Escalated, api::alert_event::Type::Escalated),
        (AlertEventKind::Acknowledged, api::alert_event::Type::Acknowledged),
        (AlertEventKind::Silenced, api::alert_event::Type::Silenced),
        (AlertEventKind::Unsilenced, api::alert_event::Type::Unsilenced),
        (AlertEventKind::Inhibited, api::alert_event::Type::Inhibited),
        (AlertEventKind::Uninhibited, api::alert_event::Type::Uninhibited),
        (AlertEventKind::Resolved, api::alert_event::Type::Resolved),
    ] {
        let event = AlertEvent {
            sequence: 9,
            kind,
            at: at(102),
            alert: alert.clone(),
        };
        let wire = alert_event(&event);
        assert_eq!((wire.sequence, wire.r#type()), (9, expected));
    }
    alert.state = AlertState::Resolved {
        at: at(103),
        reason: ResolveReason::MeetingClosed,
    };
    let wire = current(&alert, at(104));
    assert_eq!((wire.sequence, wire.r#type()), (0, api::alert_event::Type::Current));
    let wire = wire.alert.unwrap();
    assert_eq!(wire.state(), api::alert::State::Resolved);
    assert_eq!(wire.resolve_reason(), api::alert::ResolveReason::MeetingClosed);
    assert_eq!(wire.resolved_at, Some(timestamp(at(103))));
}
