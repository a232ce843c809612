//! A mail about alerts, as the engine hands it to the mailer. The measurement of mails (`benches/mail.rs`) sends it too.

use std::sync::Arc;

use bellwether::{
    engine::{
        TimelineEntry,
        outbox::{AlertList, Because, GroupNews, Held, Intent, IntentId, Told},
    },
    model::{Alert, AlertId, AlertState, FilledText, Language, Severity, Time},
};

/// 2026-11-22 10:00:00 UTC.
pub const TEN_O_CLOCK: Time = Time::from_nanos(1_795_341_600_000_000_000);

/// An alert with that description.
pub fn alert(id: AlertId, description: &str) -> Alert {
    Alert {
        id,
        rule: "port-full".into(),
        severity: Severity::Critical,
        state: AlertState::Firing,
        labels: [("team".into(), "bridge".into())].into(),
        key: vec![("billing_code".into(), "33333".into())],
        summary: FilledText {
            masked: "真** found no free port in meeting 33333".to_owned(),
            clear: None,
        },
        description: FilledText {
            masked: description.to_owned(),
            clear: None,
        },
        runbook_url: "https://runbooks.example.com/port-full".to_owned(),
        started_at: TEN_O_CLOCK,
        last_seen_at: TEN_O_CLOCK,
        occurrences: 3,
        evidence: Vec::new(),
        acknowledgement: None,
        silenced_by: Vec::new(),
        inhibited_by: None,
    }
}

/// The first mail about them.
pub fn fired(id: IntentId, alerts: Vec<Alert>, timeline: Vec<TimelineEntry>) -> Intent {
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
        reply_to: None,
        clear: false,
        date: TEN_O_CLOCK,
        severity: Severity::Critical,
        told: Arc::new(Told::Group(GroupNews {
            common: Vec::new(),
            because: Because::Routed,
            alerts: AlertList {
                fired: alerts,
                ..AlertList::default()
            },
            held: Held::default(),
            timeline,
        })),
    }
}
