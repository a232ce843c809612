//! An intent for tests: a participant that found no free port.

use std::sync::Arc;

use crate::{
    engine::outbox::{AlertList, Because, GroupNews, Held, Intent, IntentId, Told},
    model::{
        Alert, AlertId, AlertState, DisconnectReason, Evidence, FilledText, Language, ParticipantStatus, Party,
        Payload, Personal, ResolveReason, Severity, Time,
    },
};

/// 2026-11-22 10:00:00 UTC.
pub(super) const TEN_O_CLOCK: Time = Time::from_nanos(1_795_341_600_000_000_000);

/// The first mail of an open, critical alert.
pub(super) fn fired() -> Intent {
    fired_as(alert())
}

/// The same with this alert in its place.
pub(super) fn fired_as(alert: Alert) -> Intent {
    let id = IntentId(0x1f2e_3d4c << 96 | 7);
    Intent {
        id,
        root: id,
        answers: None,
        number: 1,
        template: Intent::TEMPLATE,
        language: Language::English,
        receiver: "bridge-ops".into(),
        recipient: "noc@example.com".to_owned(),
        to: vec!["noc@example.com".to_owned()],
        cc: Vec::new(),
        reply_to: Some("desk@example.com".to_owned()),
        clear: false,
        date: TEN_O_CLOCK,
        severity: alert.severity,
        told: told(AlertList {
            fired: vec![alert],
            ..AlertList::default()
        }),
    }
}

/// The mail that tells of its end, 1 h 2 min 5 s later.
pub(super) fn resolved() -> Intent {
    resolved_as(alert())
}

/// The same with this alert in its place.
pub(super) fn resolved_as(mut alert: Alert) -> Intent {
    alert.state = AlertState::Resolved {
        at: Time::from_nanos(TEN_O_CLOCK.as_nanos() + 3_725_000_000_000),
        reason: ResolveReason::MeetingClosed,
    };
    let first = fired();
    Intent {
        id: IntentId(8),
        answers: Some(first.id),
        number: 2,
        told: told(AlertList {
            resolved: vec![alert],
            ..AlertList::default()
        }),
        ..first
    }
}

/// What a group of one kind of alert in one meeting has to tell.
pub(super) fn told(alerts: AlertList) -> Arc<Told> {
    Arc::new(Told::Group(GroupNews {
        common: vec![
            ("rule".into(), "port-full".into()),
            ("billing_code".into(), "33333".into()),
        ],
        because: Because::Routed,
        alerts,
        held: Held::default(),
        timeline: Vec::new(),
    }))
}

/// A participant has found no free port, three times.
pub(super) fn alert() -> Alert {
    let at = TEN_O_CLOCK;
    Alert {
        id: AlertId(42),
        rule: "port-full".into(),
        severity: Severity::Critical,
        state: AlertState::Firing,
        labels: [("team".into(), "bridge".into())].into(),
        key: vec![
            ("billing_code".into(), "33333".into()),
            ("phone".into(), "13939232332".into()),
        ],
        summary: FilledText {
            masked: "No free port for 139****2332".to_owned(),
            clear: Some("No free port for 13939232332".to_owned()),
        },
        description: FilledText {
            masked: "The bridge is full.\nMore ports help.".to_owned(),
            clear: None,
        },
        runbook_url: "https://runbooks.example.com/port-full?a=1&b=2".to_owned(),
        started_at: at,
        last_seen_at: Time::from_nanos(at.as_nanos() + 90_000_000_000),
        occurrences: 3,
        evidence: vec![Arc::new(Evidence {
            sequence: 9,
            occurred_at: at,
            received_at: at,
            source: "bridge-1".into(),
            payload: Payload::Party(party()),
        })],
        acknowledgement: None,
        silenced_by: Vec::new(),
        inhibited_by: None,
    }
}

fn party() -> Party {
    Party {
        billing_code: "33333".into(),
        party_id: "7YY1".into(),
        name: Personal::new("真实名称"),
        phone: Personal::new("13939232332"),
        country: "86".into(),
        area_code: "".into(),
        acm_phone: Personal::default(),
        city: Personal::new("西安"),
        role: None,
        status: ParticipantStatus::DISCONNECTED,
        disconnect_reason: Some(DisconnectReason::PORT_FULL),
        connect_time: None,
        extra: None,
    }
}
