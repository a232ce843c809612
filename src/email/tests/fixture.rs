//! Intents for tests, one of each kind; what most tell of is a participant that found no free port.

use std::{sync::Arc, time::Duration};

use crate::{
    engine::{
        Change, TimelineEntry,
        outbox::{AlertList, Because, Digest, GroupNews, Held, Intent, IntentId, Numbers, Told},
    },
    model::{
        Acknowledgement, Alert, AlertId, AlertState, ConferenceStatus, DisconnectReason, Evidence, FilledText,
        Language, ParticipantStatus, Party, Payload, Personal, ResolveReason, Severity, Time,
    },
};

/// 2026-11-22 10:00:00 UTC.
pub(in crate::email) const TEN_O_CLOCK: Time = Time::from_nanos(1_795_341_600_000_000_000);

/// The first mail of an open, critical alert.
pub(in crate::email) fn fired() -> Intent {
    fired_as(alert())
}

/// The same with this alert in its place.
pub(in crate::email) fn fired_as(alert: Alert) -> Intent {
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
pub(in crate::email) fn resolved() -> Intent {
    resolved_as(alert())
}

/// The same with this alert in its place.
pub(in crate::email) fn resolved_as(mut alert: Alert) -> Intent {
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
pub(in crate::email) fn told(alerts: AlertList) -> Arc<Told> {
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
pub(in crate::email) fn alert() -> Alert {
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

/// News of a whole group: two kinds of alert in one meeting, one of them over, and what else happened there.
pub(in crate::email) fn grouped() -> Intent {
    let second = named(43, Severity::Critical, "port-full", "No free port for 138****0000");
    let stopped = named(
        44,
        Severity::Warning,
        "recording-stopped",
        "Meeting 33333 goes on without its recording",
    );
    let mut locked = named(
        45,
        Severity::Warning,
        "no-expert",
        "No expert in meeting 33333 for 5 minutes",
    );
    locked.state = AlertState::Resolved {
        at: after(400),
        reason: ResolveReason::Condition,
    };
    let mut taken = named(46, Severity::Info, "late-start", "Meeting 33333 began 6 minutes late");
    taken.acknowledgement = Some(Acknowledgement {
        who: "li.na".into(),
        why: "asked the host".to_owned(),
        at: after(60),
    });
    let mut intent = fired();
    let alerts = AlertList {
        fired: vec![alert(), second, stopped],
        resolved: vec![locked],
        open: vec![taken],
        ..AlertList::default()
    };
    intent.told = Arc::new(Told::Group(GroupNews {
        common: vec![("billing_code".into(), "33333".into())],
        because: Because::Routed,
        alerts,
        held: Held {
            silenced: 2,
            inhibited: 0,
            acknowledged: 1,
        },
        timeline: timeline(),
    }));
    intent
}

/// The same news, for those who are told because nobody took it on.
pub(in crate::email) fn escalated() -> Intent {
    let mut intent = with_timeline();
    if let Told::Group(news) = Arc::make_mut(&mut intent.told) {
        news.because = Because::Escalated {
            after: Duration::from_mins(15),
        };
    }
    intent.receiver = "duty-manager".into();
    intent
}

/// One alert, and what happened in its meeting.
pub(in crate::email) fn with_timeline() -> Intent {
    let mut intent = fired();
    if let Told::Group(news) = Arc::make_mut(&mut intent.told) {
        news.timeline = timeline();
    }
    intent
}

/// What was held back in an hour of many alerts: more than a mail lists.
pub(in crate::email) fn digest() -> Intent {
    let alerts: Vec<Alert> = (0..50)
        .map(|number| {
            let mut alert = named(
                100 + number,
                Severity::Warning,
                "no-answer",
                "A participant did not answer",
            );
            alert.key = vec![("billing_code".into(), format!("4{number:04}").into())];
            alert
        })
        .collect();
    let mut intent = fired();
    intent.severity = Severity::Warning;
    intent.told = Arc::new(Told::Digest(Digest {
        because: Because::Routed,
        since: TEN_O_CLOCK,
        held_back: 57,
        given_up: 0,
        by_rule: vec![
            ("late-start".into(), numbers(4, 0, 0)),
            ("no-answer".into(), numbers(60, 3, 0)),
        ],
        alerts: AlertList {
            fired: alerts,
            more: numbers(14, 3, 0),
            ..AlertList::default()
        },
    }));
    intent
}

/// A drill.
pub(in crate::email) fn drill() -> Intent {
    let mut intent = fired();
    intent.severity = Severity::Info;
    intent.told = Arc::new(Told::Drill { by: "li.na".into() });
    intent
}

/// The same in Chinese.
pub(in crate::email) fn in_chinese(mut intent: Intent) -> Intent {
    intent.language = Language::Chinese;
    intent
}

fn numbers(fired: u64, resolved: u64, open: u64) -> Numbers {
    Numbers { fired, resolved, open }
}

fn named(id: u128, severity: Severity, rule: &str, summary: &str) -> Alert {
    Alert {
        id: AlertId(id),
        rule: rule.into(),
        severity,
        key: vec![("billing_code".into(), "33333".into())],
        summary: FilledText {
            masked: summary.to_owned(),
            clear: None,
        },
        description: FilledText {
            masked: match rule {
                "recording-stopped" => "Nothing is kept of what is said until somebody starts it again.".to_owned(),
                _ => String::new(),
            },
            clear: None,
        },
        runbook_url: format!("https://runbooks.example.com/{rule}"),
        occurrences: 1,
        ..alert()
    }
}

fn timeline() -> Vec<TimelineEntry> {
    let of_party = |seconds, party: &str, status, reason| TimelineEntry {
        at: after(seconds),
        change: Change::Participant {
            party_id: party.into(),
            status,
            reason,
        },
    };
    let of_meeting = |seconds, status| TimelineEntry {
        at: after(seconds),
        change: Change::Meeting(status),
    };
    vec![
        of_meeting(-600, ConferenceStatus::MEETING_START),
        of_meeting(-598, ConferenceStatus::RECORDED),
        of_party(-590, "7YY0", ParticipantStatus::CONNECTING, None),
        of_party(-585, "7YY0", ParticipantStatus::SPEAKING, None),
        of_party(-3, "7YY1", ParticipantStatus::DIALING, None),
        of_party(
            0,
            "7YY1",
            ParticipantStatus::DISCONNECTED,
            Some(DisconnectReason::PORT_FULL),
        ),
        of_meeting(40, ConferenceStatus::NOT_RECORDED),
        of_party(90, "7YY2", ParticipantStatus(77), None),
    ]
}

fn after(seconds: i64) -> Time {
    Time::from_nanos(TEN_O_CLOCK.as_nanos() + seconds * 1_000_000_000)
}

fn party() -> Party {
    Party {
        name: Personal::new("真实名称"),
        phone: Personal::new("13939232332"),
        country: "86".into(),
        city: Personal::new("西安"),
        disconnect_reason: Some(DisconnectReason::PORT_FULL),
        ..Party::new("33333", "7YY1", ParticipantStatus::DISCONNECTED)
    }
}
