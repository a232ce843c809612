use std::fmt::Write;

use super::*;
use crate::{
    model::Severity,
    rules::{Condition, KeyField, Resolve, SourceFile, file::Given},
};

fn source(files: &[(&str, &str)]) -> Arc<RuleSource> {
    let file = |(name, text): &(&str, &str)| SourceFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    };
    Arc::new(RuleSource {
        files: files.iter().map(file).collect(),
    })
}

fn good(text: &str) -> Compiled {
    let source = source(&[("rules.yaml", text)]);
    compile(&source).unwrap_or_else(|findings| panic!("{}", rendered(&findings, &source)))
}

fn findings(files: &[(&str, &str)]) -> String {
    let source = source(files);
    let findings = compile(&source).map_or_else(|findings| findings, |compiled| compiled.warnings);
    rendered(&findings, &source)
}

fn rendered(findings: &[Diagnostic], source: &RuleSource) -> String {
    let mut all = String::new();
    for finding in findings {
        writeln!(all, "{}\n", finding.render(source, false)).unwrap();
    }
    all
}

/// What is said of a rule with these further lines.
fn of_rule(lines: &str) -> String {
    findings(&[("rules.yaml", &format!("rules:\n- name: a\n{lines}"))])
}

macro_rules! told {
    ($name:literal, $findings:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots", omit_expression => true }, {
            insta::assert_snapshot!($name, $findings);
        })
    };
}

mod delivery;
mod schedules;

#[test]
fn keys_that_are_not_known() {
    told!(
        "unknown_keys",
        findings(&[(
            "rules.yaml",
            "rule: []\nrules:\n- name: a\n  when: party.status == SPEAKING\n  serverity: critical\n  tally: { at_least: 3 }\n  \
             resolve: { wen: 'true', after: 5m }\nroute: { grup_by: [rule] }\n"
        )])
    );
}

#[test]
fn names_that_stand_twice() {
    told!(
        "names_twice",
        findings(&[
            (
                "a.yaml",
                "rules:\n- name: port-full\n  when: party.status == SPEAKING\n"
            ),
            (
                "b.yaml",
                "rules:\n- name: port-full\n  when: party.status == MUTED\n  when: conf.status == RECORDED\ndefine:\n  x: 'true'\n  x: 'false'\n"
            ),
        ])
    );
}

#[test]
fn text_that_is_no_yaml() {
    let deep = "[".repeat(1 << 20);
    let wide = format!("rules:\n{}", "- x\n".repeat(20_000));
    let mut told = String::new();
    for (name, text) in [
        ("alias.yaml", "define: &a { x: 'true' }\nrules: *a\n"),
        ("deep.yaml", deep.as_str()),
        ("nested.yaml", &"{a: ".repeat(40)),
        ("wide.yaml", wide.as_str()),
        ("tab.yaml", "rules:\n- name: a\n\twhen: 'true'\n"),
        ("nul.yaml", "rules:\n- name: a\0\n"),
        ("merge.yaml", "rules:\n- <<: { name: a }\n"),
        ("tag.yaml", "rules: !include other.yaml\n"),
        ("two.yaml", "rules: []\n---\nrules: []\n"),
        ("brace.yaml", "rules:\n- name: a\n  summary: {{ party.name }} left\n"),
        ("list.yaml", "- name: a\n"),
    ] {
        let source = source(&[(name, text)]);
        for finding in compile(&source).unwrap_err() {
            writeln!(told, "{finding}").unwrap();
            // One of them is a line of a megabyte, which no terminal is to see.
            assert!(finding.render(&source, false).len() < 1000, "{name}");
        }
    }
    told!("no_yaml", told);
}

#[test]
fn byte_order_mark_and_line_ends_of_other_systems_are_fine() {
    let text =
        "\u{feff}rules:\r\n- name: a\r\n  when: |\r\n    party.status == SPEAKING\r\n    && party.phone == ''\r\n";
    assert_eq!(good(text).set.rules.len(), 1);
    told!(
        "line_ends",
        findings(&[("dos.yaml", &text.replace("party.phone", "party.phnoe"))])
    );
}

#[test]
fn places_in_expressions_are_exact() {
    told!(
        "expressions",
        findings(&[(
            "rules.yaml",
            "rules:\n\
             - name: plain\n  when: billing_code == 33333\n\
             - name: number\n  when: party.billing_code == 33333\n\
             - name: quoted\n  when: 'party.status == PORT_FULL'\n\
             - name: block\n  when: |\n    party.status == DISCONNECTED\n      && party.disconnect_reson == BUSY\n\
             - name: escaped\n  when: \"party.nam \\x3d= 'x'\"\n\
             - name: folded\n  when: >\n    party.status == MUTED &&\n    party.nam == 'x'\n\
             - name: state\n  while: conf.status == RECORDED\n\
             - name: deep\n  when: '((((('\n\
             - name: regex\n  when: party.name.matches('(')\n\
             define:\n  a: b\n  b: a\n"
        )])
    );
}

#[test]
fn durations() {
    let mut told = String::new();
    for written in ["5", "-5s", "5 min", "100000h", "soon", "[1s]"] {
        told += &of_rule(&format!("  while: meeting.live\n  for: {written}\n"));
    }
    told += &of_rule("  when: party.status == MUTED\n  resolve: { after: 0s }\n");
    told!("durations", told);
    good("rules:\n- name: a\n  while: meeting.live\n  for: 0s\n");
}

#[test]
fn conditions() {
    let mut told = String::new();
    for lines in [
        "  when: party.status == MUTED\n  while: meeting.live\n",
        "  severity: info\n",
        "  serverity: info\n  for: 5s\n",
        "  when: party.status == MUTED\n  for: 5s\n",
        "  while: meeting.live\n  count: { at_least: 2, within: 1m }\n",
        "  when: true\n",
        "  when:\n",
        "  while: meeting.live\n  resolve: { after: 5m }\n",
    ] {
        told += &of_rule(lines);
    }
    told!("conditions", told);
}

#[test]
fn counts() {
    let mut told = String::new();
    for lines in [
        "  count: { at_least: 2, within: 1m }\n",
        "  when: party.status == MUTED\n  count: 2\n",
        "  when: party.status == MUTED\n  count: { atleast: 2 }\n",
        "  when: party.status == MUTED\n  count: { at_least: 0, within: 0s }\n",
        "  when: party.status == MUTED\n  count: { at_least: '2', within: 60 }\n",
        "  when: party.status == MUTED\n  count: { at_least: 10001, within: 31d }\n",
        "  when: party.status == MUTED\n  count: { at_least: 2, within: 1m, distinct: { of: conf.status, at_least: 3 } }\n",
        "  when: party.status == MUTED\n  count: { at_least: 2, within: 1m, distinct: { of: phone, atleast: 2 } }\n",
        "  when: party.status == MUTED\n  count: { at_least: 2, within: 1m, distinct: { of: party.billing_code, at_least: 2 } }\n",
        "  when: party.status == MUTED && conf.status == RECORDED\n  count: { at_least: 2, within: 1m }\n",
        "  when: party.status == MUTED\n  count: { at_least: 2, within: 1m }\n  key: [conf.status]\n",
    ] {
        told += &of_rule(lines);
    }
    told!("counts", told);
}

#[test]
fn ratios() {
    let mut told = String::new();
    for lines in [
        "  when: party.status == MUTED\n  ratio: 0.3\n",
        "  when: party.status == MUTED\n  ratio: { at_least: 0 }\n",
        "  when: party.status == MUTED\n  ratio: { of: 'true', at_least: 1.5, within: 0s, min_samples: 0 }\n",
        "  when: party.status == MUTED\n  ratio: { of: 'true', at_least: 30%, within: 5m, min_samples: 5000 }\n",
        "  when: party.status == MUTED\n  ratio: { of: 'true', at_least: 0.0000001, within: 5m, min_samples: 1.5 }\n",
        "  when: party.status == MUTED\n  ratio: { of: party.statsu == MUTED, at_least: '0.5', within: 5m, min_sample: 5 }\n",
        "  when: conf.status == RECORDED\n  ratio: { of: 'true', at_least: 0.5, within: 5m, min_samples: 5 }\n  key: [party.phone]\n",
    ] {
        told += &of_rule(lines);
    }
    told!("ratios", told);
}

#[test]
fn silences() {
    let mut told = String::new();
    for lines in [
        "  quiet: 'true'\n",
        "  quiet: 'true'\n  for: 0s\n  keep_firing_for: 5m\n",
        "  quiet: true\n  for: 5m\n",
        "  quiet: party.status == MUTED\n  for: 5m\n  resolve: { after: 5m }\n",
        "  quiet: party.status == MUTED\n  for: 5m\n  key: [conf.status]\n",
        "  quiet: party.status == MUTED\n  while: meeting.live\n  for: 5m\n",
    ] {
        told += &of_rule(lines);
    }
    told!("silences", told);
}

#[test]
fn expectations() {
    let mut told = String::new();
    for lines in [
        "  after: party.status == MUTED\n",
        "  expect: party.status == MUTED\n  within: 5m\n",
        "  after: party.status == MUTED\n  expect: party.nmae == ''\n  within: 0s\n  unless: conf\n  for: 5m\n",
        "  after: party.status == MUTED\n  expect: conf.status == RECORDED\n  within: 5m\n  key: [party.phone]\n",
        "  after: 'true'\n  expect: conf.status == RECORDED\n  unless: party.status == MUTED\n  within: 5m\n  key: [conf.status]\n",
        "  after: party.status == MUTED\n  expect: party.status == MUTED\n  within: 5m\n",
        "  after: party.status == MUTED\n  expect: 'false'\n  within: 5m\n",
    ] {
        told += &of_rule(lines);
    }
    told!("expectations", told);
}

#[test]
fn sequences() {
    let mut told = String::new();
    for lines in [
        "  sequence: []\n  within: 5m\n",
        "  sequence: [party.status == MUTED]\n  within: 5m\n",
        "  sequence: party.status == MUTED\n  within: 0s\n  expect: 'true'\n",
        "  sequence: [party.statu == MUTED, party.status == MUTE]\n",
        "  sequence: [party.status == MUTED, conf.status == MUTED_ALL]\n  within: 5m\n",
        "  sequence: [party.status == MUTED, conf.status == MUTED_ALL]\n  within: 5m\n  key: [party.phone]\n",
        "  sequence: [party.status == MUTED, party.status == SPEAKING]\n  within: 5m\n  unless: conf.status == MEETING_END\n  key: [party.phone]\n",
        "  sequence: [party.status == MUTED, party.status == SPEAKING]\n  within: 5m\n  unless: party.status == SPEAKING\n",
    ] {
        told += &of_rule(lines);
    }
    let step = "party.status == MUTED";
    told += &of_rule(&format!("  sequence: [{}]\n  within: 5m\n", [step; 17].join(", ")));
    told!("sequences", told);
}

#[test]
fn rules_that_keep_state_by_key_have_to_fit_beside_each_other() {
    let text = "
rules:
- { name: each, when: party.status == MUTED }
- { name: count, when: party.status == MUTED, count: { at_least: 2, within: 1m } }
- { name: off, when: party.status == MUTED, count: { at_least: 3, within: 1m }, enabled: false }
- { name: silent, quiet: 'true', for: 5m }
";
    let set = good(text).set;
    assert_eq!(set.keyed, 2);
    for (keys_per_rule, keys, fits) in [(10, 20, true), (10, 19, false), (1, 2, true), (20, 10, false)] {
        assert_eq!(
            set.misfit(keys_per_rule, keys).is_none(),
            fits,
            "{keys_per_rule} {keys}"
        );
    }
    told!("bounds", rendered(&[set.misfit(10, 19).unwrap()], &set.source));
}

#[test]
fn keys() {
    let mut told = String::new();
    for lines in [
        "  when: party.status == MUTED\n  key: [conf.status]\n",
        "  when: 'true'\n  key: [conf.status, party.name]\n",
        "  when: party.status == MUTED\n  key: [party.billing_code, conf.billing_code]\n",
        "  when: party.status == MUTED\n  key: [party_id]\n",
        "  when: party.status == MUTED\n  key: [meeting.present, party.nmae]\n",
        "  when: party.status == MUTED\n  key: party.phone\n",
        "  while: party.status == MUTED\n  key: [party.billing_code]\n",
        "  while: meeting.live\n  key: [party.phone]\n",
        "  when: party.status == MUTED\n  key: [party.phone]\n  resolve: { when: conf.status == MEETING_END }\n",
    ] {
        told += &of_rule(lines);
    }
    told!("keys", told);
}

#[test]
fn other_values() {
    let mut told = String::new();
    for lines in [
        "  when: 'true'\n  severity: urgent\n",
        "  when: 'true'\n  labels: { team: 7, on-call: x }\n",
        "  when: 'true'\n  enabled: maybe\n",
        "  when: 'true'\n  runbook: see the wiki\n",
    ] {
        told += &of_rule(lines);
    }
    told += &findings(&[(
        "rules.yaml",
        "rules:\n- name: PortFull 2\n  when: 'true'\n- when: 'true'\n- no rule\n",
    )]);
    told!("values", told);
}

#[test]
fn texts() {
    let mut told = String::new();
    for text in [
        "'{{ party.name'",
        "'{{ party.nmae }} was refused'",
        "'{{ partyy.name }}'",
        "'{{ billing_code }} {{ party_id }}'",
        "'{{ party.name|uper }}'",
        "'{{ labels.team }}'",
        "'{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}'",
        "'called from {{ party.phone }}'",
    ] {
        told += &of_rule(&format!("  when: 'true'\n  summary: {text}\n"));
    }
    told!("texts", told);
}

#[test]
fn receivers_and_routes() {
    told!(
        "delivery",
        findings(&[(
            "rules.yaml",
            r#"
rules:
- { name: a, when: party.status == MUTED, severity: critical }
- { name: b, when: party.status == SPEAKING }
receivers:
- name: ops
  email: { to: ["a@x\r\nBcc: b@y", a@@b, "NOC <noc@example.com>", "{{ party.name }}@example.com"], personal_data: open }
- name: nobody
  email: { to: [] }
- name: unused
  email: { to: [a@example.com, A@example.com] }
- name: mailless
route:
  routes:
  - { match: severity == CRITICAL, receiver: opps }
  - { match: severity == CRITICL, receiver: ops }
"#
        )])
    );
}

#[test]
fn warnings() {
    let text = r#"
define:
  refused: party.disconnect_reason == BUSY
  unused: party.status == MUTED
rules:
- { name: never, when: party.status == MUTED && party.status == SPEAKING }
- { name: one, when: refused }
- { name: two, when: party.disconnect_reason==BUSY, severity: critical }
- { name: off, when: party.status == DIALING, enabled: false }
- { name: ends-never, when: party.status == MUTED, resolve: { when: 'false' } }
- { name: contradicts, when: party.country == '86' && party.country == '1' }
- { name: shadow, when: party.status == MUTED, labels: { billing_code: x }, severity: critical }
receivers:
- { name: ops, email: { to: [noc@example.com] } }
- { name: idle, email: { to: [idle@example.com] } }
route:
  routes:
  - { match: severity == CRITICAL, receiver: ops }
"#;
    told!("warnings", findings(&[("rules.yaml", text)]));
    good(text);
}

#[test]
fn tests_of_rules() {
    told!(
        "tests",
        findings(&[(
            "rules.yaml",
            r#"
rules:
- { name: port-full, when: 'true' }
tests:
- name: mistakes
  rules: [port-ful]
  given:
  - 10s: conf {billingCode = '1', status = '1'}
  - 5s: restart
  - 11s: reload other.yaml
  - 12s: { conf: { billing_code: 33333, status: MEETING_STRAT } }
  - 13s: { party: { billing_code: '1', status: 7 } }
  - restart
  - 14s: { silence: { for: 5m } }
  expect:
  - 1s: acked port-full{}
  - 2s: fired port-full
  - 3s: fired portfull{billing_code="1"}
  until: 5
  start: Monday
"#
        )])
    );
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let told = findings(&[
        ("a.yaml", "rules:\n\t- name: a\n"),
        (
            "b.yaml",
            "rules:\n- { name: b, when: party.statu == MUTED, severity: bad }\nroute: { receiver: perhaps-in-a }\n",
        ),
        ("c.yaml", "rules:\n- { name: c, when: 'true', key: [x] }\n"),
    ]);
    told!("all_at_once", told);
}

#[test]
fn bounds_what_one_run_costs() {
    let codes = |from: i32| {
        (from..from + 17)
            .map(|code| code.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let rule = |name, from| format!("- {{ name: {name}, when: 'party.status in [{}]' }}\n", codes(from));
    let set = |second| format!("rules:\n{}{}", rule("a", 1000), rule("b", second));
    assert_eq!(good(&set(1010)).set.rules.len(), 2);
    let told = findings(&[("rules.yaml", &set(2000))]);
    assert!(told.contains("more than 32 different codes of one kind"), "{told}");

    let many: String = (0..1500).map(|i| format!("k{i}: 0\n")).collect();
    let findings = compile(&source(&[("rules.yaml", &many)])).unwrap_err();
    assert_eq!(findings.len(), 1000);
    assert_eq!(
        findings[999].advice.as_deref(),
        Some("there are 500 more findings, which are left out")
    );
}

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
