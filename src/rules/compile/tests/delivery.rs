//! Receivers, routes and inhibitions.

use std::time::Duration;

use super::{findings, good};
use crate::{
    model::{Alert, AlertId, AlertState, FilledText, Language, Severity, Time},
    rules::{GroupBy, RuleSet},
};

/// An alert of the rule `full` with that severity and billing code.
fn alert(severity: Severity, billing_code: &str) -> Alert {
    Alert {
        id: AlertId(1),
        rule: "full".into(),
        severity,
        state: AlertState::Firing,
        labels: [("team".into(), "bridge".into())].into(),
        key: vec![("billing_code".into(), billing_code.into())],
        summary: FilledText::default(),
        description: FilledText::default(),
        runbook_url: String::new(),
        started_at: Time::default(),
        last_seen_at: Time::default(),
        occurrences: 1,
        evidence: Vec::new(),
        acknowledgement: None,
        silenced_by: Vec::new(),
        inhibited_by: None,
    }
}

/// The names of the receivers that an alert goes to, in the order of the routes.
fn receivers<'r>(rules: &'r RuleSet, alert: &Alert) -> Vec<&'r str> {
    let routes = rules.routes_of(alert).into_iter();
    let receivers = routes.filter_map(|route| rules.routes[route].receiver);
    receivers
        .map(|receiver| rules.receivers[receiver].name.as_str())
        .collect()
}

#[test]
fn mistakes_of_routes() {
    told!(
        "routes",
        findings(&[(
            "rules.yaml",
            r"
rules:
- { name: full, when: party.status == MUTED, labels: { team: bridge } }
receivers:
- { name: a, email: { to: [a@example.com], cc: [A@example.com], max_per_hour: 0, language: fr }, fallback: b }
- { name: b, email: { to: [b@example.com] }, fallback: c }
- { name: c, email: { to: [c@example.com] }, fallback: a }
- { name: d, email: { to: [d@example.com] }, fallback: d }
- { name: e, email: { to: [e@example.com] }, fallback: nobody }
schedules: { business: { time_zone: UTC, times: '09:00-18:00' } }
route:
  group_by: [rule, billing_code, rule]
  repeat_interval: 0s
  mute: [busines]
  during: business
  routes:
  - { match: severity == CRITICAL }
  - receiver: b
    group_by: rule
    repeat_interval: []
    escalate:
    - { after: 15m, receiver: c }
    - { after: 5m, receiver: dd }
    - { receiver: a }
  - { receiver: d, match: rule == 'full' }
inhibit:
- { source: rule == 'full', target: party.status == MUTED, equal: [team, team] }
- { source: rule == 'full' }
"
        )])
    );
}

#[test]
fn warnings_of_routes() {
    told!(
        "route_warnings",
        findings(&[(
            "rules.yaml",
            r"
rules:
- { name: full, when: party.status == MUTED, labels: { team: bridge } }
receivers:
- { name: a, email: { to: [a@example.com] } }
- { name: b, email: { to: [b@example.com] } }
schedules: { unused: { time_zone: UTC } }
route:
  receiver: a
  group_by: [rule, biling_code, qqqqqqq]
  routes:
  - { receiver: a }
  - { receiver: a, match: rule == 'full' }
inhibit:
- { source: rule == 'full', target: 'true', equal: [team, teem] }
"
        )])
    );
}

#[test]
fn routes_inherit_what_they_do_not_set() {
    let rules = good(
        r"
rules:
- { name: full, when: party.status == MUTED, labels: { team: bridge } }
receivers:
- { name: a, email: { to: [a@example.com], cc: [b@example.com], language: zh, max_per_hour: 60 }, fallback: b }
- { name: b, email: { to: [b@example.com] } }
schedules: { nights: { time_zone: UTC, times: '20:00-06:00' } }
route:
  receiver: a
  group_by: [team]
  group_wait: 1s
  mute: nights
  escalate: [{ after: 5m, receiver: b }]
  routes:
  - match: severity >= WARNING
    group_interval: 2m
    repeat_interval: [5m, 1h]
    routes:
    - { match: severity == CRITICAL, receiver: b, group_by: each, mute: [], escalate: [], repeat_interval: never }
",
    );
    assert_eq!(rules.warnings, []);
    let [first, second] = rules.set.receivers.as_slice() else {
        panic!("two receivers");
    };
    assert_eq!(
        (first.language, first.max_per_hour, first.fallback),
        (Language::Chinese, Some(60), Some(1))
    );
    assert_eq!(
        (first.cc.as_slice(), second.fallback),
        (["b@example.com".to_owned()].as_slice(), None)
    );

    let [top, middle, last] = rules.set.routes.as_slice() else {
        panic!("three routes");
    };
    let (seconds, minutes) = (Duration::from_secs, |minutes: u64| Duration::from_secs(60 * minutes));
    assert_eq!(
        (top.receiver, middle.receiver, last.receiver),
        (Some(0), Some(0), Some(1))
    );
    assert_eq!((top.end, middle.end, last.end), (3, 3, 3));
    assert_eq!((last.group_wait, last.group_interval), (seconds(1), minutes(2)));
    assert_eq!(middle.group_by, GroupBy::Names(vec!["team".into()]));
    assert_eq!(last.group_by, GroupBy::Each);
    assert_eq!((middle.mute.as_slice(), middle.escalate.len()), ([0].as_slice(), 1));
    assert_eq!((last.mute.as_slice(), last.escalate.len()), ([].as_slice(), 0));
    assert_eq!(top.repeat.after(1), Some(minutes(240)), "if nothing is written");
    let repeats = [1, 2, 3, u32::MAX].map(|told| middle.repeat.after(told));
    assert_eq!(repeats, [minutes(5), minutes(60), minutes(60), minutes(60)].map(Some));
    assert_eq!(last.repeat.after(1), None);
}

#[test]
fn a_route_takes_what_it_matches_and_none_below_it_takes() {
    let rules = good(
        r"
rules:
- { name: full, when: party.status == MUTED, severity_if: { critical: party.role == EXPERT }, labels: { team: bridge } }
receivers:
- { name: rest, email: { to: [a@example.com] } }
- { name: bridge, email: { to: [a@example.com] } }
- { name: critical, email: { to: [a@example.com] } }
- { name: also, email: { to: [a@example.com] } }
- { name: last, email: { to: [a@example.com] } }
route:
  receiver: rest
  routes:
  - match: labels.team == 'bridge' && key.billing_code != '3'
    receiver: bridge
    continue: true
    routes:
    - { match: severity == CRITICAL, receiver: critical }
  - { match: key.billing_code != '2', receiver: also }
  - { match: key.billing_code == '1', receiver: last }
",
    )
    .set;
    for (severity, billing_code, expected) in [
        (Severity::Warning, "1", ["bridge", "also"].as_slice()),
        (Severity::Critical, "1", &["critical", "also"]),
        (Severity::Critical, "2", &["critical"]),
        (Severity::Warning, "3", &["also"]),
    ] {
        assert_eq!(
            receivers(&rules, &alert(severity, billing_code)),
            expected,
            "{severity} {billing_code}"
        );
    }
    let mut other = alert(Severity::Info, "2");
    other.labels.clear();
    assert_eq!(receivers(&rules, &other), ["rest"]);
}
