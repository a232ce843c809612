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

#[test]
fn where_an_alert_would_go_and_when() {
    let rules = good(
        r"
rules:
- { name: full, when: party.status == MUTED, severity_if: { critical: party.role == EXPERT }, labels: { team: bridge } }
receivers:
- { name: ops, email: { to: [a@example.com] } }
- { name: duty, email: { to: [a@example.com] } }
schedules:
  business-hours: { time_zone: UTC, weekdays: mon-fri, times: '09:00-18:00' }
  never: { time_zone: UTC, dates: ['1970-01-01'] }
route:
  receiver: ops
  during: business-hours
  escalate: [{ after: 15m, receiver: duty }]
  routes:
  - { match: severity == CRITICAL, receiver: duty, during: never, continue: true }
  - match: labels.team == 'bridge'
    routes:
    - { match: key.billing_code == '1', group_by: each, repeat_interval: [1m, 1h], group_wait: 0s }
",
    )
    .set;
    // A Thursday.
    let at = |hours: u64| Time::default().plus(Duration::from_hours(hours));
    let critical = alert(Severity::Critical, "1");
    let [duty, ops] = rules.destinations(&critical, at(34)).try_into().unwrap();
    assert_eq!(
        (duty.way, duty.receiver.name.as_str(), duty.first_mail),
        (vec![0, 1], "duty", None)
    );
    assert_eq!(
        (ops.way, ops.receiver.name.as_str(), ops.first_mail),
        (vec![0, 2, 3], "ops", Some(at(34)))
    );
    assert_eq!(ops.group, [("alert".into(), critical.id.to_string().into())]);
    let other = alert(Severity::Info, "2");
    let [ops] = rules.destinations(&other, at(44)).try_into().unwrap();
    assert_eq!(
        ops.group,
        [("rule".into(), "full".into()), ("billing_code".into(), "2".into())]
    );
    assert_eq!(ops.first_mail, Some(at(4 * 24 + 9)), "on Monday morning");

    let mails = rules.routes[3].first_mails(4).into_iter();
    let mails: Vec<_> = mails.map(|due| (due.after.as_secs(), due.receiver)).collect();
    assert_eq!(mails, [(0, 0), (60, 0), (15 * 60, 1), (16 * 60, 1)]);
}

#[test]
fn whoever_several_routes_lead_to_is_told_by_the_first() {
    let rules = good(
        r"
rules:
- { name: full, when: party.status == MUTED }
receivers:
- { name: ops, email: { to: [a@example.com] } }
- { name: duty, email: { to: [a@example.com] } }
route:
  receiver: ops
  routes:
  - { match: severity == CRITICAL, receiver: duty, group_by: each, continue: true }
  - { receiver: duty, continue: true }
  - { receiver: ops }
",
    )
    .set;
    for (severity, expected) in [(Severity::Critical, [1, 3]), (Severity::Info, [2, 3])] {
        let alert = alert(severity, "1");
        assert_eq!(rules.routes_of(&alert), expected);
        let destinations = rules.destinations(&alert, Time::default()).into_iter();
        let takers: Vec<_> = destinations
            .map(|destination| destination.way.last().copied())
            .collect();
        assert_eq!(takers, expected.map(Some));
    }
}
