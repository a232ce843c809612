//! What rule files without mistakes give.

use super::good;
use crate::{
    model::Severity,
    rules::{Condition, KeyField, Resolve, file::Given},
};

#[test]
fn compiles_what_the_keys_say() {
    let compiled = good(
        r#"
define:
  refused: party.status == DISCONNECTED && party.disconnect_reason in [PORT_FULL, MEETING_FULL]
rules:
- name: port-full
  when: refused
  severity: critical
  labels: { team: bridge }
  summary: "{{ party.name }} was refused from meeting {{ billing_code }}"
  runbook: https://example.com/port-full
- name: recording-stopped
  while: meeting.live && meeting.recording == NOT_RECORDED
  for: 10s
  keep_firing_for: 1m
- name: muted-expert
  while: party.role == EXPERT && party.status == MUTED
- { name: caller, when: party.status == DISCONNECTED, key: [party.phone, source], resolve: { when: party.status == SPEAKING }, enabled: false }
receivers:
- name: bridge-ops
  email: { to: [noc@example.com], reply_to: lead@example.com, personal_data: clear, send_resolved: false }
route:
  receiver: bridge-ops
  routes:
  - { match: labels.team == 'bridge', receiver: bridge-ops }
"#,
    );
    assert_eq!(compiled.warnings, []);
    let [port_full, stopped, muted, caller] = compiled.set.rules.as_slice() else {
        panic!("four rules");
    };
    assert_eq!(
        (port_full.severity.otherwise, port_full.labels["team"].as_str()),
        (Severity::Critical, "bridge")
    );
    assert_eq!(port_full.key.fields, [KeyField::BillingCode]);
    assert_eq!((port_full.place.file.as_str(), port_full.place.line), ("rules.yaml", 5));
    assert!(
        port_full.place.text.starts_with("name: port-full\nwhen: refused\n"),
        "{}",
        port_full.place.text
    );
    assert!(port_full.place.text.ends_with("port-full"), "{}", port_full.place.text);
    assert!(matches!(port_full.resolve, Resolve { when: None, after: Some(after) } if after.as_secs() == 600));
    assert!(matches!(
        stopped.condition,
        Condition::Held { for_, keep_firing_for, .. } if for_.as_secs() == 10 && keep_firing_for.as_secs() == 60
    ));
    assert_eq!(stopped.key.fields, [KeyField::BillingCode]);
    assert!(matches!(
        stopped.resolve,
        Resolve {
            when: None,
            after: None
        }
    ));
    assert_eq!(muted.key.fields, [KeyField::BillingCode, KeyField::PartyId]);
    assert_eq!(caller.key.fields, [KeyField::Phone, KeyField::Source]);
    assert!(matches!(
        caller.resolve,
        Resolve {
            when: Some(_),
            after: None
        }
    ));
    assert!(!caller.enabled);
    assert!(
        caller.place.text.starts_with("{ name: caller,") && caller.place.text.ends_with(" }"),
        "{}",
        caller.place.text
    );
    let receiver = &compiled.set.receivers[0];
    assert_eq!((receiver.clear, receiver.send_resolved), (true, false));
    let routes: Vec<_> = compiled
        .set
        .routes
        .iter()
        .map(|route| (route.filter.is_some(), route.receiver))
        .collect();
    assert_eq!(routes, [(false, Some(0)), (true, Some(0))]);
}

#[test]
fn reads_tests_of_rules() {
    let compiled = good(
        r#"
rules:
- { name: port-full, when: 'true' }
tests:
- name: t
  given:
  - 0s:  conf {billingCode = '33333', status = '1'}
  - 1m30s: { party: { billing_code: '33333', party_id: x, status: SPEAKING, disconnect_reason: 6, occurred_at: 58s, source: bridge-a } }
  - 2m:
      restart: 90s
  - 3m: restart
  expect:
  - 0s: fired port-full{billing_code="33333",name="a \"b\", c"}
  until: 10m
  start: 2026-01-05T08:00:00Z
"#,
    );
    let [test] = compiled.tests.as_slice() else {
        panic!("one test");
    };
    assert!(
        matches!(&test.given[0].given, Given::ConfText(text) if text.value == "{billingCode = '33333', status = '1'}")
    );
    assert!(matches!(&test.given[1].given, Given::Notification(n) if n.occurred_at.unwrap().as_secs() == 58));
    assert!(matches!(test.given[2].given, Given::Restart { down } if down.as_secs() == 90));
    assert!(matches!(test.given[3].given, Given::Restart { down } if down.is_zero()));
    assert_eq!(
        test.expect[0].alert.key,
        [
            ("billing_code".to_owned(), "33333".to_owned()),
            ("name".to_owned(), "a \"b\", c".to_owned())
        ]
    );
    assert_eq!(
        (test.until.unwrap().as_secs(), test.start.unwrap().to_string().as_str()),
        (600, "2026-01-05T08:00:00Z")
    );
}

#[test]
fn meaning_is_what_decides_and_nothing_else() {
    let meaning = |lines: &str| {
        good(&format!(
            "define: {{ d: party.status == MUTED }}\nrules:\n- name: a\n{lines}"
        ))
        .set
        .rules[0]
            .meaning
    };
    let base = meaning("  when: party.status == MUTED\n");
    for same in [
        "  when: d\n",
        "  when: party.status==MUTED\n  severity: critical\n  summary: x\n  labels: { a: b }\n",
        "  when: d\n  key: [conf.billing_code]\n  resolve: { after: 10m }\n",
    ] {
        assert_eq!(meaning(same), base, "{same}");
    }
    for other in [
        "  when: party.status == SPEAKING\n",
        "  while: party.status == MUTED\n",
        "  when: d\n  key: []\n",
        "  when: d\n  resolve: { after: 11m }\n",
        "  when: d\n  resolve: { when: party.status == SPEAKING }\n",
    ] {
        assert_ne!(meaning(other), base, "{other}");
    }
    let held = |lines: &str| meaning(&format!("  while: meeting.live\n{lines}"));
    assert_ne!(held("  for: 5s\n"), held("  for: 6s\n"));
    assert_ne!(held("  for: 5s\n"), held("  keep_firing_for: 5s\n"));
}
